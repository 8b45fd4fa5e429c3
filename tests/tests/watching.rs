//! Between its snapshots, an agent hears of what changes on the machine, and looks soon after.

use std::fs;
use std::io::Write as _;

use befund_tests::process::{eventually, under_mounts};
use befund_tests::{TestAgent, TestController};

/// Gives the command behind it an `/etc` of its own.
const OWN_ETC: &str = r#"cp -a /etc/. "$0" && mount --bind "$0" /etc && exec "$@""#;

#[test]
fn what_changes_between_two_snapshots_is_soon_seen() {
    let controller = TestController::start();
    let mut agent = TestAgent::new();
    agent.enroll(&controller.token(&[]));
    let schedule = "[schedule]\nhours = 24\nsettle_seconds = 0\npause_minutes = 0\n";
    fs::write(agent.folder().join("agent.toml"), schedule).unwrap();
    let etc = agent.folder().join("etc");
    fs::create_dir(&etc).unwrap();
    let own = etc.clone();
    agent.start_link_as(&[], |command| under_mounts(OWN_ETC, &[own.as_ref()], &command));
    agent.wait_until_connected();
    let machine = agent.id();
    let operator = controller.admin();
    let snapshots = || {
        let list = operator.json(&["snapshot", "list", &machine]);
        list["items"].as_array().unwrap().len()
    };
    eventually("the first snapshot", || snapshots() > 0);

    let mut hosts = fs::OpenOptions::new().append(true).open(etc.join("hosts")).unwrap();
    writeln!(hosts, "192.0.2.66 intranet.example").unwrap();
    drop(hosts);

    eventually("the change to be seen", || {
        let history = operator.json(&["machine", "history", &machine]);
        history["items"].as_array().unwrap().iter().any(|entry| {
            let changes = entry["changes"].as_array().unwrap().iter();
            changes.clone().any(|one| {
                one["section"] == "network.dns"
                    && one["class"] == "added"
                    && one["path"].as_str().unwrap().contains("intranet.example")
            })
        })
    });
}
