//! An organisation that signs runbooks, by the commands that people use: its keys, its trust root, and folders of
//! runbooks that it signs and publishes. The keys are made for each test and trusted by nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::run;

/// Whose the root is, as the controller's own name.
const ORGANISATION: &str = "Example Works";

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

    /// Signs a folder of runbooks as Ada, and publishes it.
    ///
    /// # Panics
    /// If a command fails.
    pub fn publish(&self, operator: &TestOperator, folder: &Path) {
        let folder = folder.to_str().expect("UTF-8");
        let sign = ["runbook", "sign", folder, "--organisation", ORGANISATION, "--key"];
        let _ = operator.says(&[&sign[..], &[&self.key_of("ada")]].concat());
        let _ = operator.says(&["runbook", "publish", folder]);
    }
}
