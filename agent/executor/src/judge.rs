//! The judging child: it evaluates expressions over facts, request by request, for as long as a run lasts. An
//! evaluation cannot be stopped from within, so that it is done where it can be killed.
//!
//! The language is not its own: whoever starts it brings an [`Evaluate`]. What asks it is [`Judge`].

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::Timestamp;
use befund_runtime::frame::{self, Frame, FrameError};

use crate::platform;

mod asking;

pub use asking::Judge;

/// Evaluates expressions: over this object, with the reasons why a name has no facts, at this time. One value
/// for each, or why there is none.
pub type Evaluate =
    fn(&[String], &Value, &BTreeMap<String, String>, Timestamp) -> Vec<Result<Value, String>>;

/// Evaluated by a child that waits to be asked, for what the first evaluation costs alone: its parser's tables.
const WARM: &str = "has(a.b) && a.b.exists(c, c.d == 'e' || !(c.f < 1)) ? a.b[0] + 1 : size(g) % 2";

/// The memory of judging, in bytes; the system refuses more than twice of it.
const MEMORY: u64 = 128 << 20;

/// What the child is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The expressions.
    pub expressions: Vec<String>,
    /// What they may name, an object.
    pub scope: Value,
    /// Why a name has no facts.
    pub missing: BTreeMap<String, String>,
    /// What they take for the time now.
    pub now: Timestamp,
}

/// The header of a question and of its answer, whose JSON stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    /// Counted by whoever asks; the answer has the same.
    pub(crate) number: u64,
    /// The process that asks.
    pub(crate) parent: u32,
}

/// The child's whole life: answers until nobody asks any more.
#[must_use]
pub fn main(evaluate: Evaluate) -> ExitCode {
    match answer_all(evaluate) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the executor's log; standard output belongs to the frames.
            let _ = writeln!(io::stderr(), "the judging child failed: {}", crate::told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The language of runbooks: see [`befund_expression`].
#[must_use]
pub fn cel(
    expressions: &[String],
    scope: &Value,
    missing: &BTreeMap<String, String>,
    now: Timestamp,
) -> Vec<Result<Value, String>> {
    befund_expression::evaluate(expressions, scope, missing, now)
}

#[derive(Debug, thiserror::Error)]
enum JudgeError {
    #[error("this command is asked by the executor, which starts it; there is nothing to type")]
    NoQuestions,
    #[error("could not give up the rights of an administrator")]
    Rights(#[source] io::Error),
    #[error("could not tie this process to the executor's life")]
    Parent(#[source] io::Error),
    #[error("could not read a question from standard input")]
    Read(#[source] FrameError),
    #[error("could not understand a question")]
    Question(#[source] serde_json::Error),
    #[error("could not write an answer to standard output")]
    Write(#[source] FrameError),
}

fn answer_all(evaluate: Evaluate) -> Result<(), JudgeError> {
    platform::only_think().map_err(JudgeError::Rights)?;
    platform::die_with_parent().map_err(JudgeError::Parent)?;
    let mut from = io::stdin().lock();
    if from.is_terminal() {
        return Err(JudgeError::NoQuestions);
    }
    befund_collect::Limits { memory_bytes: MEMORY, ..Default::default() }.hold();
    let mut out = io::stdout().lock();
    let nothing = Value::Object(serde_json::Map::new());
    // There is nothing that it could find out.
    drop(evaluate(&[WARM.to_owned()], &nothing, &BTreeMap::new(), Timestamp::UNIX_EPOCH));
    while let Some(Frame { header, blob }) =
        frame::read::<Numbered>(&mut from).map_err(JudgeError::Read)?
    {
        platform::check_parent(header.parent).map_err(JudgeError::Parent)?;
        let Question { expressions, scope, missing, now } =
            serde_json::from_slice(&blob).map_err(JudgeError::Question)?;
        let values = evaluate(&expressions, &scope, &missing, now);
        let answer = serde_json::to_vec(&values).map_err(JudgeError::Question)?;
        frame::write(&mut out, &header, &answer)
            .and_then(|()| Ok(out.flush()?))
            .map_err(JudgeError::Write)?;
    }
    Ok(())
}
