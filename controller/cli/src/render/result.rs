//! What a runbook came to: its causes as a small table, what people answered, what was tried and what became of it, and
//! whom the ticket goes to.

use std::fmt::Write as _;

use befund_model::action::{Acted, Command, Prediction};
use befund_model::runbook::{
    Answer, Attempt, AttemptEnd, Cause, CauseVerdict, Mode, RULED_OUT, RunbookResult,
};

use crate::render::job::{headline, narrowed};
use crate::render::table::{Tone, cell, table, toned};
use crate::render::timeline::acted_text;
use crate::render::{table as tables, text, value};
use crate::screen::Look;

/// All of it, each line indented; the headline is left out where it was `told` already.
pub(crate) fn all(
    look: &Look,
    result: &RunbookResult,
    told: Option<&str>,
    indent: usize,
) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    match result.mode {
        Mode::Run => {}
        Mode::Dry => {
            let _ = writeln!(out, "{pad}A dry run: nothing was changed.");
        }
    }
    out.push_str(&headline(look, &result.conclusion, told, indent));
    out.push_str(&causes(look, &result.causes, indent));
    for cause in result.causes.iter().filter(|cause| !cause.advice.is_empty()) {
        let _ = writeln!(out, "{pad}→ {}", text::block(&cause.advice, indent + 2));
    }
    out.push_str(&answers(&result.answers, indent));
    out.push_str(&attempts(look, &result.attempts, Depth::Brief, indent));
    if let Some(end) = end(look, result) {
        let _ = writeln!(out, "{pad}{end}");
    }
    out
}

/// The causes, with the evidence of each.
pub(crate) fn causes(look: &Look, causes: &[Cause], indent: usize) -> String {
    if causes.is_empty() {
        return String::new();
    }
    let mut rows = table(&narrowed(look, indent), &["verdict", "cause", "evidence"]);
    for cause in causes {
        let verdict = match cause.verdict {
            CauseVerdict::Found => toned("found", Tone::Bad),
            CauseVerdict::Excluded => toned("ruled out", Tone::Good),
            CauseVerdict::Unknown => cell("unknown"),
            CauseVerdict::Explained => toned("explained by another", Tone::Faint),
        };
        let evidence = if cause.evidence == RULED_OUT { "" } else { cause.evidence.as_str() };
        rows.add_row(vec![verdict, cell(&cause.title), cell(evidence)]);
    }
    tables::text(&rows, indent)
}

/// What people answered.
pub(crate) fn answers(answers: &[Answer], indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    for answer in answers {
        let Answer { question, answer, by } = answer;
        let (question, answer, by) = (text::line(question), text::line(answer), text::line(by));
        let _ = writeln!(out, "{pad}asked {question}: {answer}, by {by}");
    }
    out
}

/// How much is told of what was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What was done and what came of it.
    Brief,
    /// The commands and what they printed, too.
    Whole,
}

/// What was tried, one after the other, each as far as it went.
pub(crate) fn attempts(look: &Look, attempts: &[Attempt], depth: Depth, indent: usize) -> String {
    let mut out = String::new();
    for (number, attempt) in (1..).zip(attempts) {
        out.push_str(&one(look, number, attempt, depth, indent));
    }
    out
}

fn one(look: &Look, number: usize, attempt: &Attempt, depth: Depth, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = format!(
        "{pad}{number}. {} for {} ({}): {}\n",
        look.strong(&text::line(&attempt.act)),
        text::line(&attempt.fix.cause),
        attempt.risk.as_str(),
        end_word(look, attempt.end),
    );
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "{pad}   {name:<9} {}", text::wrapped(look, value, indent + 13));
    };
    if attempt.parameters.as_object().is_some_and(|object| !object.is_empty()) {
        row("with", &value::pairs(&attempt.parameters));
    }
    if let Some(prediction) = &attempt.prediction {
        row("would", &predicted(prediction));
    }
    if let Some(consent) = &attempt.consent {
        row("agreed", consent);
    }
    if let Some(approval) = &attempt.approval {
        row("signed", approval);
    }
    // What is coloured has been made harmless already.
    let acted = |out: &mut String, name: &str, acted: &Acted| {
        let _ = writeln!(out, "{pad}   {name:<9} {}", acted_text(look, acted));
        match depth {
            Depth::Brief => {}
            Depth::Whole => out.push_str(&ran(&acted.commands, indent + 13)),
        }
    };
    if let Some(done) = &attempt.acted {
        acted(&mut out, "did", done);
    }
    if adds(attempt) {
        let reason = text::wrapped(look, &attempt.reason, indent + 13);
        let _ = writeln!(out, "{pad}   {:<9} {reason}", "because");
    }
    if let Some(undone) = &attempt.undone {
        acted(&mut out, "undone", undone);
    }
    out
}

/// Whether why it went no further was not said by its prediction, or by what came of it.
fn adds(attempt: &Attempt) -> bool {
    let predicted = attempt.prediction.iter().flat_map(|prediction| &prediction.lines);
    let acted = attempt.acted.iter().map(|acted| &acted.reason);
    !attempt.reason.is_empty()
        && !predicted.into_iter().any(|said| said.starts_with(&attempt.reason))
        && !acted.filter(|said| !said.is_empty()).any(|said| attempt.reason.ends_with(said))
}

/// The commands and what they printed.
fn ran(commands: &[Command], indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    for command in commands {
        let exit = command.exit.map_or_else(|| "killed".to_owned(), |exit| format!("exit {exit}"));
        let line = text::line(&command.line.join(" "));
        let _ = writeln!(out, "{pad}$ {line}  ({exit}, {})", text::took(command.took_us));
        if !command.output.trim().is_empty() {
            let _ = writeln!(out, "{pad}  {}", text::block(command.output.trim(), indent + 2));
        }
        if command.cut {
            let _ = writeln!(out, "{pad}  (its output was cut)");
        }
    }
    out
}

/// What would change, in one block.
pub(crate) fn predicted(prediction: &Prediction) -> String {
    let lines = prediction.lines.join("\n");
    let lines = lines.strip_prefix("cannot predict: ").unwrap_or(&lines).to_owned();
    match (prediction.known, prediction.changes) {
        (false, _) if lines.is_empty() => "cannot be predicted".to_owned(),
        (false, _) => format!("cannot be predicted: {lines}"),
        (true, false) if lines.is_empty() => "nothing: it is so already".to_owned(),
        // Also what a person is told to do, which changes nothing by itself.
        (true, false | true) => lines,
    }
}

/// How far a fix went.
pub(crate) fn end_word(look: &Look, end: AttemptEnd) -> String {
    match end {
        AttemptEnd::Predicted => "only predicted".to_owned(),
        AttemptEnd::Needless => "not needed".to_owned(),
        AttemptEnd::Refused => look.bad("not agreed to"),
        AttemptEnd::NotApproved => look.bad("not signed"),
        AttemptEnd::Failed => look.bad("failed"),
        AttemptEnd::Verified => look.good("put right"),
        AttemptEnd::NotVerified => look.bad("done, and the cause is still there"),
        AttemptEnd::Reverted => look.bad("done, and undone again"),
        AttemptEnd::Indeterminate => look.bad("nobody can tell whether it was done"),
    }
}

/// Whether the trouble is over, and whom it goes to otherwise.
pub(crate) fn end(look: &Look, result: &RunbookResult) -> Option<String> {
    let over = match result.accepted {
        Some(true) => Some(look.good("The trouble is over.")),
        Some(false) => Some(look.bad("The trouble is not over.")),
        None => None,
    };
    let to = match (&result.escalate_to, &result.escalate_unknown) {
        (Some(group), _) => Some(format!("It should go to {}.", text::line(group))),
        (None, Some(why)) => Some(format!(
            "It should go on to the next level; to which group could not be told: {}.",
            text::line(why)
        )),
        (None, None) => None,
    };
    match (over, to) {
        (None, None) => None,
        (over, to) => Some(over.into_iter().chain(to).collect::<Vec<_>>().join(" ")),
    }
}
