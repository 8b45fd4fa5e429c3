//! The act child: reads one order from its standard input and tells on its standard output what came of it.
//!
//! Deliberately not here: tying this process to the executor's life and to its limits, which the executor
//! does before it writes the order.

use std::io::{self, IsTerminal as _, Read, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use befund_runtime::frame::{self, Frame, FrameError};

use crate::platform::{self, Root};
use crate::{ActOrder, Programs, Surroundings, SystemClock, Told};

/// Why the child could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The order did not come whole.
    #[error("could not read the order from standard input")]
    Order(#[source] FrameError),
    /// The tree of files that the order names.
    #[error("could not open the tree of files at {path}")]
    Root {
        /// The tree.
        path: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// Nobody reads any more.
    #[error("could not write to standard output")]
    Write(#[source] FrameError),
}

/// The child's whole life: reads its order, obeys, ends.
#[must_use]
pub fn main() -> ExitCode {
    let from = io::stdin().lock();
    if from.is_terminal() {
        let text = "this command takes its orders from the executor, which starts it; there is nothing to type";
        let _ = writeln!(io::stderr(), "{text}");
        return ExitCode::FAILURE;
    }
    platform::usual_mask();
    match run(from, io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard output belongs to the frames.
            let text = befund_runtime::telemetry::chain(&error);
            let _ = writeln!(io::stderr(), "the act child failed: {text}");
            ExitCode::FAILURE
        }
    }
}

/// Reads one order and obeys it; a clean end in its place is none, and well.
///
/// # Errors
/// If the order cannot be read or nobody reads what is told. That an action fails is told, not an error.
pub fn run(mut from: impl Read, out: impl Write) -> Result<(), ChildError> {
    let order: Option<Frame<ActOrder>> = frame::read(&mut from).map_err(ChildError::Order)?;
    let Some(Frame { header, blob }) = order else { return Ok(()) };
    obey(&header, &blob, from, out)
}

/// Obeys an order that was read already; `script` are its script's bytes. Whoever is told what undoing needs answers with
/// a byte once that is noted, durably: only then is anything changed.
///
/// # Errors
/// As [`run`].
pub fn obey(
    order: &ActOrder,
    script: &[u8],
    mut from: impl Read,
    mut out: impl Write,
) -> Result<(), ChildError> {
    let root = Root::at(&order.machine.root).map_err(|source| ChildError::Root {
        path: order.machine.root.display().to_string(),
        source,
    })?;
    let programs = match &order.machine.programs {
        Some(folder) => Programs::only(folder),
        None => Programs::system(),
    };
    let clock = SystemClock;
    let around = Surroundings { root, programs, clock: &clock };
    let mut written = Ok(());
    crate::act(order, script, &around, &mut |told: Told| {
        let noted = matches!(told, Told::Before(_));
        if written.is_ok() {
            written = frame::write(&mut out, &told, &[]).and_then(|()| Ok(out.flush()?));
        }
        if noted && (written.is_err() || from.read_exact(&mut [0]).is_err()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    written.map_err(ChildError::Write)
}
