//! A job is cancelled in the middle, and what it had measured by then is kept.

use befund_tests::catalogue::LOOK;
use befund_tests::process::eventually;
use befund_tests::{Books, TestAgent, TestController, TestSigners};

#[test]
fn a_job_that_is_cancelled_in_the_middle_keeps_what_it_measured() {
    let controller = TestController::start();
    let (agent, mute) = TestAgent::with_a_mute_page(&controller);
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let job = operator.json(&["run", LOOK, "--on", &agent.id(), "--detach"]);
    let job = job["id"].as_str().unwrap();

    let mut taken = None;
    eventually("the job to ask the one that never answers", || {
        taken = mute.accept().ok();
        taken.is_some()
    });
    let _ = operator.says(&["job", "cancel", job]);
    let watched = operator.run(&["job", "watch", job]);
    assert_eq!(watched.status.code(), Some(7), "a cancelled job did not end well");

    let shown = operator.json(&["job", "show", job]);
    assert_eq!(shown["state"], "cancelled", "it ended before it was cancelled: {shown}");
    assert_eq!(shown["outcome"]["status"], "partial", "{shown}");
    assert_eq!(shown["outcome"]["reason"], "cancelled by the help desk", "{shown}");
    let facts = &shown["outcome"]["result"]["facts"];
    for step in ["link", "addr"] {
        assert_eq!(facts[step]["status"], "ok", "what was measured before is kept: {shown}");
    }
}
