//! The collect child: what it is told on standard input, what it tells on standard output, and its
//! `main`.
//!
//! Blocking and without a runtime, since it must start in no time. One that takes a snapshot ends with it; one that ran
//! probes waits for more of them, until nobody can ask any more. It is killed with its group when it overstays.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_collect::probe::{self, Context, Targets};
use befund_collect::{Plan, Root};
use befund_model::probe::ProbeResult;
use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;
use befund_runtime::frame::{self, Frame, FrameError};

use crate::platform;

/// What the child is to do: a frame on its standard input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildOrder {
    /// The process that started it.
    pub parent: u32,
    /// The tree to read.
    pub root: PathBuf,
    /// What.
    pub work: ChildWork,
}

/// What the child is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildWork {
    /// Take a snapshot's sections; answered by [`befund_collect::child::ChildMessage`]s.
    Collect(Plan),
    /// Run probes beside one another; answered by [`Told`]s.
    Probe {
        /// The probes.
        steps: Vec<Step>,
        /// What they may reach.
        targets: Box<Targets>,
        /// The correction of the wall clock, in milliseconds.
        clock_offset_ms: i64,
    },
}

/// One probe to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name among the steps.
    pub name: String,
    /// The probe.
    pub probe: String,
    /// Its parameters, a JSON object or null.
    pub parameters: Value,
    /// How long it may take, in milliseconds.
    pub within_ms: u64,
}

/// What a child that runs probes tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// A line for people.
    Output {
        /// The step.
        step: String,
        /// The line.
        line: String,
    },
    /// A step ended.
    Ended {
        /// The step.
        step: String,
        /// What it measured.
        result: Box<ProbeResult>,
    },
}

/// The child's whole life: reads its orders, obeys, ends. Call it before anything else that costs
/// time is set up.
#[must_use]
pub fn main() -> ExitCode {
    match obey() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the executor's log; standard output belongs to the frames.
            let _ = writeln!(io::stderr(), "the collect child failed: {}", crate::told(&error));
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ChildError {
    #[error("could not read the order from standard input")]
    Order(#[source] FrameError),
    #[error(
        "this command takes its orders from the executor, which starts it; there is nothing to type"
    )]
    NoOrder,
    #[error("could not give up the rights that reading does not take")]
    Rights(#[source] io::Error),
    #[error("could not tie this process to the executor's life")]
    Parent(#[source] io::Error),
    #[error("could not open the tree at {}: {reason}", path.display())]
    Root { path: PathBuf, reason: String },
    #[error("could not write to standard output")]
    Write(#[source] FrameError),
}

fn obey() -> Result<(), ChildError> {
    platform::only_read().map_err(ChildError::Rights)?;
    // Before the order, which may be long in coming.
    platform::die_with_parent().map_err(ChildError::Parent)?;
    let mut from = io::stdin().lock();
    if from.is_terminal() {
        return Err(ChildError::NoOrder);
    }
    // An executor that ends needs its spare child no more.
    while let Some(Frame { header: order, .. }) =
        frame::read::<ChildOrder>(&mut from).map_err(ChildError::Order)?
    {
        platform::check_parent(order.parent).map_err(ChildError::Parent)?;
        let root = Root::at(&order.root).map_err(|error| ChildError::Root {
            path: order.root.clone(),
            reason: error.to_string(),
        })?;
        match order.work {
            ChildWork::Collect(plan) => {
                plan.limits.hold();
                return befund_collect::child::run_collect(&root, &plan, io::stdout().lock())
                    .map_err(ChildError::Write);
            }
            ChildWork::Probe { steps, targets, clock_offset_ms } => {
                let clock = Clock::system();
                clock.correct_by(clock_offset_ms);
                probes(&order.root, &steps, &targets, &clock).map_err(ChildError::Write)?;
            }
        }
    }
    Ok(())
}

/// Runs the steps beside one another, each told as soon as it ends.
fn probes(root: &Path, steps: &[Step], targets: &Targets, clock: &Clock) -> Result<(), FrameError> {
    let out = Out { failed: Mutex::new(Ok(())) };
    let started = Instant::now();
    let run = |step: &Step| {
        let output = |line: &str| {
            out.tell(&Told::Output { step: step.name.clone(), line: line.to_owned() });
        };
        let deadline = started + Duration::from_millis(step.within_ms);
        let context = Context { root, targets, clock, deadline, output: &output };
        let result = match probe::find(&step.probe) {
            Some(spec) => probe::run(spec, &step.parameters, &context),
            None => unknown(step),
        };
        out.tell(&Told::Ended { step: step.name.clone(), result: Box::new(result) });
    };
    match steps {
        // The common case is spared a thread.
        [step] => run(step),
        steps => std::thread::scope(|scope| {
            for step in steps {
                scope.spawn(|| run(step));
            }
        }),
    }
    out.failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn unknown(step: &Step) -> ProbeResult {
    let reason = format!("this agent has no probe {}", step.probe);
    ProbeResult {
        probe: step.probe.clone(),
        version: 0,
        status: Status::Unsupported,
        summary: format!("not measured: {reason}"),
        reason,
        verdict: befund_model::probe::Verdict::Unknown,
        facts: Value::Null,
        took_us: 0,
    }
}

/// Standard output, shared by the steps. The first failure is kept: nobody reads any more then.
struct Out {
    failed: Mutex<Result<(), FrameError>>,
}

impl Out {
    fn tell(&self, told: &Told) {
        let mut failed: MutexGuard<'_, _> =
            self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_ok() {
            let mut out = io::stdout().lock();
            *failed = frame::write(&mut out, told, &[]).and_then(|()| Ok(out.flush()?));
        }
    }
}
