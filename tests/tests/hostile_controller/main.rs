//! A controller in an attacker's hands, against real agents and executors: whatever it says, nothing is run that nobody
//! approved, and the machine says why. `docs/hostile-controller.md` has the attacks; it is held against this table.
//!
//! Before the attacks and after them the same machines do what is honestly signed: a stage on which nothing works proves
//! nothing. `BEFUND_WRITE=1 cargo test -p befund-tests --test hostile_controller page` writes the page anew.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod approvals;
mod catalogues;
mod clocks;
mod files;
mod links;
mod orders;
mod people;
mod roots;
mod unpinned;

use std::path::Path;

use befund_tests::adversary::attack::{Group, page};
use befund_tests::adversary::{Report, Scene};

/// How many there are at least.
const AT_LEAST: usize = 100;

/// All of them, in the order in which they are mounted.
const GROUPS: &[&Group] = &[
    &catalogues::SIGNED,
    &catalogues::SENT,
    &roots::ROOTS,
    &orders::ORDERS,
    &approvals::CHANGE,
    &approvals::DISRUPTIVE,
    &people::CONSENT,
    &links::LINK_GROUP,
    &files::FILES,
    &clocks::CLOCKS,
    &unpinned::UNPINNED,
];

#[test]
fn nothing_is_run_that_nobody_approved() {
    if !rustix::process::getuid().is_root() {
        // Only root can give the link an account of its own.
        return;
    }
    let mut scene = Scene::set();
    scene.control(&scene.main);
    scene.control(&scene.other);
    let mut report = Report::default();
    for group in GROUPS {
        report.go_through(&mut scene, group);
        if group.title == links::LINK_GROUP.title {
            // The very run on which all those signatures were tried.
            scene.let_go();
        }
    }
    scene.control(&scene.main);
    scene.control(&scene.other);
    assert!(
        report.failures.is_empty(),
        "{} of {} attacks:\n{}\n{}",
        report.failures.len(),
        report.mounted,
        report.failures.join("\n"),
        scene.main.log(),
    );
    assert!(report.mounted >= AT_LEAST, "{}", report.mounted);
}

#[test]
fn the_page_has_every_attack() {
    const FROM: &str = "<!-- attacks -->\n\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hostile-controller.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, tables) = text.split_once(FROM).unwrap();
    let wanted = page(GROUPS);
    if std::env::var_os("BEFUND_WRITE").is_some() {
        return std::fs::write(&path, format!("{head}{FROM}{wanted}")).unwrap();
    }
    assert_eq!(tables, wanted, "docs/hostile-controller.md is of other attacks");
    let count: usize = GROUPS.iter().map(|group| group.attacks.len()).sum();
    for (name, text) in [
        ("docs/hostile-controller.md", head),
        ("README.md", &std::fs::read_to_string(path.with_file_name("../README.md")).unwrap()),
    ] {
        assert!(text.contains(&format!("{count} attacks")), "{name} does not say {count} attacks");
    }
}

#[test]
fn no_attack_is_there_twice() {
    let all = GROUPS.iter().flat_map(|group| group.attacks);
    let names: std::collections::BTreeSet<&str> = all.clone().map(|attack| attack.tries).collect();
    assert_eq!(names.len(), all.count());
}
