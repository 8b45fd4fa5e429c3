//! A real agent on this machine, with folders of its own: link, executor and collect child.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::{Process, eventually, run};
use crate::programs::program;

/// An agent. It stops when this is dropped.
#[derive(Debug)]
pub struct TestAgent {
    /// Before its folder, where its log is.
    process: Option<Process>,
    folder: TempDir,
}

impl TestAgent {
    /// One that is not enrolled.
    ///
    /// # Panics
    /// If its folder cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let this = Self { folder: tempfile::tempdir().expect("make a folder"), process: None };
        std::fs::write(this.folder.path().join("agent.toml"), "").expect("write a configuration");
        this
    }

    /// One that is enrolled with this controller, and connected.
    #[must_use]
    pub fn connected_to(controller: &TestController) -> Self {
        let mut this = Self::new();
        this.enroll(&controller.token(&[]));
        this.link();
        this
    }

    /// One that was enrolled with a token of this operator's, and connected.
    #[must_use]
    pub fn connected_by(operator: &TestOperator) -> Self {
        let mut this = Self::new();
        this.enroll(&operator.token());
        this.link();
        this
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where identity and spool are.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A command of the agent's with these arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("befund-agent"));
        command.args(arguments).env_remove("HTTPS_PROXY").env_remove("https_proxy");
        command
            .env("BEFUND_STATE", self.state())
            .env("BEFUND_RUN", self.folder.path().join("run"))
            .env("LANG", "C.UTF-8");
        command
    }

    /// Runs a command of the agent's.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Tries to enroll.
    #[must_use]
    pub fn try_enroll(&self, token: &str) -> Output {
        self.run(&["enroll", token])
    }

    /// Enrolls.
    ///
    /// # Panics
    /// If that fails.
    pub fn enroll(&self, token: &str) {
        let done = self.try_enroll(token);
        assert!(done.status.success(), "enroll: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts the link and waits until the controller has said welcome.
    pub fn link(&mut self) {
        self.start_link(&[]);
        self.wait_until_connected();
    }

    /// Starts the link with more arguments, and waits until people at the machine can ask it.
    pub fn start_link(&mut self, arguments: &[&str]) {
        self.start_link_as(arguments, |command| command);
    }

    /// The same, with the command changed at last: run elsewhere, or in another environment.
    pub fn start_link_as(&mut self, arguments: &[&str], change: impl FnOnce(Command) -> Command) {
        let ready = self.ready_file();
        let _ = std::fs::remove_file(&ready);
        let mut command = self.command(&["link"]);
        command.arg("--ready-file").arg(&ready);
        command.arg("--config").arg(self.folder.path().join("agent.toml")).args(arguments);
        let mut process = Process::start("agent", change(command), self.folder.path());
        process.wait_until_ready();
        self.process = Some(process);
    }

    /// Waits until the controller has said welcome.
    pub fn wait_until_connected(&mut self) {
        let ready = self.ready_file();
        eventually("the agent to connect", || ready.exists());
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.path().join("connected.json")
    }

    /// The id that it was given.
    ///
    /// # Panics
    /// If it is not connected yet.
    #[must_use]
    pub fn id(&self) -> String {
        let text = std::fs::read_to_string(self.ready_file()).expect("the agent is connected");
        let ready: Value = serde_json::from_str(&text).expect("the ready file is JSON");
        ready["agent"].as_str().expect("an id").to_owned()
    }

    /// The link's process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the link runs")
    }

    /// Ends the link without warning.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops the link.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// Sends diagnostics as a person at the machine would.
    #[must_use]
    pub fn send(&self, message: &str) -> Output {
        self.run(&["send", "--yes", "-m", message])
    }
}

impl TestAgent {
    /// One that is connected, and the page that its policy lets probes ask: it takes connections and
    /// never answers, so that a job that asks it is busy for seconds.
    ///
    /// # Panics
    /// If it does not connect.
    #[must_use]
    pub fn with_a_mute_page(controller: &TestController) -> (Self, TcpListener) {
        let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
        mute.set_nonblocking(true).expect("set");
        let mut agent = Self::new();
        let policy = agent.folder().join("policy.toml");
        let url = format!("http://{}/", mute.local_addr().expect("an address"));
        let text = format!("[targets]\ndns = []\n[targets.http.mute]\nurl = {url:?}\n");
        std::fs::write(&policy, text).expect("write the policy");
        agent.enroll(&controller.token(&[]));
        agent.start_link(&["--policy", policy.to_str().expect("UTF-8")]);
        agent.wait_until_connected();
        (agent, mute)
    }
}

impl Default for TestAgent {
    fn default() -> Self {
        Self::new()
    }
}

/// The first number behind a `#` in what was printed: a ticket's.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn ticket_in(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split('#')
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
        .find(|digits| !digits.is_empty())
        .unwrap_or_else(|| panic!("no ticket: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
