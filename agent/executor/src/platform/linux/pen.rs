//! A program in its limits, with all that it starts: found below its keeper and in its control groups, watched,
//! and killed until nothing is left.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::pipe::PipeFlags;
use rustix::process::{Pid, Resource, Signal, WaitOptions};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use befund_runtime::clock::random;

use super::cgroup::{Groups, Hierarchies};
use super::keeper::{self, Entry, Priority};
use super::{lasting, tree};
use crate::confine::{ConfinedBy, End, Left, Limits, Means, Pipes, Program, Usage};

/// How long is waited between two looks whether all of it has gone.
const LOOK: Duration = Duration::from_millis(10);
/// How often it is looked at once who is left: whoever is killed may have started another one meanwhile.
const ROUNDS: u32 = 4;

/// What this machine has to hold limits with.
#[derive(Debug)]
pub(crate) struct Pens {
    hierarchies: Option<Hierarchies>,
}

impl Pens {
    pub(crate) fn find(means: Means) -> Self {
        let hierarchies = match means {
            Means::Best => Some(Hierarchies::find()),
            Means::Plain => None,
        };
        Self { hierarchies }
    }

    /// Starts a program in a pen of its own.
    pub(crate) fn start(&self, program: &Program, limits: &Limits) -> io::Result<(Pen, Pipes)> {
        let groups = match &self.hierarchies {
            Some(hierarchies) => hierarchies.make(random(), limits),
            None => Groups::none(),
        };
        let (hears, tells) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let hears = Receiver::from_owned_fd(hears)?;
        let mut command = std::process::Command::new(&program.path);
        command
            .args(&program.arguments)
            .env_clear()
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let entry = Entry {
            tells,
            groups: groups.doors()?,
            rlimits: rlimits(groups.by(), limits),
            privileges: program.privileges,
            priority: match groups.by() {
                // So that whoever watches it comes first.
                ConfinedBy::Rlimits => Priority::Low,
                ConfinedBy::CgroupV2 | ConfinedBy::CgroupV1 | ConfinedBy::JobObject => {
                    Priority::Kept
                }
            },
        };
        keeper::prepare(&mut command, entry);
        let mut keeper = Command::from(command).spawn()?;
        let number = keeper.id().and_then(|pid| i32::try_from(pid).ok());
        let pipes = (keeper.stdin.take(), keeper.stdout.take(), keeper.stderr.take());
        let (Some(number), (Some(input), Some(output), Some(errors))) = (number, pipes) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let pen = Pen {
            keeper,
            number,
            hears,
            told: Vec::with_capacity(8),
            groups,
            seen: BTreeMap::new(),
            let_go: BTreeSet::new(),
            cpu: Duration::ZERO,
        };
        Ok((pen, Pipes { input, output, errors }))
    }
}

/// What each process is held to. Where groups hold the sum, no more than the rest.
fn rlimits(by: ConfinedBy, limits: &Limits) -> Vec<(Resource, u64)> {
    let mut rlimits = vec![(Resource::Core, 0)];
    match by {
        ConfinedBy::CgroupV2 | ConfinedBy::CgroupV1 | ConfinedBy::JobObject => {}
        ConfinedBy::Rlimits => {
            rlimits.push((Resource::Data, limits.memory_bytes));
            // The watcher comes first: it knows the sum, and tells why.
            rlimits.push((Resource::Cpu, limits.cpu.as_secs().saturating_add(2)));
            let user = rustix::process::getuid();
            if !user.is_root() {
                // Counted for all of the user's; root is not held to it.
                let others = tree::threads_of(user.as_raw());
                rlimits.push((Resource::Nproc, others.saturating_add(limits.processes.into())));
            }
        }
    }
    rlimits
}

/// A program with all that it starts. Dropping it kills all of it.
#[derive(Debug)]
pub(crate) struct Pen {
    keeper: Child,
    /// The keeper's number.
    number: i32,
    hears: Receiver,
    /// What the keeper told so far: the program's number, then its status.
    told: Vec<u8>,
    groups: Groups,
    /// Who was seen below the keeper, and since when they were there, for when the keeper is killed.
    seen: BTreeMap<i32, u64>,
    /// Who goes on when this ends.
    let_go: BTreeSet<i32>,
    cpu: Duration,
}

impl Pen {
    pub(crate) const fn by(&self) -> ConfinedBy {
        self.groups.by()
    }

    /// Waits for the program's end; what it started may go on. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> End {
        loop {
            if let Some(status) = self.told(4) {
                let status = ExitStatus::from_raw(status);
                return match (status.code(), status.signal()) {
                    (Some(code), _) => End::Exited(code),
                    (None, signal) => End::Signalled(signal.unwrap_or(0)),
                };
            }
            if self.hears.readable().await.is_err() {
                return End::Lost;
            }
            let mut bytes = [0; 8];
            match self.hears.try_read(&mut bytes) {
                Ok(0) => return End::Lost,
                Ok(length) => self.told.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return End::Lost,
            }
        }
    }

    fn told(&self, at: usize) -> Option<i32> {
        self.told.get(at..)?.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes))
    }

    /// What is used now.
    pub(crate) fn usage(&mut self, limits: &Limits) -> Usage {
        let by_group = self.groups.cpu();
        let mut over = self.groups.ran_out_of_memory().then_some(End::OverMemory);
        if by_group.is_none() || self.by() == ConfinedBy::Rlimits {
            let tree = self.look();
            self.cpu = self.cpu.max(tree::cpu(self.number, &tree));
            let threads: u64 = tree.iter().map(|process| u64::from(process.threads)).sum();
            let memory = || tree.iter().map(|process| tree::memory(process.pid)).sum::<u64>();
            if self.by() == ConfinedBy::Rlimits {
                if threads > limits.processes.into() {
                    over = Some(End::OverProcesses);
                } else if memory() > limits.memory_bytes {
                    over = Some(End::OverMemory);
                }
            }
        }
        self.cpu = self.cpu.max(by_group.unwrap_or_default());
        Usage { cpu: self.cpu, over }
    }

    /// Who is below the keeper and has not ended.
    fn look(&mut self) -> Vec<tree::Process> {
        let mut living = tree::descendants(self.number);
        living.retain(|process| !process.ended && !self.let_go.contains(&process.pid));
        // With the keeper killed, what was below it is found by its number.
        if !living.is_empty() {
            self.seen = living.iter().map(|process| (process.pid, process.since)).collect();
        }
        living
    }

    /// Asks the program and its group to stop.
    pub(crate) fn ask(&self) {
        let group = self.told(0).and_then(Pid::from_raw);
        if let Some(group) = group.filter(|_| self.told.len() < 8) {
            // Fails only if all of it has ended.
            let _ = rustix::process::kill_process_group(group, Signal::TERM);
        }
    }

    /// Lets go on what the program, which has ended, has left: how many processes. They are nobody's children then, and
    /// whoever collects the orphans of this machine collects them.
    ///
    /// # Errors
    /// Why they cannot go on; they are killed with the rest.
    pub(crate) async fn let_go(&mut self) -> Result<usize, String> {
        let mut lasting = BTreeSet::new();
        for _ in 0..ROUNDS {
            let below: BTreeSet<i32> = self.look().iter().map(|process| process.pid).collect();
            if below.is_subset(&lasting) {
                break;
            }
            lasting.extend(below);
            lasting::hand_over(&lasting, &self.groups).await?;
        }
        self.let_go = lasting;
        if !self.let_go.is_empty() {
            // It would wait for them.
            signal(self.number, Signal::KILL);
        }
        Ok(self.let_go.len())
    }

    /// Kills until nothing is left or the time is over, but for what was let go.
    pub(crate) async fn kill(&mut self, until: Instant) -> Left {
        loop {
            self.kill_once();
            let gone = timeout(LOOK, self.keeper.wait()).await.is_ok();
            if gone && self.strays().is_empty() && self.groups.are_empty() {
                return Left::Nothing;
            }
            if Instant::now() >= until {
                return Left::Something;
            }
            if gone {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Kills whatever can be found, the keeper left out: it goes when it has nobody left.
    fn kill_once(&mut self) {
        self.groups.stop();
        for _ in 0..ROUNDS {
            let below = self.look();
            if below.is_empty() {
                break;
            }
            // Whole groups first: those the system kills in one step, also what is being forked meanwhile, and
            // nobody can enter one from another session. The program began a session, and so a group, of its own.
            let groups: BTreeSet<i32> = below.iter().map(|process| process.group).collect();
            for group in groups.into_iter().filter(|group| *group > 1 && *group != self.number) {
                if let Some(group) = Pid::from_raw(group) {
                    // Fails only if all of it has ended.
                    let _ = rustix::process::kill_process_group(group, Signal::KILL);
                }
            }
            for process in below {
                signal(process.pid, Signal::KILL);
            }
        }
        for pid in self.strays() {
            signal(pid, Signal::KILL);
            if let Some(pid) = Pid::from_raw(pid) {
                // Ours to wait for only if this process takes in what is orphaned.
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
        self.groups.kill();
    }

    /// Those who were seen below the keeper and are there no more because the keeper was killed.
    fn strays(&self) -> Vec<i32> {
        let is_there = |pid: i32, since: u64| {
            tree::process(pid).is_some_and(|process| process.since == since && !process.ended)
        };
        self.seen
            .iter()
            .filter(|(pid, since)| !self.let_go.contains(pid) && is_there(**pid, **since))
            .map(|(pid, _)| *pid)
            .collect()
    }
}

fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // Fails only if it has ended.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        if self.keeper.id().is_some() {
            self.kill_once();
        }
    }
}
