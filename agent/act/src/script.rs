//! Scripts of the catalogue, whose bytes the executor has verified: run from where nobody can change them, by
//! an absolute interpreter, with their arguments as JSON on standard input.
//!
//! The last line of a script's output that is an object with `before` is what its undo script gets.

use std::ffi::OsString;

use befund_model::action::{Holds, Prediction};
use serde_json::{Value, json};

use crate::context::{Context, Invocation, ended_well};
use crate::engine::acted;
use crate::platform::{self, Prepared};
use crate::trouble::{Outcome, Trouble};
use crate::{Interpreter, Purpose, Script, Told};

/// The most bytes of what a script notes for its undo script.
const MAX_BEFORE_BYTES: usize = 256 << 10;
/// How many lines from the end are looked at for it.
const LOOKED_AT: usize = 16;

pub(crate) fn run(context: &Context<'_>, script: &Script, bytes: &[u8]) -> Told {
    match &context.order.purpose {
        Purpose::Predict => {
            let lines = vec![format!(
                "cannot predict: what the script {} changes is known to its authors alone",
                script.name
            )];
            Told::Predicted(Prediction { known: false, changes: true, lines })
        }
        Purpose::Holds => {
            let reason = "a script cannot be asked whether it was run".to_owned();
            Told::Holds { holds: Holds::Unknown, reason }
        }
        Purpose::Perform => match perform(context, script, bytes, script.arguments.clone()) {
            Ok(before) => {
                let told = acted(Ok(format!("the script {} was run", script.name)));
                noting(told, before)
            }
            Err((trouble, before)) => noting(acted(Err(trouble)), before),
        },
        Purpose::Undo { before } => {
            let input = json!({ "before": before, "arguments": script.arguments });
            let done = perform(context, script, bytes, input);
            acted(match done {
                Ok(_) => Ok(format!("the script {} was run to undo it", script.name)),
                Err((trouble, _)) => Err(trouble),
            })
        }
    }
}

fn noting(told: Told, before: Value) -> Told {
    match told {
        Told::Acted(mut acted) => {
            acted.before = before;
            Told::Acted(acted)
        }
        other => other,
    }
}

/// Runs it; gives what it noted, also where it failed.
fn perform(
    context: &Context<'_>,
    script: &Script,
    bytes: &[u8],
    input: Value,
) -> Result<Value, (Trouble, Value)> {
    let none = |trouble| (trouble, Value::Null);
    if bytes.is_empty() {
        return Err(none(Trouble::failed(format!("the script {} is empty", script.name))));
    }
    let interpreter = interpreter(context, script.interpreter).map_err(none)?;
    let input = input.to_string();
    let Prepared { file, folder, held: _held, input } =
        platform::prepare_script(script.interpreter, bytes, input.as_bytes()).map_err(|error| {
            none(Trouble::io(
                format_args!("put the script {} where it is run", script.name),
                &error,
            ))
        })?;
    let mut arguments: Vec<OsString> = match script.interpreter {
        Interpreter::Sh => Vec::new(),
        Interpreter::Python => vec!["-I".into()],
        Interpreter::Powershell => {
            ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"]
                .map(OsString::from)
                .into()
        }
    };
    arguments.push(file.into_os_string());
    let ran = context
        .invoke(Invocation {
            program: &interpreter,
            arguments,
            environment: Vec::new(),
            account: None,
            folder: Some(folder.path()),
            input: Some(input),
        })
        .map_err(none)?;
    let before = noted(&ran.text);
    match ended_well(&interpreter, &ran) {
        Ok(()) => Ok(before),
        Err(_) => {
            let exit = ran.exit.map_or("killed".to_owned(), |exit| format!("ended with {exit}"));
            let last = if ran.last.is_empty() { "without a word" } else { &ran.last };
            Err((Trouble::failed(format!("the script {} {exit}: {last}", script.name)), before))
        }
    }
}

fn interpreter(context: &Context<'_>, interpreter: Interpreter) -> Outcome<std::path::PathBuf> {
    let name = platform::interpreter(interpreter);
    context.programs.find(name).ok_or_else(|| {
        Trouble::unsupported(format!("the interpreter {name} is not installed on this machine"))
    })
}

/// What the last line that is an object with `before` says.
fn noted(output: &str) -> Value {
    let line = output.lines().rev().take(LOOKED_AT).find_map(|line| {
        let line = line.trim();
        if line.len() > MAX_BEFORE_BYTES || !line.starts_with('{') {
            return None;
        }
        let mut value: Value = serde_json::from_str(line).ok()?;
        value.get_mut("before").map(Value::take)
    });
    line.unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_line_with_a_before_counts() {
        let output = "{\"before\": 1}\nwords\n{\"before\": {\"a\": 2}}\n{\"other\": 3}\ndone\n";
        assert_eq!(noted(output), json!({"a": 2}));
        assert_eq!(noted("nothing\n{broken"), Value::Null);
    }

    proptest! {
        #[test]
        fn no_output_breaks_the_reader(output in any::<String>()) {
            noted(&output);
        }
    }
}
