//! A technician at the command line `befund`, with a configuration of their own.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::controller::TestController;
use crate::process::run;
use crate::programs::program;

/// Somebody who is signed in.
#[derive(Debug)]
pub struct TestOperator {
    config: PathBuf,
}

impl TestOperator {
    /// Signs in at this controller.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn sign_in(controller: &TestController, name: &str, password: &str) -> Self {
        let this = Self { config: controller.folder().join(format!("befund-{name}.toml")) };
        let file = controller.folder().join(format!("password-{name}"));
        std::fs::write(&file, password).expect("write the password");
        let mut login = this.command(&["login", controller.console(), "--name", name]);
        login.args(["--pin", controller.pin(), "--password-file"]).arg(&file);
        let done = run(&mut login);
        assert!(done.status.success(), "login: {}", String::from_utf8_lossy(&done.stderr));
        this
    }

    /// A command of theirs, to be changed and run.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("befund"));
        command.args(arguments).env("BEFUND_CONFIG", &self.config).env("NO_COLOR", "1");
        command
    }

    /// Runs a command.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Runs a command that must succeed; what it printed.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "befund {arguments:?} ended with {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    }

    /// An enrollment token, which carries the trust root if they vouched for one.
    ///
    /// # Panics
    /// If none is made.
    #[must_use]
    pub fn token(&self) -> String {
        let made = self.json(&["enroll", "token", "new"]);
        made["token"].as_str().expect("a token").to_owned()
    }

    /// Runs a command with `--json` that must succeed.
    ///
    /// # Panics
    /// If it fails or prints something else.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        let text = self.says(&arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }
}
