//! What happens when a disk is full, the machine's or the database's: nothing is said to be kept that
//! is not, and all of it works again once there is room.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use befund_tests::agent::ticket_in;
use befund_tests::postgres::SmallPostgres;
use befund_tests::process::eventually;
use befund_tests::{SmallDisk, TestAgent, TestController};

/// The exit code of `send` when the request is kept on the machine.
const KEPT: i32 = 3;

/// Makes a controller hear of its machines every five seconds.
fn often(controller: &TestController) {
    let path = controller.data().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let often = text.replace("heartbeat_seconds = 30", "heartbeat_seconds = 5");
    assert_ne!(often, text);
    std::fs::write(&path, often).unwrap();
}

#[test]
fn a_machine_whose_disk_is_full_says_so_and_keeps_no_half_of_anything() {
    let mut controller = TestController::initialised(None);
    often(&controller);
    controller.serve();
    let mut agent = TestAgent::new();
    agent.enroll(&controller.token(&[]));
    let disk = SmallDisk::at(&agent.state().join("spool"), 16 << 20);
    agent.start_link_as(&[], |command| disk.under(&command));
    agent.wait_until_connected();
    let link = agent.process().pid();
    let operator = controller.admin();
    let snapshots = || disk.names(link, "snapshots");
    eventually("the first snapshot to be delivered", || snapshots().is_empty());

    disk.fill(link);
    let sent = agent.send("my disk is full");
    let said = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert_eq!(sent.status.code(), Some(1), "{said}");
    assert!(said.contains("spool") && said.contains("disk not full"), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(snapshots().is_empty(), "something half-written is left: {:?}", snapshots());
    let job = operator.json(&["run", "disk.space", "--on", &agent.id(), "--detach"]);
    let job = job["id"].as_str().unwrap().to_owned();
    let state = || operator.json(&["job", "show", &job])["state"].as_str().unwrap().to_owned();
    assert!(agent.process().is_running());

    disk.make_room(link);
    let ticket = ticket_in(&agent.send("there is room again"));
    let shown = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(shown["ticket"]["subject"], "there is room again");
    eventually("the job to be done", || state() == "done");
    assert_eq!(operator.json(&["ticket", "list"])["items"].as_array().unwrap().len(), 1);
    eventually("all to be delivered", || {
        snapshots().is_empty() && disk.names(link, "jobs").is_empty()
    });
}

#[test]
fn a_database_whose_disk_is_full_takes_nothing_and_recovers() {
    let postgres = SmallPostgres::start(256 << 20).unwrap();
    let mut controller = TestController::start_on(Some(&postgres.database().url()));
    let mut agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let before = ticket_in(&agent.send("before"));

    postgres.fill();
    // The server's own reserves take a few more writes; then nothing is taken any more.
    let mut kept = Vec::new();
    let mut acknowledged = vec![(before, "before".to_owned())];
    eventually("the database to refuse", || {
        let subject = format!("message {}", acknowledged.len() + kept.len());
        let sent = agent.send(&subject);
        match sent.status.code() {
            Some(0) => acknowledged.push((ticket_in(&sent), subject)),
            Some(KEPT) => kept.push(subject),
            _ => panic!("{}", String::from_utf8_lossy(&sent.stderr)),
        }
        !kept.is_empty()
    });
    assert!(agent.process().is_running() && controller.process().is_running());

    postgres.make_room();
    let tickets = || {
        let listed = operator.run(&["ticket", "list", "--json"]);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    eventually("what was kept to arrive", || kept.iter().all(|one| tickets().contains(one)));
    for (number, subject) in &acknowledged {
        let shown = operator.json(&["ticket", "show", number]);
        assert_eq!(shown["ticket"]["subject"], subject.as_str(), "it was acknowledged");
    }
    for subject in acknowledged.iter().map(|(_, subject)| subject).chain(&kept) {
        let times = tickets().iter().filter(|one| *one == subject).count();
        assert_eq!(times, 1, "{subject}");
    }
}
