//! Recorded trees of other machines, read through a root handle.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use befund_collect::child::{ChildMessage, run_collect};
use befund_collect::{Limits, Plan, Root, collect, expected};
use befund_model::snapshot::{PrivacyClass, Section, SectionKind, Status};
use befund_runtime::frame;

#[path = "support/layout.rs"]
mod layout;

use layout::{collected, everything, laid_out};

#[test]
fn a_laptop_with_battery_and_wifi() {
    let told = everything(include_str!("trees/laptop.tree"));
    for secret in ["hunter2", "Tr0ub4dor", "9f8e7d6c5b4a"] {
        assert!(!told.contains(secret), "{secret} is hidden everywhere");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_server_with_raid() {
    insta::assert_snapshot!(everything(include_str!("trees/server.tree")));
}

#[test]
fn a_machine_with_damaged_smbios_and_other_damage() {
    insta::assert_snapshot!(everything(include_str!("trees/damaged.tree")));
}

#[test]
fn a_virtual_machine() {
    insta::assert_snapshot!(everything(include_str!("trees/virtual.tree")));
}

#[test]
fn an_arm_board_whose_firmware_names_nothing() {
    insta::assert_snapshot!(everything(include_str!("trees/board.tree")));
}

#[test]
fn a_laptop_by_dell_without_firmware_for_its_wifi() {
    insta::assert_snapshot!(everything(include_str!("trees/latitude.tree")));
}

#[test]
fn a_laptop_by_hp_whose_camera_is_barred() {
    insta::assert_snapshot!(everything(include_str!("trees/elitebook.tree")));
}

#[test]
fn a_desktop_with_two_monitors_and_a_broken_queue() {
    insta::assert_snapshot!(everything(include_str!("trees/optiplex.tree")));
}

#[test]
fn a_raspberry_pi() {
    insta::assert_snapshot!(everything(include_str!("trees/raspberry.tree")));
}

#[test]
fn a_large_server_of_old() {
    insta::assert_snapshot!(everything(include_str!("trees/r910.tree")));
}

#[test]
fn a_machine_under_vmware() {
    insta::assert_snapshot!(everything(include_str!("trees/vmware.tree")));
}

#[test]
fn a_machine_under_hyper_v() {
    insta::assert_snapshot!(everything(include_str!("trees/hyperv.tree")));
}

#[test]
fn a_machine_under_virtualbox() {
    insta::assert_snapshot!(everything(include_str!("trees/virtualbox.tree")));
}

#[test]
fn a_machine_under_qemu_with_encrypted_volumes() {
    insta::assert_snapshot!(everything(include_str!("trees/q35.tree")));
}

#[test]
fn an_empty_tree_gives_a_reason_for_every_section() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for section in collected(folder.path(), &Plan::all(PrivacyClass::Consent)) {
        let line = &section.line;
        assert!(line.status == Status::Ok || !line.reason.is_empty(), "{} has a reason", line.kind);
        assert_eq!(line.size, section.bytes.len() as u64);
    }
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let folder = laid_out(include_str!("trees/laptop.tree"));
    let plan = Plan::all(PrivacyClass::Consent);
    let bytes = |sections: Vec<Section>| -> Vec<Vec<u8>> {
        sections.into_iter().map(|section| section.bytes).collect()
    };
    assert_eq!(bytes(collected(folder.path(), &plan)), bytes(collected(folder.path(), &plan)));
}

#[test]
fn links_do_not_lead_out_of_the_tree() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    fs::write(outside.path().join("secret"), "mine").expect("written");
    let folder = tempfile::tempdir().expect("a temporary folder");
    symlink(outside.path().join("secret"), folder.path().join("absolute")).expect("linked");
    symlink("../../../../../../../../etc/passwd", folder.path().join("relative")).expect("linked");
    let root = Root::at(folder.path()).expect("the tree");
    assert!(root.read("/absolute").is_err());
    assert!(root.read("/relative").is_err());
    assert!(root.read("/../../etc/passwd").is_err());
}

#[test]
fn what_is_too_large_is_not_read_and_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("large"), vec![b'x'; 100]).expect("written");
    let root = Root::at(folder.path()).expect("the tree");
    assert_eq!(root.read_capped("/large", 100).expect("readable").len(), 100);
    let unread = root.read_capped("/large", 99).expect_err("too large");
    assert_eq!(unread.status(), Status::Failed);
    assert!(unread.told().contains("larger than the 99 bytes"), "{}", unread.told());
    assert_eq!(root.tail("/large", 7).expect("readable"), b"xxxxxxx");
}

/// Opening a pipe that nobody writes to blocks, as reading from a dying disk does.
#[test]
fn a_collector_that_hangs_times_out_and_holds_up_nobody() {
    let folder = laid_out(include_str!("trees/laptop.tree"));
    let pipe = folder.path().join("proc/meminfo");
    fs::remove_file(&pipe).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let deadline = Duration::from_millis(300);
    let limits = Limits::NONE;
    let plan = Plan { deadline, limits, ..Plan::all(PrivacyClass::Scheduled) };

    let root = Root::at(folder.path()).expect("the tree");
    let mut order = Vec::new();
    collect(&root, &plan, |section| order.push(section));

    let late: Vec<&Section> =
        order.iter().filter(|section| section.line.status == Status::Timeout).collect();
    let kinds: Vec<&str> = late.iter().map(|section| section.line.kind.as_str()).collect();
    assert_eq!(kinds, ["memory", "memory.usage"]);
    assert_eq!(late[0].line.reason, "nothing came within 300 ms; last busy with /proc/meminfo");
    assert_eq!(late[0].bytes, b"null");
    let last_two = &order[order.len() - 2..];
    assert!(
        last_two.iter().all(|section| section.line.status == Status::Timeout),
        "the others came first"
    );
    assert_eq!(order.len(), expected(&plan).len());
}

#[test]
fn whoever_costs_too_much_is_cut_short_and_says_so() {
    let folder = laid_out(include_str!("trees/laptop.tree"));
    let root = Root::at(folder.path()).expect("the tree");
    let generous = Limits::NONE;
    for (limits, of) in [
        (Limits { cpu: Duration::ZERO, ..generous }, "processor time"),
        (Limits { memory_bytes: 1, ..generous }, "memory"),
    ] {
        let plan = Plan { limits, ..Plan::all(PrivacyClass::Scheduled) };
        let mut sections = Vec::new();
        collect(&root, &plan, |section| sections.push(section));
        assert_eq!(sections.len(), expected(&plan).len(), "every section comes");
        let cut = sections.iter().filter(|section| section.line.status == Status::Timeout);
        let reasons: Vec<&str> = cut.map(|section| section.line.reason.as_str()).collect();
        assert!(reasons.iter().any(|reason| reason.starts_with("not begun: the agent ")));
        assert!(reasons.iter().all(|reason| reason.contains(of)), "{reasons:?}");
    }
}

#[test]
fn the_child_writes_a_frame_for_each_section_and_says_when_it_is_done() {
    let folder = laid_out(include_str!("trees/server.tree"));
    let root = Root::at(folder.path()).expect("the tree");
    let only = vec![SectionKind::known("cpu"), SectionKind::known("disks")];
    let plan = Plan { only: Some(only), ..Plan::all(PrivacyClass::Scheduled) };
    let mut pipe = Vec::new();

    run_collect(&root, &plan, &mut pipe).expect("written");

    let mut from = pipe.as_slice();
    let mut kinds = Vec::new();
    let done = loop {
        let frame = frame::read::<ChildMessage>(&mut from).expect("readable").expect("a frame");
        match frame.header {
            ChildMessage::Section(line) => {
                assert_eq!(line.hash, befund_model::id::Hash::of(&frame.blob));
                kinds.push(line.kind.to_string());
            }
            ChildMessage::Done { sections, .. } => break sections,
        }
    };
    kinds.sort();
    assert_eq!((done, kinds), (2, vec!["cpu".to_owned(), "disks".to_owned()]));
    assert!(from.is_empty());
}

#[test]
fn a_plan_takes_no_more_than_its_class() {
    let classes = |up_to| -> Vec<PrivacyClass> {
        let mut classes: Vec<_> =
            expected(&Plan::all(up_to)).into_iter().map(|(_, class, _)| class).collect();
        classes.sort();
        classes.dedup();
        classes
    };
    assert_eq!(classes(PrivacyClass::Scheduled), [PrivacyClass::Scheduled]);
    assert_eq!(
        classes(PrivacyClass::OnRequest),
        [PrivacyClass::Scheduled, PrivacyClass::OnRequest]
    );
}
