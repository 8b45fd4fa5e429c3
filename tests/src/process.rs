//! A process under test: started with a log of its own, waited for by events, ended with the test.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// How long anything may take before a test gives up on it. Generous, since suites run in parallel.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    notify: Option<UnixDatagram>,
}

impl Process {
    /// Starts it; what it prints goes to a file in `folder`. A program that knows how tells when it is
    /// ready ([`wait_until_ready`](Self::wait_until_ready)).
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(name: &'static str, mut command: Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("open a log");
        let socket = folder.join(format!("{name}.notify"));
        let _ = std::fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket).expect("bind a notification socket");
        notify.set_read_timeout(Some(PATIENCE)).expect("set a deadline");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("share the log"))
            .stderr(file)
            .env("NOTIFY_SOCKET", &socket)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        Self { name, child, log, notify: Some(notify) }
    }

    /// Waits until it says `READY=1`.
    ///
    /// # Panics
    /// If it does not, with its log.
    pub fn wait_until_ready(&mut self) {
        let socket = self.notify.take().expect("waited for once");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("set a deadline");
        let deadline = Instant::now() + PATIENCE;
        let mut message = [0; 4096];
        while Instant::now() < deadline {
            match socket.recv(&mut message) {
                Ok(length) => {
                    let text = String::from_utf8_lossy(&message[..length]);
                    if text.lines().any(|line| line == "READY=1") {
                        return;
                    }
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) => {}
                Err(error) => panic!("{}: {error}", self.name),
            }
            if let Some(status) = self.child.try_wait().expect("look at the process") {
                panic!("{} ended with {status} before it was ready:\n{}", self.name, self.log());
            }
        }
        panic!("{} was not ready in time:\n{}", self.name, self.log());
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Ends it without warning, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually(&format!("{} to end", self.name), || {
            status = self.child.try_wait().expect("look at the process");
            status.is_some()
        });
        status.expect("it ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            self.signal(Signal::TERM);
            let deadline = Instant::now() + Duration::from_secs(10);
            while self.is_running() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.kill();
        if thread::panicking() {
            let mut text = String::new();
            if File::open(&self.log).and_then(|mut log| log.read_to_string(&mut text)).is_ok() {
                #[expect(clippy::print_stderr, reason = "a failed test shows the logs")]
                {
                    eprintln!("---- log of {} ----\n{text}", self.name);
                }
            }
        }
    }
}

/// Runs a command to its end; panics if it outlives [`PATIENCE`].
///
/// # Panics
/// If it cannot be started or does not end.
#[must_use]
pub fn run(command: &mut Command) -> Output {
    let (done, ended) = std::sync::mpsc::channel();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let waiter = thread::spawn(move || {
        let output = child.wait_with_output();
        let _ = done.send(());
        output
    });
    if ended.recv_timeout(PATIENCE).is_err() {
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        panic!("{command:?} did not end in time");
    }
    waiter.join().expect("the waiter does not panic").expect("the command's output")
}

/// Looks again and again until it is so; for what no event tells.
///
/// # Panics
/// If it is not so within [`PATIENCE`].
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The command in a mount namespace of its own, which goes with it: behind a shell that runs `script`, with
/// `arguments` as `$0`, `$1` and so on. The script mounts what it likes, and goes on with what is left of its
/// arguments.
#[must_use]
pub fn under_mounts(script: &str, arguments: &[&OsStr], command: &Command) -> Command {
    let mut wrapped = Command::new("unshare");
    wrapped.arg("--mount");
    if !rustix::process::getuid().is_root() {
        wrapped.arg("--map-root-user");
    }
    wrapped.args(["--", "/bin/sh", "-c", script]).args(arguments);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}
