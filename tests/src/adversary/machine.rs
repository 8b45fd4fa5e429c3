//! A machine under attack, as the system's units set it up: the executor is root's and keeps what it trusts where only root
//! may enter; the link is of an account of its own, which owns its state and the folder of the sockets; somebody is signed
//! in. Its clock can be set, in a way that the program does not know of. Not what is done to it.

use std::fs::Permissions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use befund_model::id::AgentId;
use tempfile::TempDir;

use crate::process::{Process, eventually, run, under_mounts};
use crate::programs::program;

/// The link's account.
pub const LINK: u32 = 65533;
/// The account of the person who is signed in.
pub const PERSON: u32 = 65534;
/// An account that is nobody's here.
pub const STRANGER: u32 = 65532;

/// What the login manager notes of the person's session.
const SESSION: &str =
    "UID=65534\nUSER=nobody\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nSEAT=seat0\n";
/// Lays that session over the machine's: `$0` is its file. What would take all memory is ended at 4 GiB, and not with the
/// machine that the test runs on. Shared memory is its own, since the library that sets a clock leaves some behind where a
/// process is killed.
const SESSIONS: &str = "ulimit -v 4194304 && mount -t tmpfs none /run && mkdir -p /run/systemd/sessions && \
                        cp \"$0\" /run/systemd/sessions/1 && \
                        case \"$0\" in /dev/shm/*) ;; *) mount -t tmpfs none /dev/shm ;; esac && exec \"$@\"";

/// Whose clock the executor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The system's.
    Own,
    /// One that can be set, by a library that is put before the system's (Debian's libfaketime).
    Settable,
}

/// A machine.
#[derive(Debug)]
pub struct Machine {
    /// Its id.
    pub id: AgentId,
    folder: TempDir,
    link: Option<Process>,
    executor: Option<Executor>,
}

impl Machine {
    /// Enrolls one with this token, and starts its executor; the link is started by [`Self::connect`].
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn enrolled(token: &str, policy: &str, clock: Clock) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        open_to_all(folder.path());
        for (name, owner) in [("etc", 0), ("run", LINK), ("state", LINK)] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("make a folder");
            open_to_all(&path);
            chown(&path, Some(owner), Some(owner)).expect("give the folder away");
        }
        let mut this = Self {
            id: AgentId::new(befund_model::Timestamp::UNIX_EPOCH, [0; 10]),
            folder,
            link: None,
            executor: None,
        };
        std::fs::write(this.policy(), policy).expect("write the policy");
        std::fs::write(this.path("etc/agent.toml"), "[schedule]\nhours = 0\n").expect("write");
        std::fs::write(this.path("session"), SESSION).expect("write the session");
        let mut enroll = this.command("enroll");
        enroll.args([token, "--keep"]).arg(this.keep());
        enroll.arg("--config").arg(this.path("etc/agent.toml"));
        let done = run(&mut enroll);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        let id = said.split_whitespace().last().map(|word| word.trim_end_matches('.'));
        this.id = id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no id: {said}"));
        this.start(clock);
        this
    }

    fn command(&self, part: &str) -> Command {
        let mut command = Command::new(program("befund-agent"));
        command.arg(part).env("LANG", "C.UTF-8").env("BEFUND_STATE", self.state());
        command.env("BEFUND_RUN", self.path("run"));
        command.env_remove("HTTPS_PROXY").env_remove("https_proxy");
        command
    }

    fn start(&mut self, clock: Clock) {
        let sockets = [(self.socket(), LINK, 0o660), (self.people(), 0, 0o666)];
        let [link, people] = sockets.map(|(path, group, mode)| {
            let listener = UnixListener::bind(&path).expect("bind a socket");
            chown(&path, Some(0), Some(group)).expect("give the socket away");
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("open the door");
            listener
        });
        let mut command = self.command("executor");
        command.arg("--keep").arg(self.keep()).arg("--policy").arg(self.policy());
        command.args(["--allow-account", &LINK.to_string()]);
        if clock == Clock::Settable {
            self.set_clock("+0");
            command.env("LD_PRELOAD", faketime()).env("FAKETIME_NO_CACHE", "1");
            command.env("FAKETIME_TIMESTAMP_FILE", self.path("clock"));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        }
        let session = self.path("session");
        let command = under_mounts(SESSIONS, &[session.as_os_str()], &command);
        let log = self.path("executor.log");
        self.executor = Some(Executor::start(command, link.into(), people.into(), log));
    }

    /// Starts the link, or starts it anew.
    pub fn connect(&mut self) {
        drop(self.link.take());
        let command = self.command("link");
        let mut wrapped = Command::new("setpriv");
        let account = LINK.to_string();
        wrapped.args(["--reuid", &account, "--regid", &account, "--clear-groups", "--"]);
        wrapped.arg(command.get_program()).args(command.get_args());
        wrapped.arg("--system-executor").arg("--config").arg(self.path("etc/agent.toml"));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        self.link = Some(Process::start("link", wrapped, self.folder.path()));
    }

    /// Ends the executor without warning; whoever holds its sockets starts another.
    ///
    /// # Panics
    /// If none comes.
    pub fn restart_executor(&self) {
        let executor = self.executor.as_ref().expect("it has one");
        let before = executor.started.load(Ordering::SeqCst);
        Executor::kill_it(&executor.child);
        eventually("another executor", || executor.started.load(Ordering::SeqCst) > before);
    }

    /// Sets the clock: so far from the right time, as in `+40d`.
    ///
    /// # Panics
    /// If that cannot be written.
    pub fn set_clock(&self, from_now: &str) {
        let (new, path) = (self.path("clock.new"), self.path("clock"));
        std::fs::write(&new, from_now).expect("write the clock");
        std::fs::rename(&new, &path).expect("set the clock");
    }

    /// A path within its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The link's state.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The executor's own folder.
    #[must_use]
    pub fn keep(&self) -> PathBuf {
        self.path("keep")
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.path("etc/policy.toml")
    }

    /// The executor's door.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("run/executor.sock")
    }

    /// The people's door.
    #[must_use]
    pub fn people(&self) -> PathBuf {
        self.path("run/people.sock")
    }

    /// What its two halves logged, for a report.
    #[must_use]
    pub fn log(&self) -> String {
        let link = self.link.as_ref().map(Process::log).unwrap_or_default();
        let executor = std::fs::read_to_string(self.path("executor.log")).unwrap_or_default();
        format!("---- executor ----\n{executor}\n---- link ----\n{link}")
    }
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("open the folder");
}

/// The library that sets a process's clock.
fn faketime() -> PathBuf {
    let libraries = std::fs::read_dir("/usr/lib").expect("the system's libraries").flatten();
    let mut found = libraries.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.exists()).expect("install what Debian calls libfaketime")
}

/// Starts executors, as the system does that holds their sockets.
#[derive(Debug)]
struct Executor {
    stop: Arc<AtomicBool>,
    child: Arc<Mutex<Option<Child>>>,
    started: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Executor {
    fn start(mut command: Command, link: OwnedFd, people: OwnedFd, log: PathBuf) -> Self {
        let mut this = Self {
            stop: Arc::default(),
            child: Arc::default(),
            started: Arc::default(),
            thread: None,
        };
        let (stop, child) = (Arc::clone(&this.stop), Arc::clone(&this.child));
        let started = Arc::clone(&this.started);
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let log = std::fs::File::options().create(true).append(true).open(&log);
                let handed = |listener: &OwnedFd| Stdio::from(listener.try_clone().expect("share"));
                command.stdin(handed(&link)).stdout(handed(&people)).stderr(log.expect("a log"));
                let one: Child = command.spawn().expect("start the executor");
                *child.lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
                started.fetch_add(1, Ordering::SeqCst);
                while !Self::has_ended(&child) {
                    if stop.load(Ordering::SeqCst) {
                        Self::kill_it(&child);
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        });
        this.thread = Some(thread);
        this
    }

    fn has_ended(child: &Mutex<Option<Child>>) -> bool {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    fn kill_it(child: &Mutex<Option<Child>>) {
        if let Some(child) = child.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let _ = child.kill();
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
