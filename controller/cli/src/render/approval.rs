//! What is about to be signed, in plain words: the statement itself, and what the signed runbook says of the step.

use std::fmt::Write as _;
use std::time::Duration;

use befund_model::action::Undo;
use befund_runbook::document::{Act, Fix, UndoBy};
use befund_trust::approval;

use crate::commands::approve::{Pending, Step, Vouched};
use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text};
use crate::screen::Look;

/// What an act is called.
pub(crate) fn act(act: &approval::Act) -> String {
    match act {
        approval::Act::Action(name) => text::line(name),
        approval::Act::Script { path, .. } => text::line(path),
        approval::Act::Instruct => "user.instruct".to_owned(),
        approval::Act::OpenUrl => "user.open_url".to_owned(),
        approval::Act::Reboot => "machine.reboot".to_owned(),
    }
}

/// All of it, for whoever is about to sign.
pub(crate) fn asked(look: &Look, pending: &Pending, vouched: &Vouched) -> String {
    // It has made harmless what came from the machine.
    let mut out = pending.statement.text();
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<11}{value}");
    };
    row(
        "Asked by",
        format!("{}, {}", text::line(&pending.job.created_by), look.time(pending.job.created_at)),
    );
    if pending.people > 1 {
        let so_far = match pending.signed.as_slice() {
            [] => "nobody has yet".to_owned(),
            names => format!("so far: {}", text::line(&names.join(", "))),
        };
        row("Signers", format!("{} different people have to sign; {so_far}", pending.people));
    }
    out.push('\n');
    match vouched {
        Vouched::By(vouchers) => {
            let people: Vec<String> = vouchers.people.iter().map(|name| text::line(name)).collect();
            let _ = writeln!(
                out,
                "{} {} signed the catalogue with this runbook, which says of the step:",
                look.good("Vouched for."),
                people.join(" and ")
            );
            out.push_str(&step(&vouchers.step));
        }
        Vouched::Not(why) => {
            let _ = writeln!(
                out,
                "{} {}.\nWhat the runbook really does cannot be told from here: the controller, or the machine, may show \
                 one thing\nand do another.",
                look.bad("NOBODY VOUCHES FOR THIS:"),
                text::block(why, 0)
            );
        }
    }
    out
}

fn step(step: &Step) -> String {
    let mut out = String::new();
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "  {name:<13}{value}");
    };
    let cause = &step.runbook.causes[step.cause];
    row("The cause", text::line(&cause.title.en));
    let Some(fix) = step.fix() else { return out };
    if let Some(said) = told(fix) {
        row("The user", format!("is told: {}", text::block(&said, 15)));
    }
    if !step.filled.is_empty() {
        let names: Vec<String> = step.filled.iter().map(|name| text::line(name)).collect();
        row(
            "Filled in",
            format!("by the machine: {}; all else is as it was signed", names.join(", ")),
        );
    }
    row("Undone", undone(fix));
    if let Some(confirm) = &fix.confirm {
        let holds = match &confirm.until {
            Some(until) => format!("unless {} holds", text::line(&until.text)),
            None => "if something stops working that worked before".to_owned(),
        };
        row("By itself", format!("undone within {}, {holds}", span(confirm.within)));
    }
    match &cause.verify {
        Some(verify) => row(
            "It helped if",
            format!("{} within {}", text::line(&verify.until.text), span(verify.within)),
        ),
        None => row("It helped if", "the cause is no longer found".to_owned()),
    }
    row("If it fails", fails(step));
    out
}

/// What the person at the machine is told.
fn told(fix: &Fix) -> Option<String> {
    let own = fix.text.as_ref().map(|text| text.en.clone());
    own.or_else(|| match &fix.act {
        Act::Action(name) => {
            befund_model::action::find(name).map(|spec| spec.user.english.to_owned())
        }
        Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
    })
}

fn undone(fix: &Fix) -> String {
    match (&fix.undo, &fix.act) {
        (UndoBy::Action(name), _) => format!("by {}", text::line(name)),
        (UndoBy::Script(script), _) => format!("by {}", text::line(&script.path)),
        (UndoBy::None, _) => "not: there is nothing to undo, or it cannot be".to_owned(),
        (UndoBy::Auto, Act::Action(name)) => {
            match befund_model::action::find(name).map(|spec| spec.undo) {
                Some(Undo::Restores) => "by putting back what was there before".to_owned(),
                Some(Undo::Needless) => "not: there is nothing to put back".to_owned(),
                Some(Undo::Impossible) | None => "not: it cannot be taken back".to_owned(),
            }
        }
        (UndoBy::Auto, Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot) => {
            "not: it cannot be taken back".to_owned()
        }
    }
}

fn fails(step: &Step) -> String {
    let runbook = &step.runbook;
    let left = runbook.causes[step.cause].fixes.len().saturating_sub(step.fix + 1);
    let then = match &runbook.escalate {
        Some(escalate) => format!("the ticket goes on, to {}", text::line(&escalate.to.text)),
        None => "the ticket stays where it is".to_owned(),
    };
    match left {
        0 => then,
        1 => format!("one more fix of the same cause can be tried; after it {then}"),
        left => format!("{left} more fixes of the same cause can be tried; after them {then}"),
    }
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// What is printed once it was signed.
pub(crate) fn signed(look: &Look, pending: &Pending) -> String {
    let job = pending.job.id;
    let so_far = u32::try_from(pending.signed.len()).unwrap_or(u32::MAX).saturating_add(1);
    let next = if so_far < pending.people {
        format!(
            "The machine verifies it. It is {so_far} of {}: nothing is done before another person signs as well, with \
             befund approve {job}",
            pending.people
        )
    } else {
        "The machine verifies it and goes on.".to_owned()
    };
    format!("{} {next}\nWatch it: befund job watch {job}", look.good("Signed."))
}

/// What waits for a signature.
pub(crate) fn waiting(look: &Look, pending: &[Pending]) -> String {
    if pending.is_empty() {
        return "Nothing waits for a signature.".to_owned();
    }
    let mut rows =
        table(look, &["job", "machine", "ticket", "does", "for", "risk", "signed", "until"]);
    for one in pending {
        let statement = &one.statement;
        let step = &statement.step;
        rows.add_row(vec![
            cell(one.job.id.to_string()),
            cell(&statement.machine),
            cell(step.ticket.map_or_else(|| "–".to_owned(), |ticket| format!("#{ticket}"))),
            cell(act(&step.act)),
            cell(format!("{}: {}", step.runbook.name, step.fix.cause)),
            cell(step.risk.as_str()),
            cell(format!("{} of {}", one.signed.len(), one.people.max(1))),
            toned(look.time(statement.expires), Tone::Faint),
        ]);
    }
    format!("{}Look at one and sign it: befund approve JOB", tables::text(&rows, 0))
}
