//! A mount whose server has stopped answering, as a dead file server leaves behind: the snapshot comes all
//! the same, in time, and names it.

use befund_tests::agent::ticket_in;
use befund_tests::process::under_mounts;
use befund_tests::{TestAgent, TestController};

/// Mounts a folder by a program, stops that program, and goes on as the command behind it, with whose end
/// the program ends too.
const MOUNT: &str = r#"
folder=$0 mount=$1
shift
setpriv --pdeathsig KILL bindfs -f "$folder" "$mount" &
until mountpoint -q "$mount"; do kill -0 $! || exit 1; done
kill -STOP $!
exec "$@"
"#;

#[test]
fn a_snapshot_comes_and_names_the_mount_that_does_not_answer() {
    let controller = TestController::start();
    let mut agent = TestAgent::new();
    agent.enroll(&controller.token(&[]));
    let (folder, mount) = (agent.folder().join("share"), agent.folder().join("mounted"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir(&mount).unwrap();
    let places = [folder.as_ref(), mount.as_ref()];
    agent.start_link_as(&[], |command| under_mounts(MOUNT, &places, &command));
    agent.wait_until_connected();

    let ticket = ticket_in(&agent.send("the share hangs"));

    let operator = controller.admin();
    let shown = operator.json(&["ticket", "show", &ticket]);
    let events = shown["timeline"].as_array().unwrap();
    let snapshot = events.iter().find_map(|entry| entry["event"]["snapshot"].as_str()).unwrap();
    let record = operator.json(&["snapshot", "show", snapshot]);
    let lines = record["manifest"]["sections"].as_array().unwrap();
    let usage = lines.iter().find(|line| line["kind"] == "filesystems.usage").unwrap();
    assert_eq!(usage["status"], "partial", "{usage}");
    let reason = usage["reason"].as_str().unwrap();
    assert!(reason.contains(mount.to_str().unwrap()), "{reason}");
    assert!(reason.contains("does not answer"), "{reason}");
    // Nobody but whoever asked it waits for the mount; how long the others take is the machine's affair.
    for line in lines.iter().filter(|line| line["status"] == "timeout") {
        let reason = line["reason"].as_str().unwrap();
        assert!(!reason.contains(mount.to_str().unwrap()), "{line}");
    }
    let arguments = ["snapshot", "show", snapshot, "--section", "filesystems.usage"];
    let content = operator.json(&arguments)["content"].clone();
    let points = content["filesystems"].as_array().unwrap().iter();
    assert!(points.clone().any(|one| one["mount_point"] == "/"), "the others are told: {content}");
}
