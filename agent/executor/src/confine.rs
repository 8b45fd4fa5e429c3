//! A program run within limits that hold for all that it starts: its time, its share of the machine, what it
//! prints. However it ends, nothing of it is left, also not what detached itself.
//!
//! What holds the limits is the system's ([`ConfinedBy`]): control groups where there are any, else limits of
//! each process and somebody who watches their sum. Which programs may be run is decided elsewhere.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

mod output;

use output::Tap;
pub use output::{Line, Stream};

use crate::platform::{Pen, Pens};

/// How often it is looked what a program uses.
const LOOK: Duration = Duration::from_millis(100);
/// How long a program that is told to stop may take to do so by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How long it may take until nothing is left of one that is killed.
const KILL: Duration = Duration::from_millis(1_300);
/// How long is read what stood in the pipes when nothing was left.
const DRAIN: Duration = Duration::from_millis(150);

/// What a program may use, with all that it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Its time.
    pub wall: Duration,
    /// The time of processors, added up.
    pub cpu: Duration,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads at one time.
    pub processes: u32,
    /// What it may print on both pipes together, in bytes; what is beyond is read and thrown away.
    pub output_bytes: u64,
}

/// What holds the limits of memory and processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfinedBy {
    /// A control group of the unified hierarchy.
    CgroupV2,
    /// Control groups of a hierarchy for each controller.
    CgroupV1,
    /// Limits of each process, and a watcher of their sum.
    Rlimits,
    /// A job object.
    JobObject,
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// An absolute path.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working folder.
    pub folder: PathBuf,
    /// What it reads on standard input, which ends then.
    pub input: Vec<u8>,
    /// Whether it may gain rights by what it starts.
    pub privileges: Privileges,
}

/// Whether a program may gain rights by what it starts, as `sudo` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Privileges {
    /// As the system has it.
    Kept,
    /// No (where the system can hold it to that).
    NoNew,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Its time was over.
    Late,
    /// It used up its time of processors.
    OverCpu,
    /// It used more memory than it may.
    OverMemory,
    /// It started more processes than it may.
    OverProcesses,
    /// Somebody cancelled it.
    Cancelled,
    /// Whoever kept it was killed from outside, so that nobody knows.
    Lost,
}

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// What held its limits.
    pub by: ConfinedBy,
    /// What it printed, both pipes together, line by line, also when it was killed; as text with whatever is
    /// none replaced. Control characters stand as they came: whoever shows it escapes them.
    pub output: String,
    /// The bytes that were left out of it.
    pub cut: u64,
    /// How long it ran.
    pub took: Duration,
    /// The time of processors that it used, as far as that was seen.
    pub cpu: Duration,
    /// Whether nothing is left of it.
    pub left: Left,
}

/// What of a program may go on once it has ended by itself with zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lasting {
    /// Nothing.
    #[default]
    Nothing,
    /// Whatever it has started and left running, as daemons.
    Whatever,
}

/// What is left of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// Processes that could not be killed in time, as those that wait for a dead disk.
    Something,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// Not an absolute path.
    #[error("{} is not run: a program is named by an absolute path", .0.display())]
    Relative(PathBuf),
    /// The system's refusal.
    #[error("could not start {}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// What this machine has to hold limits with.
#[derive(Debug)]
pub struct Confinement {
    pens: Pens,
}

/// What may be used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Means {
    /// Whatever there is.
    Best,
    /// What every machine has.
    Plain,
}

impl Confinement {
    /// Looks what there is, and ends what an executor that was killed left in control groups.
    #[must_use]
    pub fn find(means: Means) -> Self {
        Self { pens: Pens::find(means) }
    }

    /// Starts a program. Call it within a runtime, on a thread that outlives the program: on Linux the program
    /// dies with it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&self, program: Program, limits: Limits) -> Result<Confined, ConfineError> {
        if !program.path.is_absolute() {
            return Err(ConfineError::Relative(program.path));
        }
        let started = Instant::now();
        let path = program.path.clone();
        let (pen, pipes) = self
            .pens
            .start(&program, &limits)
            .map_err(|source| ConfineError::Start { path, source })?;
        let (more, lasting) = (None, Lasting::Nothing);
        Ok(Confined { pen, pipes, input: program.input, more, limits, lasting, started })
    }
}

/// The pipes to a program.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) input: tokio::process::ChildStdin,
    pub(crate) output: tokio::process::ChildStdout,
    pub(crate) errors: tokio::process::ChildStderr,
}

/// What a program uses, with all that it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// The time of processors.
    pub(crate) cpu: Duration,
    /// Which limit it has broken; those that the system itself holds break nothing.
    pub(crate) over: Option<End>,
}

/// A program that runs. Dropping it kills all of it.
#[derive(Debug)]
pub struct Confined {
    pen: Pen,
    pipes: Pipes,
    input: Vec<u8>,
    more: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
    limits: Limits,
    lasting: Lasting,
    started: Instant,
}

impl Confined {
    /// The same, of which something may go on.
    #[must_use]
    pub fn lasting(mut self, lasting: Lasting) -> Self {
        self.lasting = lasting;
        self
    }

    /// Its input does not end with [`Program::input`], but with the last sender of what follows.
    pub(crate) fn then(self, more: mpsc::UnboundedReceiver<Vec<u8>>) -> Self {
        Self { more: Some(more), ..self }
    }

    /// What holds its limits.
    #[must_use]
    pub fn by(&self) -> ConfinedBy {
        self.pen.by()
    }

    /// Runs it to its end, telling each line as it comes. Nothing of it is left then, but for what may last: that takes two seconds at
    /// most from a cancel or a broken limit on. If this is dropped, all of it is killed.
    pub async fn run(self, cancel: &CancellationToken, mut tell: impl FnMut(&Line)) -> Ran {
        let mut tap = Tap::new(self.limits.output_bytes);
        let ended = self.read(cancel, |stream, bytes| tap.push(stream, bytes, &mut tell)).await;
        let Ended { end, by, took, cpu, left, lasting: _ } = ended;
        let (output, cut) = tap.finish(&mut tell);
        Ran { end, by, output, cut, took, cpu, left }
    }

    /// As [`Confined::run`], for a program whose output is more than lines: hands over the bytes as they come, and
    /// leaves it to whoever takes them to take no more than [`Limits::output_bytes`].
    pub(crate) async fn read(
        self,
        cancel: &CancellationToken,
        mut take: impl FnMut(Stream, &[u8]),
    ) -> Ended {
        let Self { mut pen, pipes, input, more, limits, lasting, started } = self;
        let Pipes { input: to, mut output, mut errors } = pipes;
        let until = started + limits.wall;
        let mut cpu = Duration::ZERO;
        let mut buffers = (vec![0; 16 << 10], vec![0; 16 << 10]);
        let (mut output_open, mut errors_open) = (true, true);
        let feed = feed(to, &input, more);
        tokio::pin!(feed);
        let mut fed = false;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Limits come before reading: output without end must not keep them waiting.
        let end = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break End::Cancelled,
                () = tokio::time::sleep_until(until) => break End::Late,
                _ = look.tick() => {
                    let usage = pen.usage(&limits);
                    cpu = cpu.max(usage.cpu);
                    match usage.over {
                        Some(over) => break over,
                        None if cpu >= limits.cpu => break End::OverCpu,
                        None => {}
                    }
                }
                end = pen.ended() => break end,
                read = output.read(&mut buffers.0), if output_open => {
                    output_open = taken(Stream::Output, &buffers.0, read, &mut take);
                }
                read = errors.read(&mut buffers.1), if errors_open => {
                    errors_open = taken(Stream::Errors, &buffers.1, read, &mut take);
                }
                () = &mut feed, if !fed => fed = true,
            }
        };
        let asked = match end {
            End::Late | End::OverCpu | End::Cancelled => true,
            End::Exited(_)
            | End::Signalled(_)
            | End::OverMemory
            | End::OverProcesses
            | End::Lost => false,
        };
        if asked {
            pen.ask();
            let grace = Instant::now() + GRACE;
            loop {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(grace) => break,
                    _ = pen.ended() => break,
                    read = output.read(&mut buffers.0), if output_open => {
                        output_open = taken(Stream::Output, &buffers.0, read, &mut take);
                    }
                    read = errors.read(&mut buffers.1), if errors_open => {
                        errors_open = taken(Stream::Errors, &buffers.1, read, &mut take);
                    }
                }
            }
        }
        let usage = pen.usage(&limits);
        cpu = cpu.max(usage.cpu);
        let took = started.elapsed();
        let lasting = match (lasting, end) {
            (Lasting::Whatever, End::Exited(0)) => pen.let_go().await,
            (Lasting::Nothing | Lasting::Whatever, _) => Ok(0),
        };
        let left = pen.kill(Instant::now() + KILL).await;
        // Where the system killed part of it for its memory, what the rest says is not the whole truth.
        let end = match (end, usage.over) {
            (End::Signalled(_) | End::Exited(_), Some(End::OverMemory)) => End::OverMemory,
            (End::Signalled(_), _) if cpu >= limits.cpu => End::OverCpu,
            (end, _) => end,
        };
        let drained = Instant::now() + DRAIN;
        while output_open {
            let Ok(read) = timeout_at(drained, output.read(&mut buffers.0)).await else { break };
            output_open = taken(Stream::Output, &buffers.0, read, &mut take);
        }
        while errors_open {
            let Ok(read) = timeout_at(drained, errors.read(&mut buffers.1)).await else { break };
            errors_open = taken(Stream::Errors, &buffers.1, read, &mut take);
        }
        Ended { end, by: pen.by(), took, cpu, left, lasting }
    }
}

/// How a program ended whose output was handed over as it came; as in [`Ran`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) by: ConfinedBy,
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
    pub(crate) left: Left,
    /// How many processes go on; or why they could not, and were killed.
    pub(crate) lasting: Result<usize, String>,
}

/// Writes all of the input and closes the pipe. A program that does not read it is its own affair.
async fn feed(
    mut to: impl AsyncWrite + Unpin,
    input: &[u8],
    more: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
) {
    let _ = to.write_all(input).await;
    if let Some(mut more) = more {
        let _ = to.flush().await;
        while let Some(bytes) = more.recv().await {
            let _ = to.write_all(&bytes).await;
            let _ = to.flush().await;
        }
    }
    let _ = to.shutdown().await;
}

/// Hands over what was read; whether more can come.
fn taken(
    stream: Stream,
    buffer: &[u8],
    read: io::Result<usize>,
    take: &mut impl FnMut(Stream, &[u8]),
) -> bool {
    match read {
        Ok(0) | Err(_) => false,
        Ok(length) => {
            take(stream, &buffer[..length]);
            true
        }
    }
}
