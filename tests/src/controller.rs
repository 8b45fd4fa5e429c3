//! A real controller, as a process on ports of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::operator::TestOperator;
use crate::process::{Process, run};
use crate::programs::program;

/// The first administrator of every test controller.
pub const ADMIN: &str = "ada";
/// Their password.
pub const PASSWORD: &str = "a long and boring passphrase";

/// A controller. It stops when this is dropped.
#[derive(Debug)]
pub struct TestController {
    /// Before its folder, where its log is.
    process: Option<Process>,
    folder: TempDir,
    gate: String,
    console: String,
    pin: String,
}

impl TestController {
    /// One on SQLite, serving.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(None)
    }

    /// One on this database (SQLite in its folder if none), serving.
    ///
    /// # Panics
    /// If it cannot be initialised or does not serve.
    #[must_use]
    pub fn start_on(database: Option<&str>) -> Self {
        let mut this = Self::initialised(database);
        this.serve();
        this
    }

    /// One that was initialised and does not serve yet.
    ///
    /// # Panics
    /// If it cannot be initialised.
    #[must_use]
    pub fn initialised(database: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("write the password");
        let this = Self {
            folder,
            process: None,
            gate: String::new(),
            console: String::new(),
            pin: String::new(),
        };
        let mut init = this.command("init");
        init.args(["--name", "Example Works", "--gate", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
        init.args(["--admin", ADMIN, "--admin-password-file"]).arg(&password);
        if let Some(url) = database {
            init.args(["--database", url]);
        }
        let made = run(&mut init);
        assert!(made.status.success(), "init: {}", String::from_utf8_lossy(&made.stderr));
        this
    }

    /// A subcommand with its data folder.
    #[must_use]
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(program("befund-controller"));
        command.args(subcommand.split(' ')).arg("--data").arg(self.data());
        command
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for what belongs to this test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts serving, again on the same ports if it served before.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn serve(&mut self) {
        if !self.gate.is_empty() {
            self.keep_ports();
        }
        let ready = self.folder.path().join("ready.json");
        let mut command = self.command("serve");
        command.arg("--ready-file").arg(&ready);
        let mut process = Process::start("controller", command, self.folder.path());
        process.wait_until_ready();
        let text = std::fs::read_to_string(&ready).expect("a controller that serves says where");
        let ready: Value = serde_json::from_str(&text).expect("the ready file is JSON");
        let field = |name: &str| ready[name].as_str().expect("a text").to_owned();
        self.gate = field("gate");
        self.console = field("console");
        self.pin = field("ca_pin");
        self.process = Some(process);
    }

    /// Writes the ports that it got into its configuration, so that agents find it again.
    fn keep_ports(&self) {
        let path = self.data().join("config.toml");
        let text = std::fs::read_to_string(&path).expect("read the configuration");
        let console = self.console.trim_start_matches("http://");
        let kept = text.replacen("\"127.0.0.1:0\"", &format!("{:?}", self.gate), 1).replacen(
            "\"127.0.0.1:0\"",
            &format!("{console:?}"),
            1,
        );
        std::fs::write(&path, kept).expect("write the configuration");
    }

    /// The process.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the controller serves")
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops it.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// Where agents reach it.
    #[must_use]
    pub fn gate(&self) -> &str {
        &self.gate
    }

    /// The URL of console and API.
    #[must_use]
    pub fn console(&self) -> &str {
        &self.console
    }

    /// The pin of its CA.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// An enrollment token made on the host.
    ///
    /// # Panics
    /// If none is made.
    #[must_use]
    pub fn token(&self, arguments: &[&str]) -> String {
        let made = run(self.command("token").args(arguments));
        token_in(&made)
    }

    /// The administrator, signed in on the command line.
    #[must_use]
    pub fn admin(&self) -> TestOperator {
        TestOperator::sign_in(self, ADMIN, PASSWORD)
    }
}

/// The enrollment token in what a command printed.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn token_in(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split(|letter: char| letter.is_whitespace() || letter == '"')
        .find(|word| word.starts_with(befund_model::token::PREFIX))
        .unwrap_or_else(|| panic!("no token: {text}{}", String::from_utf8_lossy(&output.stderr)))
        .to_owned()
}
