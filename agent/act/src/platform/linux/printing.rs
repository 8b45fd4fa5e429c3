//! `printer.cancel_jobs`, `printer.resume`: queues of CUPS, by its own tools.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// What holds a queue up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// It does not print.
    stopped: bool,
    /// It takes no more documents.
    rejecting: bool,
    /// Why, in the words of whoever stopped it.
    #[serde(default)]
    why: Option<String>,
}

fn asked(context: &Context<'_>, words: &[&str]) -> Outcome<String> {
    let lpstat = context.programs.find("lpstat").ok_or_else(|| {
        Trouble::unsupported(
            "this machine does not print with CUPS (the program lpstat is missing)",
        )
    })?;
    let asked = context.ask(&lpstat, words)?;
    // Of an unknown printer it says so on standard error, which tells the same as nothing.
    Ok(asked.text)
}

pub(super) fn exists(context: &Context<'_>, printer: &str) -> Outcome<()> {
    let text = asked(context, &["-e"])?;
    if text.lines().any(|line| line.trim() == printer) {
        return Ok(());
    }
    let names: Vec<&str> = text.lines().map(str::trim).take(20).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Trouble::failed(format!("this machine has no printer {printer}; it has {names}")))
}

/// The documents of a queue: the first words of lines as `PRINTER-NUMBER ...`.
fn documents<'a>(text: &'a str, printer: &str) -> Vec<&'a str> {
    let of_queue = |word: &&str| {
        let number = word.strip_prefix(printer).and_then(|rest| rest.strip_prefix('-'));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    text.lines().filter_map(|line| line.split_ascii_whitespace().next()).filter(of_queue).collect()
}

pub(super) fn plan_cancel(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let printer = parameters.needed("printer")?;
    let text = asked(context, &["-o", printer])?;
    let lines = documents(&text, printer).iter().map(|id| format!("remove {id}")).collect();
    Ok(Plan::changes(lines, format!("no documents wait at {printer}")))
}

pub(super) fn cancel(
    context: &Context<'_>,
    parameters: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    context.must(&context.program("cancel")?, &["-a", printer])?;
    Ok(format!("{} documents were removed from {printer}", plan.changes.len()))
}

fn held(context: &Context<'_>, printer: &str) -> Outcome<Held> {
    let state = asked(context, &["-p", printer])?;
    let accepting = asked(context, &["-a", printer])?;
    read_held(&state, &accepting, printer)
        .ok_or_else(|| Trouble::failed(format!("CUPS does not tell how {printer} is")))
}

/// Reads `printer NAME is idle/disabled ...` and `NAME [not] accepting requests ...`.
fn read_held(state: &str, accepting: &str, printer: &str) -> Option<Held> {
    let (state, why) = told(state, |line| line.strip_prefix("printer ")?.strip_prefix(printer))?;
    let (accepting, why_not) = told(accepting, |line| line.strip_prefix(printer))?;
    let (stopped, rejecting) =
        (state.starts_with("disabled"), accepting.starts_with("not accepting"));
    let why = why.filter(|_| stopped).or(why_not.filter(|_| rejecting));
    Some(Held { stopped, rejecting, why })
}

/// What stands behind the name, and the reason in the line below it, which is indented.
fn told<'a>(
    text: &'a str,
    behind: impl Fn(&'a str) -> Option<&'a str>,
) -> Option<(&'a str, Option<String>)> {
    let mut lines = text.lines();
    let state = lines.find_map(|line| behind(line)?.strip_prefix(' '))?;
    let reason = lines.next().and_then(|line| line.strip_prefix('\t')).map(str::trim);
    Some((state, reason.filter(|reason| !reason.is_empty()).map(str::to_owned)))
}

pub(super) fn plan_resume(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let printer = parameters.needed("printer")?;
    let held = held(context, printer)?;
    let mut lines = Vec::new();
    if held.stopped {
        lines.push(format!("let {printer} print"));
    }
    if held.rejecting {
        lines.push(format!("let {printer} take documents"));
    }
    if lines.is_empty() {
        return Ok(Plan::already(format!("{printer} prints and takes documents")));
    }
    Plan::changes(lines, "").noting(held)
}

pub(super) fn resume(
    context: &Context<'_>,
    parameters: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    let held: Held = noted(&plan.before)?;
    if held.stopped {
        context.must(&context.program("cupsenable")?, &[printer])?;
    }
    if held.rejecting {
        context.must(&context.program("cupsaccept")?, &[printer])?;
    }
    Ok(format!("the queue of {printer} goes on"))
}

pub(super) fn undo_resume(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let printer = parameters.needed("printer")?;
    let held: Held = noted(before)?;
    let why = held.why.as_deref().map(|why| ["-r", why]);
    let words = [why.as_ref().map_or(&[][..], |why| &why[..]), &[printer]].concat();
    if held.rejecting {
        context.must(&context.program("cupsreject")?, &words)?;
    }
    if held.stopped {
        context.must(&context.program("cupsdisable")?, &words)?;
    }
    Ok(format!("the queue of {printer} is held as before"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn queues_are_understood() {
        let state = "printer Lab disabled since Thu 26 Nov 2026 -\n\tPaused\n";
        let held = read_held(state, "Lab not accepting requests since Thu\n", "Lab");
        let why = Some("Paused".to_owned());
        assert_eq!(held, Some(Held { stopped: true, rejecting: true, why }));
        let idle = read_held(
            "printer Lab is idle.  enabled since Thu\n",
            "Lab accepting requests since Thu\n",
            "Lab",
        );
        assert_eq!(idle, Some(Held::default()));
        let text = "Lab-12 anna 1024 Thu\nLab-2-7 x 1 Thu\nLab-13   bert 1 Thu\n";
        assert_eq!(documents(text, "Lab"), ["Lab-12", "Lab-13"]);
        assert_eq!(documents(text, "Lab-2"), ["Lab-2-7"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(one in any::<String>(), other in any::<String>()) {
            read_held(&one, &other, "Lab");
            documents(&one, "Lab");
        }
    }
}
