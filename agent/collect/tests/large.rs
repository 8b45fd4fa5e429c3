//! A machine with a hundred thousand of everything: what is told is bounded, says so, and does not take
//! the memory or the time of a hundred thousand.

#[path = "support/layout.rs"]
#[expect(dead_code, reason = "each story uses a part of it")]
mod layout;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use befund_collect::{Limits, Plan};
use befund_model::snapshot::{MAX_SECTION_BYTES, PrivacyClass, Section, SectionKind, Status};
use layout::collected;
use serde_json::Value;
use tempfile::TempDir;

const MANY: usize = 100_000;

/// A folder that costs no disk, where there is one: what is made here has 200,000 files.
fn in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

fn section(folder: &Path, kind: &'static str) -> (Section, Value) {
    let only = Some(vec![SectionKind::known(kind)]);
    let plan = Plan { only, limits: Limits::NONE, ..Plan::all(PrivacyClass::Consent) };
    let section = collected(folder, &plan).pop().expect("it comes");
    let content = serde_json::from_slice(&section.bytes).expect("JSON");
    assert!(section.line.size < MAX_SECTION_BYTES, "{} bytes", section.line.size);
    (section, content)
}

#[test]
fn a_hundred_thousand_packages_are_told() {
    let folder = in_memory();
    let database = folder.path().join("var/lib/dpkg");
    fs::create_dir_all(&database).expect("made");
    let mut status = String::new();
    for number in 0..MANY {
        write!(
            status,
            "Package: package-{number:06}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.{number}\n\n"
        )
        .expect("a string");
    }
    fs::write(database.join("status"), status).expect("written");

    let (line, content) = section(folder.path(), "packages");

    assert_eq!(line.line.status, Status::Ok, "{}", line.line.reason);
    let packages = content["packages"].as_array().expect("a list");
    assert_eq!(packages.len(), MANY);
    assert_eq!(packages[MANY - 1]["version"], format!("1.{}", MANY - 1));
}

#[test]
fn of_a_hundred_thousand_processes_some_are_told_and_the_rest_is_named() {
    let folder = in_memory();
    let proc = folder.path().join("proc");
    fs::create_dir(&proc).expect("made");
    fs::write(proc.join("stat"), "cpu  1 0 1 9 0 0 0 0 0 0\nbtime 1714554000\n").expect("written");
    for number in 1..=MANY {
        let own = proc.join(number.to_string());
        fs::create_dir(&own).expect("made");
        // Every hundredth has vanished between the list and the look.
        if !number.is_multiple_of(100) {
            let stat = format!(
                "{number} (worker {number}) S 1 1 1 0 -1 4194304 0 0 0 0 7 5 0 0 20 0 1 0 99 0 250 0\n"
            );
            fs::write(own.join("stat"), stat).expect("written");
        }
    }

    let (line, content) = section(folder.path(), "processes");

    let told = content["processes"].as_array().expect("a list");
    assert_eq!(line.line.status, Status::Partial, "{}", line.line.reason);
    assert!(!told.is_empty() && told.len() < MANY / 10, "{} are told", told.len());
    assert!(line.line.reason.contains("processes"), "{}", line.line.reason);
}
