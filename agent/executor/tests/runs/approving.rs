//! Who lets a fix be done, and who does not: signatures, policies, catalogues.

use befund_model::job::{JobState, RunbookOrder, Said};
use befund_model::runbook::{AttemptEnd, Mode};
use befund_trust::signature::Namespace;

use crate::bench::{Bench, UNATTENDED, machine, result, root_of};
use crate::book::{files, link};
use crate::organisation::sign;

async fn bench(policy: &str) -> Bench {
    let folder = machine(policy);
    let files = files(&root_of(folder.path()), link(""), "");
    Bench::inside(folder, &files, |_| {}).await
}

#[tokio::test]
async fn a_wrong_signature_is_told_and_the_right_one_still_waited_for() {
    let bench = bench(UNATTENDED).await;
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    let (fix, statement) = run.statement().await;
    let bytes = statement.as_bytes();
    let other = statement.replace("test.link", "test.other");
    for signatures in [
        sign(9, Namespace::Approval, bytes),
        sign(1, Namespace::Catalogue, bytes),
        sign(1, Namespace::Approval, other.as_bytes()),
        Vec::new(),
    ] {
        run.say(Said::Approval { fix: fix.clone(), signatures }).await;
        run.output("an approval was not taken").await;
    }
    assert_eq!(bench.card("arguments"), None, "nothing was run");

    let signatures = sign(1, Namespace::Approval, bytes);
    run.say(Said::Approval { fix, signatures }).await;
    let outcome = run.outcome().await;

    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    bench.stop().await;
}

#[tokio::test]
async fn what_nobody_will_sign_is_not_done() {
    let bench = bench(UNATTENDED).await;
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    let (fix, _) = run.statement().await;
    run.say(Said::NotApproved { fix, by: "tina".to_owned() }).await;
    let outcome = run.outcome().await;

    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::NotApproved, "{result:#?}");
    assert_eq!(result.attempts[0].reason, "tina did not approve it");
    assert_eq!(result.escalate_to.as_deref(), Some("L2"));
    assert_eq!(bench.card("arguments"), None);
    bench.stop().await;
}

#[tokio::test]
async fn a_job_that_nobody_signs_ends_with_its_time() {
    let bench = bench(UNATTENDED).await;
    let mut order = bench.order(Mode::Run);
    order.within_ms = 1_500;
    let outcome = bench.run(&order).await.outcome().await;

    let result = result(&outcome);
    let reason = &result.attempts[0].reason;
    assert!(reason.contains("before the job's deadline"), "{result:#?}");
    assert_eq!(bench.card("arguments"), None);
    bench.stop().await;
}

#[tokio::test]
async fn a_policy_forbids_runbooks_scripts_risks_and_what_nobody_is_there_for() {
    for (policy, reason) in [
        ("[runbooks]\nunattended = \"change\"\nscripts = false\n", "allows no scripts"),
        ("[runbooks]\nunattended = \"change\"\nrisk = \"read\"\n", "allows nothing that is change"),
        ("", "nobody is signed in"),
    ] {
        let bench = bench(policy).await;
        let outcome = bench.run(&bench.order(Mode::Run)).await.outcome().await;
        let result = result(&outcome);
        assert_eq!(result.attempts[0].end, AttemptEnd::Refused, "{result:#?}");
        assert!(result.attempts[0].reason.contains(reason), "{result:#?}");
        assert_eq!(bench.card("arguments"), None);
        bench.stop().await;
    }
    let bench = bench("[runbooks]\ndeny = [\"test.*\"]\n").await;
    let outcome = bench.run(&bench.order(Mode::Run)).await.outcome().await;
    assert_eq!(outcome.state, JobState::Refused);
    assert!(outcome.reason.starts_with("refused by the policy: "), "{}", outcome.reason);
    bench.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_catalogue_that_is_kept_is_refused() {
    let bench = bench(UNATTENDED).await;
    let good = bench.order(Mode::Run);
    let mut catalogue = good.clone();
    catalogue.runbook = Some(RunbookOrder { mode: Mode::Run, catalogue: "0".repeat(64) });
    let mut unknown = good.clone();
    unknown.work = befund_model::job::Work::Runbook("test.none".to_owned());
    let mut inputs = good.clone();
    inputs.parameters = serde_json::json!({"path": "/etc/shadow"});
    let mut other = good.clone();
    other.agent = befund_model::id::AgentId::new(
        befund_model::Timestamp::UNIX_EPOCH,
        befund_runtime::clock::random(),
    );
    for (order, reason) in [
        (catalogue, "refused by the signature: the order is for another catalogue"),
        (unknown, "refused by the signature: the catalogue has no runbook test.none"),
        (inputs, "has no input \"path\""),
        (other, "refused by the machine: the order is for agent"),
    ] {
        let outcome = bench.run(&order).await.outcome().await;
        assert_eq!(outcome.state, JobState::Refused);
        assert!(outcome.reason.contains(reason), "{}", outcome.reason);
    }
    assert!(bench.client.unreported().await.expect("an executor").is_empty());
    bench.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let bench = bench(UNATTENDED).await;
    let outcome = bench.run(&bench.order(Mode::Dry)).await.outcome().await;

    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::Predicted, "{result:#?}");
    let prediction = result.attempts[0].prediction.as_ref().expect("it was predicted");
    assert!(prediction.lines[0].starts_with("cannot predict"), "{prediction:?}");
    assert_eq!(bench.card("arguments"), None);
    assert_eq!(bench.card("operstate").as_deref(), Some("down"));
    bench.stop().await;
}
