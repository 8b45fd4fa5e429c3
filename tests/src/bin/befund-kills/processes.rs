//! The processes of one machine: a link and an executor, killed and started again. One of two shapes: as systemd has it,
//! where both are services of their own and either outlives the other; and as a workstation without systemd has it,
//! where the link starts the executor.

use std::collections::HashSet;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_tests::agent::TestAgent;
use rustix::process::{Pid, Signal};

use crate::aim::Whom;
use crate::strays;

/// How the executor is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// By the system.
    Service,
    /// By the link.
    ByLink,
}

/// The processes that are this program's own children, so that what was orphaned is told from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Arc<Mutex<HashSet<u32>>>);

impl Known {
    pub(crate) fn add(&self, pid: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
    }

    pub(crate) fn has(&self, pid: u32) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&pid)
    }
}

/// The processes of one machine. They end with this.
#[derive(Debug)]
pub(crate) struct Processes {
    pub(crate) shape: Shape,
    agent: TestAgent,
    policy: PathBuf,
    known: Known,
    sockets: Option<(UnixListener, UnixListener)>,
    link: Option<Child>,
    executor: Option<Child>,
}

impl Processes {
    /// Of a machine that is enrolled with this token, and has a log that its policy names.
    pub(crate) fn enroll(shape: Shape, token: &str, known: Known) -> Result<Self> {
        let agent = TestAgent::new();
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let tried = agent.try_enroll(token);
            if tried.status.success() {
                break;
            }
            if Instant::now() > until {
                bail!("could not enroll: {}", String::from_utf8_lossy(&tried.stderr));
            }
        }
        let (policy, log) = (agent.folder().join("policy.toml"), agent.folder().join("note.log"));
        std::fs::write(&log, "there is trouble\n").context("write a log")?;
        let text = format!("[logs]\nnote = {log:?}\n[runbooks]\nunattended = \"change\"\n");
        std::fs::write(&policy, text).context("write a policy")?;
        // Snapshots are another story.
        std::fs::write(agent.folder().join("agent.toml"), "[schedule]\nhours = 0\n")
            .context("write the agent's settings")?;
        let run = agent.folder().join("run");
        std::fs::create_dir_all(&run).context("make a folder for sockets")?;
        let sockets = match shape {
            Shape::ByLink => None,
            Shape::Service => {
                let bind = |name| UnixListener::bind(run.join(name)).context("bind a socket");
                Some((bind("executor.sock")?, bind("people.sock")?))
            }
        };
        Ok(Self { shape, agent, policy, known, sockets, link: None, executor: None })
    }

    /// Where the journal is.
    pub(crate) fn journal(&self) -> PathBuf {
        self.agent.state().join("executor/journal")
    }

    /// What its processes logged last.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read(self.log_file()).unwrap_or_default();
        let from = text.len().saturating_sub(256 << 10);
        String::from_utf8_lossy(&text[from..]).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.agent.folder().join("machine.log")
    }

    /// The agent's id; waits until it is connected for the first time.
    pub(crate) fn id(&mut self) -> Result<String> {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.agent.folder().join("connected.json").exists() {
            if Instant::now() > until {
                bail!("the agent did not connect:\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(self.agent.id())
    }

    /// Starts whatever should run and does not.
    pub(crate) fn stand(&mut self) -> Result<()> {
        if let (Some(sockets), true) = (&self.sockets, has_ended(&mut self.executor)) {
            let mut command = self.agent.command(&["executor"]);
            let hand = |listener: &UnixListener| -> Result<Stdio> {
                Ok(OwnedFd::from(listener.try_clone().context("share a socket")?).into())
            };
            command.stdin(hand(&sockets.0)?).stdout(hand(&sockets.1)?);
            self.executor = Some(self.spawn(command)?);
        }
        if has_ended(&mut self.link) {
            let mut command = self.agent.command(&["link"]);
            command.arg("--ready-file").arg(self.agent.folder().join("connected.json"));
            command.arg("--config").arg(self.agent.folder().join("agent.toml"));
            command.stdin(Stdio::null()).stdout(self.append()?);
            if self.shape == Shape::Service {
                command.arg("--system-executor");
            }
            self.link = Some(self.spawn(command)?);
        }
        Ok(())
    }

    fn append(&self) -> Result<File> {
        File::options().create(true).append(true).open(self.log_file()).context("open a log")
    }

    fn spawn(&self, mut command: Command) -> Result<Child> {
        command.arg("--policy").arg(&self.policy).stderr(self.append()?);
        let child = command.spawn().context("start a part of the agent")?;
        self.known.add(child.id());
        Ok(child)
    }

    /// The executor's number; waits a little until there is one.
    fn executor(&self) -> Option<u32> {
        if let Some(executor) = &self.executor {
            return Some(executor.id());
        }
        let link = self.link.as_ref()?.id();
        let until = Instant::now() + Duration::from_millis(800);
        loop {
            let found = strays::children(link).into_iter().find(|pid| is_executor(*pid));
            if found.is_some() || Instant::now() > until {
                return found;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills; `None` if whoever was meant is not there.
    pub(crate) fn kill(&mut self, whom: Whom, between: Duration) -> Option<()> {
        match whom {
            Whom::Link => self.kill_link(),
            Whom::Executor => {
                let executor = self.executor()?;
                self.kill_executor(executor);
            }
            Whom::Both => {
                let executor = self.executor()?;
                self.kill_link();
                thread::sleep(between);
                self.kill_executor(executor);
            }
            Whom::BothReversed => {
                let executor = self.executor()?;
                self.kill_executor(executor);
                thread::sleep(between);
                self.kill_link();
            }
        }
        Some(())
    }

    fn kill_link(&mut self) {
        if let Some(mut link) = self.link.take() {
            end(&mut link);
        }
    }

    fn kill_executor(&mut self, pid: u32) {
        match self.executor.take() {
            Some(mut executor) => end(&mut executor),
            // The link's child, which the link waits for; it has gone with the link, or else it goes now.
            None => kill(pid),
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.kill_link();
        if let Some(mut executor) = self.executor.take() {
            end(&mut executor);
        }
    }
}

/// Kills a process by its number.
pub(crate) fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Fails only if it has ended.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Kills a child, and waits for its end.
pub(crate) fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn has_ended(child: &mut Option<Child>) -> bool {
    child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
}

fn is_executor(pid: u32) -> bool {
    let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline"));
    line.unwrap_or_default().split(|byte| *byte == 0).nth(1) == Some(b"executor")
}
