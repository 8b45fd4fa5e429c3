//! Room made on disks: what is old goes, what is not, and what links lead to, stays.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use befund_act::{SystemClock, WallClock};
use befund_model::snapshot::Status;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::common::{Made, skipped};

/// A clock some days on: a file's last change cannot be set back.
#[derive(Debug)]
struct Later(i64);

impl WallClock for Later {
    fn now(&self) -> Timestamp {
        SystemClock.now().checked_add(SignedDuration::from_hours(24 * self.0)).expect("a time")
    }

    fn set(&self, _: Timestamp) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

/// Sets when a file was last written into the time of [`Later`].
fn fresh(path: &Path, days: u64) {
    let at = SystemTime::from(SystemClock.now()) + Duration::from_secs(days * 86_400);
    fs::File::options().write(true).open(path).expect("a file").set_modified(at).expect("a time");
}

#[test]
fn old_temporary_files_go_and_nothing_else_does() {
    let made = Made::new().with_clock(Later(20));
    let outside = made.folder.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("precious"), "x").expect("a file");
    made.write("/tmp/old", vec![1; 100_000])
        .write("/tmp/folder/deep/old", "x")
        .write("/var/tmp/old", "x")
        .write("/tmp/.X11-unix/X0", "x")
        .write("/tmp/.X0-lock", "1")
        .write("/tmp/systemd-private-1-cups/tmp/x", "x")
        .write("/etc/passwd", "root:x:0:0::/:\n")
        .write("/tmp/new", "x");
    fresh(&made.path("/tmp/new"), 15);
    symlink(&outside, made.path("/tmp/leads-out")).expect("a link");
    symlink("../../outside/precious", made.path("/tmp/to-file")).expect("a link");

    let told = made.predict("disk.clean_temp", &Value::Null);
    assert!(told.lines[0].starts_with("remove 5 temporary files, which frees "), "{told:?}");
    made.lives("disk.clean_temp", &Value::Null);

    let left: Vec<String> = fs::read_dir(made.path("/tmp"))
        .expect("a folder")
        .map(|entry| entry.expect("a name").file_name().into_string().expect("text"))
        .collect();
    let mut left: Vec<&str> = left.iter().map(String::as_str).collect();
    left.sort_unstable();
    // A folder that was emptied is new; the next time it goes.
    assert_eq!(left, [".X0-lock", ".X11-unix", "new", "systemd-private-1-cups"]);
    assert!(outside.join("precious").exists());
    assert!(made.path("/etc/passwd").exists());
}

#[test]
fn a_folder_that_is_a_link_is_not_gone_into() {
    let made = Made::new().with_clock(Later(20));
    made.write("/etc/precious", "x");
    symlink("etc", made.path("/tmp")).expect("a link");
    symlink("/etc", made.path("/var")).expect("a link");
    let told = made.perform("disk.clean_temp", &Value::Null);
    assert!(made.path("/etc/precious").exists(), "{told:?}");
}

#[test]
fn files_that_are_not_as_old_as_that_stay() {
    let made = Made::new().with_clock(Later(20));
    made.write("/tmp/old", "x");
    let told = made.predict("disk.clean_temp", &json!({"older_days": 30}));
    assert!(!told.changes, "{told:?}");
    assert!(told.lines[0].starts_with("nothing would change"), "{told:?}");
}

#[test]
fn old_crash_records_go() {
    let made = Made::new().with_clock(Later(10));
    made.write("/var/crash/_usr_bin_x.1000.crash", "x")
        .write("/var/lib/systemd/coredump/core.x.zst", "x")
        .write("/var/crash/.lock", "x");
    made.lives("disk.clean_crashes", &Value::Null);
    assert!(!made.path("/var/lib/systemd/coredump/core.x.zst").exists());
    assert!(made.path("/var/crash/.lock").exists());
}

#[test]
fn apt_removes_what_it_has_downloaded() {
    let made = Made::new();
    if !made.real("apt-get") {
        return skipped("apt_removes_what_it_has_downloaded", "there is no apt-get");
    }
    made.write("/var/cache/apt/archives/a_1_all.deb", vec![0; 5_000])
        .write("/var/cache/apt/archives/partial/b_1_all.deb", "x")
        .write("/var/lib/dpkg/status", "");
    let acted = made.lives("disk.clean_packages", &Value::Null);
    assert!(acted.summary.starts_with("2 package files were removed"), "{acted:?}");
    assert!(!made.path("/var/cache/apt/archives/a_1_all.deb").exists());
}

#[test]
fn the_journal_is_cut_and_a_machine_without_one_says_so() {
    let made = Made::new();
    let told = made.perform("disk.clean_journal", &Value::Null);
    assert_eq!(told.status, Status::Unsupported, "{told:?}");
    let id = "0123456789abcdef0123456789abcdef";
    made.write(&format!("/var/log/journal/{id}/system.journal"), vec![1; 4 << 20])
        .write(&format!("/var/log/journal/{id}/system@old.journal"), vec![1; 40 << 20]);
    made.program(
        "journalctl",
        "[ \"$2\" = --vacuum-size=16M ] && rm \"${1#--root=}\"/var/log/journal/*/*@*",
    );
    let acted = made.lives("disk.clean_journal", &json!({"keep_mib": 16}));
    assert!(acted.summary.ends_with("which freed 40 MiB"), "{acted:?}");
}
