//! The demo's organisation: a key, a trust root, and the shipped runbooks signed with it. All of it is made now, trusted by
//! nothing else, and removed with the demo's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::processes::finish;
use super::story::{json, text};
use crate::platform;
use crate::screen::Screen;

/// Whose it is.
pub(super) const ORGANISATION: &str = "Befund demo";
/// Who signs: the only person of the trust root.
const SIGNER: &str = "admin";

/// Whoever signs, and with what.
pub(super) struct Signing<'a> {
    screen: &'a Screen,
    befund: &'a dyn Fn() -> Command,
    folder: PathBuf,
}

impl<'a> Signing<'a> {
    /// Nothing was made yet; `folder` is for it, `befund` the command line of whoever signed in.
    pub(super) fn new(screen: &'a Screen, befund: &'a dyn Fn() -> Command, folder: &Path) -> Self {
        Self { screen, befund, folder: folder.to_owned() }
    }

    /// The private key's file.
    pub(super) fn key(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// Makes a key and a trust root, vouches for it, signs the shipped runbooks and those in `more`, and publishes them;
    /// the catalogue's digest.
    pub(super) async fn publish(&self, more: &[(&str, String)]) -> Result<String> {
        std::fs::create_dir_all(&self.folder).context("cannot make a folder for the key")?;
        let step = self.screen.step("A technician makes an SSH key, for this demo only");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", SIGNER, "-f"]).arg(self.key());
        let made = finish("ssh-keygen", &mut keygen, |_| {}).await;
        made.context("Debian's openssh-client has ssh-keygen")?;
        step.done("it never leaves this folder, and the controller does not see it");

        let step = self.screen.step("Says who may sign, in a trust root");
        let root = self.folder.join("root.json");
        let person = format!("{SIGNER}={}", self.key().with_extension("pub").display());
        let new = ["trust", "new", "--organisation", ORGANISATION, "--person", &person, "--to"];
        self.run("befund trust new", (self.befund)().args(new).arg(&root)).await?;
        let mut sign = (self.befund)();
        sign.args(["trust", "sign"]).arg(&root).arg("--key").arg(self.key());
        self.run("befund trust sign", &mut sign).await?;
        for word in ["add", "pin"] {
            let mut command = (self.befund)();
            self.run(&format!("befund trust {word}"), command.args(["trust", word]).arg(&root))
                .await?;
        }
        step.done("tokens made from now on carry its digest to the machines");

        let step = self.screen.step("Rehearses, signs and publishes the runbooks");
        let runbooks = self.folder.join("runbooks");
        copy(&platform::workspace().join("runbooks"), &runbooks)?;
        for (path, content) in more {
            let path = runbooks.join(path);
            std::fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
            std::fs::write(&path, content).context("cannot write a runbook")?;
        }
        let mut sign = (self.befund)();
        sign.args(["runbook", "sign"]).arg(&runbooks).args(["--organisation", ORGANISATION]);
        self.run("befund runbook sign", sign.arg("--key").arg(self.key())).await?;
        let mut publish = (self.befund)();
        publish.args(["--json", "runbook", "publish"]).arg(&runbooks);
        let catalogue = json("befund runbook publish", &mut publish).await?;
        let files = catalogue.get("files").and_then(Value::as_array).map_or(0, Vec::len);
        ensure!(files > 0, "the catalogue that was published is empty: {catalogue}");
        step.done(&format!("{files} files from this tree, signed as they are"));
        text(&catalogue, "sha256")
    }

    async fn run(&self, what: &str, command: &mut Command) -> Result<()> {
        finish(what, command, |_| {}).await.map(drop)
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let wrong = || format!("cannot copy {}", from.display());
    std::fs::create_dir_all(to).with_context(wrong)?;
    for entry in std::fs::read_dir(from).with_context(wrong)? {
        let entry = entry.with_context(wrong)?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().with_context(wrong)?.is_dir() {
            copy(&path, &copied)?;
        } else {
            std::fs::copy(&path, &copied).with_context(wrong)?;
        }
    }
    Ok(())
}
