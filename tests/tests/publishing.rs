//! The way of runbooks from their author to the controller: a trust root, a signed folder, and what is refused on the
//! way, in words that help.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use befund_tests::process::run;
use befund_tests::{TestController, TestOperator};

/// Somebody who writes runbooks: an administrator with keys and a folder.
struct Author {
    controller: TestController,
    operator: TestOperator,
}

impl Author {
    fn new() -> Self {
        let controller = TestController::start();
        let operator = controller.admin();
        let this = Self { controller, operator };
        for name in ["anna", "ben", "eve"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
            let made = run(keygen.current_dir(this.folder()));
            assert!(made.status.success(), "{}", text(&made));
        }
        let runbooks = this.folder().join("runbooks");
        std::fs::create_dir(&runbooks).unwrap();
        for name in ["net.no-internet.yaml", "time.wrong.yaml"] {
            std::fs::copy(shipped().join(name), runbooks.join(name)).unwrap();
        }
        this
    }

    fn folder(&self) -> &Path {
        self.controller.folder()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.operator.command(arguments).current_dir(self.folder()))
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    fn sign(&self, key: &str, more: &[&str]) -> String {
        let sign = ["runbook", "sign", "runbooks", "--organisation", "Example Works", "--key", key];
        self.says(&[&sign[..], more].concat())
    }

    /// A root of Anna and Ben that the controller has: so many of them have to sign catalogues.
    fn trust(&self, catalogue: &str) {
        let threshold = format!("catalogue={catalogue}");
        let people = ["--person", "anna=anna.pub", "--person", "ben=ben.pub"];
        let new = ["trust", "new", "--organisation", "Example Works", "--threshold", &threshold];
        self.says(&[&new[..], &people].concat());
        self.says(&["trust", "sign", "root.json", "--key", "anna"]);
        self.says(&["trust", "add", "root.json"]);
    }
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn assert_says(said: &str, part: &str) {
    assert!(said.contains(part), "{part:?} is missing in: {said}");
}

#[test]
fn from_a_trust_root_to_a_catalogue_and_its_withdrawal() {
    let author = Author::new();
    assert_says(&author.says(&["trust", "list"]), "There is no trust root yet");
    assert_says(&author.says(&["runbook", "list"]), "There are no runbooks");
    author.sign("anna", &[]);
    let early = author.fails(5, &["runbook", "publish", "runbooks"]);
    assert_says(&early, "befund trust add");

    author.trust("1");
    let listed = author.says(&["trust", "list"]);
    assert_says(&listed, "catalogue  1 of anna, ben");
    assert_says(&listed, "befund trust pin FILE");
    author.says(&["trust", "pin", "root.json"]);
    assert_says(&author.says(&["trust", "list"]), "pinned here");

    assert_says(&author.says(&["runbook", "publish", "runbooks"]), "version 1 with 2 files");
    let listed = author.says(&["runbook", "list"]);
    assert_says(&listed, "net.no-internet");
    assert_says(&listed, "time.wrong");
    let shown = author.says(&["runbook", "show", "net.no-internet"]);
    assert_says(&shown, "dns.flush_cache (change)");
    assert_says(&author.fails(4, &["runbook", "show", "net.other"]), "befund runbook list");
    let opened = author.operator.json(&["ticket", "new", "--subject", "no internet at all"]);
    let number = opened["ticket"]["number"].to_string();
    let fitting = author.operator.json(&["runbook", "list", "--ticket", &number]);
    assert_eq!(fitting[0]["name"], "net.no-internet");
    assert_eq!(fitting[0]["reasons"][0], "internet");

    assert_says(&author.fails(2, &["runbook", "withdraw", "--key", "anna"]), "add --yes");
    let withdrawn = author.says(&["runbook", "withdraw", "--key", "anna", "--yes"]);
    assert_says(&withdrawn, "Version 2 withdraws all before it");
    assert_says(&author.says(&["runbook", "list"]), "There are no runbooks");
    let catalogues = author.operator.json(&["runbook", "catalogues"]);
    assert_eq!((&catalogues[0]["version"], &catalogues[0]["current"]), (&2.into(), &true.into()));

    let old = author.fails(5, &["runbook", "publish", "runbooks"]);
    assert_says(&old, "--version N");
    author.sign("anna", &["--version", "3"]);
    author.says(&["runbook", "publish", "runbooks"]);
    assert_says(&author.says(&["runbook", "list"]), "net.no-internet");
}

#[test]
fn too_few_and_wrong_signers_are_told_who_would_have_to() {
    let author = Author::new();
    author.trust("2");
    author.sign("anna", &[]);
    author.sign("eve", &[]);
    let refused = author.fails(2, &["runbook", "publish", "runbooks"]);
    assert_says(
        &refused,
        "2 different people of the role catalogue have to sign, and 1 did (anna)",
    );
    assert_says(&refused, "it takes 2 of anna, ben");
    assert_says(&refused, "which is nobody's in the trust root");
    author.sign("ben", &[]);
    author.says(&["runbook", "publish", "runbooks"]);

    // Two people withdraw by way of a folder.
    let alone = author.fails(2, &["runbook", "withdraw", "--key", "anna", "--yes"]);
    assert_says(&alone, "--to FOLDER");
    author.says(&["runbook", "withdraw", "--key", "anna", "--yes", "--to", "withdrawal"]);
    author.says(&["runbook", "sign", "withdrawal", "--key", "ben"]);
    author.says(&["runbook", "publish", "withdrawal"]);
    assert_says(&author.says(&["runbook", "list"]), "There are no runbooks");
}

#[test]
fn a_root_is_followed_only_by_one_that_those_before_it_signed() {
    let author = Author::new();
    author.trust("1");
    let next = ["trust", "next", "root.json", "--person", "eve=eve.pub", "--remove", "ben"];
    author.says(&next);
    author.says(&["trust", "sign", "root.2.json", "--key", "eve"]);
    let refused = author.fails(2, &["trust", "add", "root.2.json"]);
    assert_says(&refused, "those of the root before it have to sign");
    author.says(&["trust", "sign", "root.2.json", "--key", "anna"]);
    author.says(&["trust", "add", "root.2.json"]);
    author.sign("ben", &[]);
    let gone = author.fails(2, &["runbook", "publish", "runbooks"]);
    assert_says(&gone, "it takes 1 of anna, eve");
    author.sign("eve", &[]);
    author.says(&["runbook", "publish", "runbooks"]);
    assert_says(&author.fails(2, &["trust", "add", "root.json"]), "an older one is never taken");
}

#[test]
fn a_folder_that_was_changed_after_it_was_signed_is_not_published() {
    let author = Author::new();
    author.trust("1");
    author.sign("anna", &[]);
    let file = author.folder().join("runbooks/time.wrong.yaml");
    let changed = std::fs::read_to_string(&file).unwrap() + "# a late thought\n";
    std::fs::write(&file, changed).unwrap();
    let refused = author.fails(5, &["runbook", "publish", "runbooks"]);
    assert_says(&refused, "changed since it was signed: time.wrong.yaml");
    assert_says(&author.sign("anna", &[]), "version 2");
    author.says(&["runbook", "publish", "runbooks"]);
}

#[test]
fn runbooks_are_named_beside_probes_where_something_is_run() {
    let author = Author::new();
    author.trust("1");
    author.sign("anna", &[]);
    author.says(&["runbook", "publish", "runbooks"]);
    let typo = author.fails(4, &["run", "net.no-internett", "--on", "pc-1"]);
    assert_says(&typo, "did you mean net.no-internet?");
    let stranger = author.fails(2, &["run", "net.no-internet", "--on", "pc-1", "sight=x"]);
    assert_says(&stranger, "has no parameter sight");
    let dry = author.fails(2, &["run", "net.dns", "--on", "pc-1", "--dry-run"]);
    assert_says(&dry, "is no runbook");
    let nowhere = author.fails(4, &["runbook", "dry-run", "net.no-internet", "--on", "pc-1"]);
    assert_says(&nowhere, "pc-1");
    assert_says(&author.says(&["approve"]), "Nothing waits for a signature.");
}
