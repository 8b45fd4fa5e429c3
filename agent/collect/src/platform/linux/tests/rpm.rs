//! rpm's database as rpm keeps it: packages built by rpmbuild, put into a database of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use befund_model::section::software::Package;
use befund_model::snapshot::Status;

use super::context;
use crate::collector::{self, Gap};
use crate::platform::linux::software::packages;

fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} (Debian's package rpm) does not run: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A database with these packages: name, epoch or nothing, version, release.
fn database(folder: &Path, packages: &[(&str, &str, &str, &str)]) -> PathBuf {
    for (name, epoch, version, release) in packages {
        let spec = folder.join("package.spec");
        let text = format!(
            "Name: {name}\n{epoch}\nVersion: {version}\nRelease: {release}\nSummary: Nothing\n\
             License: MIT\nBuildArch: noarch\n%description\nNothing.\n%files\n"
        );
        std::fs::write(&spec, text).expect("written");
        let top = format!("_topdir {}", folder.join("build").display());
        run(Command::new("/usr/bin/rpmbuild")
            .args(["-bb", "--quiet", "--define", &top])
            .arg(&spec)
            .env("HOME", folder));
    }
    let built = std::fs::read_dir(folder.join("build/RPMS/noarch")).expect("packages").flatten();
    run(Command::new("/usr/bin/rpm")
        .arg("--root")
        .arg(folder.join("root"))
        .args(["--dbpath", "/var/lib/rpm", "--justdb", "--nodeps", "--install"])
        .args(built.map(|package| package.path()))
        .env("HOME", folder));
    folder.join("root/var/lib/rpm")
}

fn read(database: &Path) -> Result<Vec<Package>, Gap> {
    packages::rpm::installed(&context(), database.to_str().expect("text"))
}

fn bytes(database: &Path) -> Vec<u8> {
    std::fs::read(database.join("rpmdb.sqlite")).expect("a database")
}

#[test]
fn packages_are_read_from_the_database_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let packages =
        [("befund-one", "Epoch: 2", "1.4~rc1", "3.el9"), ("befund-two", "", "20240501", "1")];
    let database = database(folder.path(), &packages);
    let before = bytes(&database);

    let mut read = read(&database).expect("packages");

    read.sort_by(|a, b| a.name.cmp(&b.name));
    let told: Vec<(&str, &str, Option<&str>, &str)> = read
        .iter()
        .map(|package| {
            let arch = package.arch.as_deref();
            (package.name.as_str(), package.version.as_str(), arch, package.manager.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("befund-one", "2:1.4~rc1-3.el9", Some("noarch"), "rpm"),
            ("befund-two", "20240501-1", Some("noarch"), "rpm")
        ]
    );
    assert_eq!(bytes(&database), before);
}

/// A database whose head is whole and whose pages are not: rpm complains, tells nothing, ends well.
#[test]
fn a_damaged_database_fails_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(folder.path(), &[("befund-one", "", "1", "1")]);
    for (from, expected) in [(4096, "malformed"), (0, "not a database")] {
        let mut damaged = bytes(&database);
        for (at, byte) in damaged.iter_mut().enumerate().skip(from).take(60_000) {
            *byte = u8::try_from(at * 7919 % 251).expect("a byte");
        }
        std::fs::write(database.join("rpmdb.sqlite"), damaged).expect("written");

        let gap = read(&database).expect_err("a damaged database");

        assert_eq!(gap.status, Status::Failed);
        assert!(gap.reason.contains(expected), "{}", gap.reason);
    }
}

/// Asked by root for a database that is not there, rpm makes one.
#[test]
fn no_database_is_made_where_there_is_none() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("var/lib/rpm");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(".rpm.lock"), "").expect("written");
    let cx = collector::Context::new(&crate::Root::at(root.path()).expect("a tree"));

    let gap = packages::packages(&cx).expect_err("no packages");

    assert_eq!(gap.status, Status::Unsupported);
    assert_eq!(std::fs::read_dir(&folder).expect("there").count(), 1);
}

/// What a restart and the browsers are judged by.
#[test]
fn single_packages_are_asked_for_and_those_that_are_not_there_are_no_trouble() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(
        folder.path(),
        &[("befund-one", "Epoch: 2", "1.4", "3"), ("befund-two", "", "5", "1")],
    );
    let database = database.to_str().expect("text");
    let cx = context();

    let versions = packages::rpm::versions(&cx, database, &["befund-one", "not-there"]);
    let times = packages::rpm::install_times(&cx, database, &["befund-two", "glibc"]);

    assert_eq!(versions, [("befund-one".to_owned(), "1.4-3".to_owned())]);
    assert_eq!(times.len(), 1);
    assert!(times[0].0 == "befund-two" && times[0].1 > 1_700_000_000, "{times:?}");
    assert!(packages::rpm::versions(&cx, database, &["not-there"]).is_empty());
}
