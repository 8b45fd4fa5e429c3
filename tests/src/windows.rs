//! A real agent for Windows, run by Wine on a Windows of its own (a prefix): `cargo xtask windows`
//! builds the one and makes the other ready to be copied.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

use crate::controller::TestController;
use crate::process::{PATIENCE, Process, eventually};

/// Where the prepared Windows is, and the folder that the agent for Windows was built into.
const PREFIX: &str = "BEFUND_WINE_PREFIX";
const PROGRAMS: &str = "BEFUND_WINDOWS_PROGRAMS";
/// Wine's own loader, where Debian has it; the wrapper in `PATH` only adds notices.
const WINE: &str = "/usr/lib/wine/wine64";

/// A Windows machine with an agent. All of its processes end when this is dropped.
#[derive(Debug)]
pub struct TestWindows {
    folder: TempDir,
    link: Option<Process>,
}

impl TestWindows {
    /// One that is not enrolled.
    ///
    /// # Panics
    /// If nothing was prepared; the message says how.
    #[must_use]
    pub fn new() -> Self {
        let prepared = prepared(PREFIX);
        let beside = prepared.parent().expect("a prefix is in a folder");
        // Beside it, so that the files can be shared.
        let folder = tempfile::tempdir_in(beside).expect("make a folder");
        share(&prepared, &folder.path().join("prefix"));
        let this = Self { folder, link: None };
        fs::create_dir_all(this.at("befund")).expect("make a folder");
        fs::write(this.at("befund/agent.toml"), "").expect("write the settings");
        this
    }

    /// One that is enrolled with this controller.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn enrolled(controller: &TestController) -> Self {
        Self::enrolled_with(&controller.token(&[]))
    }

    /// One that is enrolled with this token.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn enrolled_with(token: &str) -> Self {
        let this = Self::new();
        let done = this.run(&["enroll", token]);
        assert!(done.status.success(), "enroll: {}", String::from_utf8_lossy(&done.stderr));
        this
    }

    /// A file of its drive C.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.prefix().join("drive_c").join(path)
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    /// A command of the agent's with these arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.wine();
        command.arg(prepared(PROGRAMS).join("befund-agent.exe")).args(arguments);
        command.env("BEFUND_STATE", r"C:\befund\state").env("BEFUND_RUN", r"C:\befund\run");
        command
    }

    /// The same, with everything where the installed services have it.
    #[must_use]
    pub fn installed(&self, arguments: &[&str]) -> Output {
        let mut command = self.wine();
        command.arg(prepared(PROGRAMS).join("befund-agent.exe")).args(arguments);
        self.output(command)
    }

    fn wine(&self) -> Command {
        let mut command = Command::new(WINE);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("WINEPREFIX", self.prefix())
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env("LANG", "C.UTF-8");
        command
    }

    /// Sets a value of its registry: key, name, and kind as `reg add` has it.
    ///
    /// # Panics
    /// If that fails.
    pub fn set(&self, key: &str, name: &str, kind: &str, data: &str) {
        let mut command = self.wine();
        command.args(["reg", "add", key, "/v", name, "/t", kind, "/d", data, "/f"]);
        let done = self.output(command);
        assert!(done.status.success(), "{key}: {}", String::from_utf8_lossy(&done.stdout));
    }

    /// Runs a command of the agent's.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.output(self.command(arguments))
    }

    /// Runs a command to its end. What it prints goes into files: the first command on a machine
    /// starts Wine's own processes, which inherit pipes and outlive it.
    fn output(&self, mut command: Command) -> Output {
        let kept = tempfile::tempdir_in(self.folder.path()).expect("make a folder");
        let file = |name: &str| fs::File::create(kept.path().join(name)).expect("make a file");
        let read = |name: &str| fs::read(kept.path().join(name)).expect("read a file");
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("error"));
        let mut child = command.spawn().expect("Wine is installed");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().expect("look at the process") {
                break status;
            }
            if Instant::now() > deadline {
                // Its end is not waited for: there is nothing more to tell of it.
                let _ = child.kill();
                let error = String::from_utf8_lossy(&read("error")).into_owned();
                panic!("{command:?} did not end in time: {error}");
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        Output { status, stdout: read("out"), stderr: read("error") }
    }

    /// Sends diagnostics as a person at the machine would.
    #[must_use]
    pub fn send(&self, message: &str) -> Output {
        self.run(&["send", "--yes", "-m", message])
    }

    /// Starts the link with more arguments and waits until the controller has said welcome.
    pub fn link(&mut self, arguments: &[&str]) {
        self.start_link(arguments);
        let connected = self.at("befund/connected.json");
        let link = self.link.as_mut().expect("it was started");
        eventually("the agent to connect", || {
            assert!(link.is_running(), "the link ended:\n{}", link.log());
            connected.exists()
        });
    }

    /// Starts the link with more arguments and waits until people at the machine can ask it.
    pub fn start_link(&mut self, arguments: &[&str]) {
        let _ = fs::remove_file(self.at("befund/connected.json"));
        let mut command = self.command(&["link", "--ready-file", r"C:\befund\connected.json"]);
        command.args(["--config", r"C:\befund\agent.toml"]).args(arguments);
        self.link = Some(Process::start("agent", command, self.folder.path()));
        eventually("the link to answer", || self.run(&["status"]).status.success());
    }

    /// The id that it was given.
    ///
    /// # Panics
    /// If it is not connected yet.
    #[must_use]
    pub fn id(&self) -> String {
        let path = self.at("befund/connected.json");
        let text = fs::read_to_string(path).expect("the agent is connected");
        let ready: Value = serde_json::from_str(&text).expect("the ready file is JSON");
        ready["agent"].as_str().expect("an id").to_owned()
    }

    /// What the link printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.link.as_ref().map(Process::log).unwrap_or_default()
    }

    /// The agent's processes on this machine, as Linux numbers them.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("WINEPREFIX={}\0", self.prefix().display()).into_bytes();
        let holds = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|at| at == part);
        let all = fs::read_dir("/proc").expect("processes can be listed");
        let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        numbers
            .filter(|pid: &u32| {
                let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
                holds(&read("cmdline"), b"befund-agent.exe") && holds(&read("environ"), &mark)
            })
            .collect()
    }

    /// Ends the link without warning, and nothing else.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill_link(&mut self) {
        self.link.take().expect("the link runs").kill();
    }

    /// Ends all of the agent's processes without warning.
    pub fn kill(&mut self) {
        for pid in self.processes() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // It may have ended with another one.
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        if let Some(mut link) = self.link.take() {
            link.kill();
        }
    }
}

impl Default for TestWindows {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestWindows {
    fn drop(&mut self) {
        drop(self.link.take());
        // Ends what runs on this prefix, the services and Wine's own among it.
        let mut end = Command::new("/usr/lib/wine/wineserver64");
        let _ = end.arg("-k").arg("-w").env("WINEPREFIX", self.prefix()).output();
    }
}

fn prepared(name: &str) -> PathBuf {
    let path = std::env::var_os(name).map(PathBuf::from);
    path.filter(|path| path.is_dir()).unwrap_or_else(|| {
        panic!("{name} names no folder: run these stories with `cargo xtask windows`")
    })
}

/// Copies a prefix, sharing the files that Wine only reads: all but the registry's.
fn share(from: &Path, to: &Path) {
    fs::create_dir(to).expect("make a folder");
    for entry in fs::read_dir(from).expect("read a prepared folder") {
        let entry = entry.expect("read a prepared folder");
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a file's kind");
        let done = if kind.is_dir() {
            share(&path, &copy);
            Ok(())
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).expect("read a link");
            std::os::unix::fs::symlink(target, copy)
        } else if path.extension().is_some_and(|end| end == "reg") {
            fs::copy(&path, copy).map(drop)
        } else {
            fs::hard_link(&path, copy)
        };
        done.unwrap_or_else(|error| panic!("copy {}: {error}", path.display()));
    }
}
