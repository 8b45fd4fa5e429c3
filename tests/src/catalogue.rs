//! An organisation that signs runbooks, by the commands that people use: its keys, its trust root, and folders of
//! runbooks that it signs and publishes. The keys are made for each test and trusted by nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::run;

/// Whose the root is, as the controller's own name.
const ORGANISATION: &str = "Example Works";

/// A runbook that looks at a machine and changes nothing; [`LOOK`] is its name.
const LOOKING: &str = r#"
api: befund/v1
runbook: test.look
version: 1
title: {en: "Only a look", de: "Nur ein Blick"}
about:
  en: "Looks at the network, and changes nothing."
  de: "Sieht sich das Netz an und ändert nichts."
collect:
  link: {probe: net.link@1, timeout: 10s}
  addr: {probe: net.addr@1, timeout: 10s}
  web: {probe: net.http@1, timeout: 10s}
causes:
  - id: no-card
    title: {en: "There is no network card", de: "Es gibt keine Netzwerkkarte"}
    when: "link.interfaces.size() == 0"
  - id: no-page
    title: {en: "No page comes", de: "Keine Seite kommt"}
    when: "web.result == 'none'"
accept: "link.interfaces.size() > 0"
escalate: {to: "'L2-network'"}
"#;

/// The runbook of [`Books::Look`]: it takes a moment, whatever the network is like, and changes nothing.
pub const LOOK: &str = "test.look";

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub enum Books<'a> {
    /// The small one that only looks: [`LOOK`].
    Look,
    /// All that are shipped, without their rehearsals.
    Shipped,
    /// Those, and others beside them: the name and the text of each.
    ShippedAnd(&'a [(&'a str, &'a str)]),
    /// This folder.
    Folder(&'a Path),
}

impl<'a> From<&'a Path> for Books<'a> {
    fn from(folder: &'a Path) -> Self {
        Self::Folder(folder)
    }
}

impl<'a> From<&'a PathBuf> for Books<'a> {
    fn from(folder: &'a PathBuf) -> Self {
        Self::Folder(folder)
    }
}

/// The people who sign, and where their keys are.
#[derive(Debug)]
pub struct TestSigners {
    folder: PathBuf,
}

impl TestSigners {
    /// Makes the keys of Ada, who signs roots and catalogues, and of Tina and Otto, who let changes happen: one of them
    /// for a change, both for what is disruptive. Tina has two keys, `tina` and `tina-too`. Their root is handed to the controller, and vouched for by `operator`,
    /// so that tokens which they make from now on carry it.
    ///
    /// # Panics
    /// If a command fails.
    #[must_use]
    pub fn introduce(controller: &TestController, operator: &TestOperator) -> Self {
        let this = Self { folder: controller.folder().join("signers") };
        std::fs::create_dir_all(&this.folder).expect("make a folder");
        for name in ["ada", "tina", "tina-too", "otto"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", &format!("{name}@example.com")]);
            let made = run(keygen.arg("-f").arg(this.key(name)));
            assert!(made.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&made.stderr));
        }
        let root = this.folder.join("root.json");
        let root = root.to_str().expect("UTF-8");
        let key_of = |name: &str, key: &str| {
            format!("{name}={}", this.key(key).with_extension("pub").display())
        };
        let person = |name: &str| key_of(name, name);
        let _ = operator.says(&[
            "trust",
            "new",
            "--organisation",
            ORGANISATION,
            "--to",
            root,
            "--person",
            &person("ada"),
            "--person",
            &person("tina"),
            "--person",
            &key_of("tina", "tina-too"),
            "--person",
            &person("otto"),
            "--role",
            "root=ada",
            "--role",
            "catalogue=ada",
            "--role",
            "change=tina,otto",
            "--role",
            "disruptive=tina,otto",
            "--threshold",
            "root=1",
            "--threshold",
            "catalogue=1",
            "--threshold",
            "change=1",
            "--threshold",
            "disruptive=2",
        ]);
        let _ = operator.says(&["trust", "sign", root, "--key", &this.key_of("ada")]);
        let _ = operator.says(&["trust", "add", root]);
        let _ = operator.says(&["trust", "pin", root]);
        this
    }

    /// Where their keys and `root.json` are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the root that follows the newest one, with these changes, signs it as Ada, and hands it to the controller; its
    /// version.
    ///
    /// # Panics
    /// If a command fails.
    #[must_use]
    pub fn follow(&self, operator: &TestOperator, before: &str, changes: &[&str]) -> u64 {
        let before = self.folder.join(before);
        let next = ["trust", "next", before.to_str().expect("UTF-8")];
        let made = operator.json(&[&next[..], changes].concat());
        let file = made["file"].as_str().expect("a file").to_owned();
        let _ = operator.says(&["trust", "sign", &file, "--key", &self.key_of("ada")]);
        let _ = operator.says(&["trust", "add", &file]);
        made["version"].as_u64().expect("a version")
    }

    /// The same, and publishes: what a story takes that is not about signing.
    ///
    /// # Panics
    /// If a command fails.
    #[must_use]
    pub fn publishing(
        controller: &TestController,
        operator: &TestOperator,
        books: Books<'_>,
    ) -> Self {
        let this = Self::introduce(controller, operator);
        this.publish(operator, books);
        this
    }

    fn key(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The private key's file of a person.
    ///
    /// # Panics
    /// If the folder is not UTF-8.
    #[must_use]
    pub fn key_of(&self, name: &str) -> String {
        self.key(name).to_str().expect("UTF-8").to_owned()
    }

    /// Signs runbooks as Ada, and publishes them.
    ///
    /// # Panics
    /// If a command fails.
    pub fn publish<'a>(&self, operator: &TestOperator, books: impl Into<Books<'a>>) {
        let own = self.folder.join("runbooks");
        let folder = match books.into() {
            Books::Folder(folder) => folder,
            Books::Look => {
                std::fs::create_dir_all(&own).expect("make a folder");
                std::fs::write(own.join(format!("{LOOK}.yaml")), LOOKING).expect("write it");
                &own
            }
            Books::Shipped => {
                copy_shipped(&own);
                &own
            }
            Books::ShippedAnd(others) => {
                copy_shipped(&own);
                for (name, text) in others {
                    std::fs::write(own.join(format!("{name}.yaml")), text).expect("write it");
                }
                &own
            }
        };
        let folder = folder.to_str().expect("UTF-8");
        let sign = ["runbook", "sign", folder, "--organisation", ORGANISATION, "--key"];
        let _ = operator.says(&[&sign[..], &[&self.key_of("ada")]].concat());
        let _ = operator.says(&["runbook", "publish", folder]);
    }
}

/// The runbooks at the top of the folder that is shipped, into another one.
fn copy_shipped(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks");
    std::fs::create_dir_all(to).expect("make a folder");
    for entry in std::fs::read_dir(from).expect("the shipped runbooks") {
        let path = entry.expect("the shipped runbooks").path();
        if path.extension().is_some_and(|end| end == "yaml") {
            let name = path.file_name().expect("a file has a name");
            std::fs::copy(&path, to.join(name)).expect("copy a runbook");
        }
    }
}
