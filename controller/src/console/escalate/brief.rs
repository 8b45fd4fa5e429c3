//! What is known of a ticket when it is handed on, as plain text for whoever takes over: what to look at next first, then
//! what was complained about, found, ruled out and tried. Short, since it is read in a minute; all of it is on the ticket.
//! Pure.

use befund_model::api::TicketView;
use befund_model::job::{JobState, Work};
use befund_model::runbook::{AttemptEnd, CauseVerdict, RunbookResult};
use befund_model::ticket::TicketEvent;
use serde_json::Value;

use crate::console::changes::Line;
use crate::console::run::Run;
use crate::console::run::story::{Judged, Tried};
use crate::console::run::verdict::verdict;
use crate::console::units;

/// The most characters of what the person wrote.
const MOST_SYMPTOM: usize = 600;
/// The most characters of a fact.
const MOST_FACT: usize = 120;
/// The most lines below one heading.
const MOST_LINES: usize = 8;
/// The most other runs that are named.
const MOST_RUNS: usize = 4;

/// The brief: of a ticket, its run, what changed since the machine was last well, and the way to all of that.
#[must_use]
pub(super) fn of(view: &TicketView, run: &Run, changes: &[Line], way: Option<&str>) -> String {
    let pick = |en: &'static str, de: &'static str| run.frame.t.pick(en, de);
    let mut brief =
        Brief { more: pick("more, on the ticket", "weitere, am Ticket"), text: String::new() };
    brief.list(pick("To look at next", "Als Nächstes ansehen"), &next(run, !changes.is_empty()));
    brief.line(pick("Symptom", "Symptom"), &symptom(view));
    let (_, sentence) = verdict(run);
    let title = run.names.title(&run.job, run.r);
    brief.line(pick("Run", "Lauf"), &format!("{title} ({}): {sentence}", run.job.work.name()));

    let told = |cause: &Judged| {
        let title = run.names.cause(&cause.id);
        match run.names.said(&cause.evidence).as_str() {
            "" => title,
            evidence => format!("{title}: {evidence}"),
        }
    };
    let judged = |verdict| run.story.judged_as(verdict).map(told).collect::<Vec<_>>();
    brief.list(pick("Found", "Gefunden"), &judged(CauseVerdict::Found));
    let tried = run.story.fixes.iter().map(|tried| attempt(run, tried)).collect::<Vec<_>>();
    brief.list(pick("Tried", "Versucht"), &tried);
    let undone = run.story.fixes.iter().filter_map(|tried| {
        Some(format!("{}: {}", tried.act, run.names.said(&tried.undone.as_ref()?.summary)))
    });
    brief.list(pick("Undone", "Zurückgenommen"), &undone.collect::<Vec<_>>());
    brief.list(pick("Could not be told", "Nicht feststellbar"), &judged(CauseVerdict::Unknown));
    let excluded: Vec<String> = run
        .story
        .judged_as(CauseVerdict::Excluded)
        .map(|cause| run.names.cause(&cause.id))
        .collect();
    if !excluded.is_empty() {
        brief.line(pick("Ruled out", "Ausgeschlossen"), &excluded.join("; "));
    }
    let answers = run.story.questions.iter().filter_map(|asked| {
        let answer = asked.answer.as_ref()?;
        let text = run.names.words(&asked.question.text);
        let choice = asked.question.choice.iter().find(|choice| choice.value == answer.answer);
        let said = choice.map_or(answer.answer.as_str(), |one| run.names.words(&one.text));
        Some(format!("{text} {said} ({})", run.names.who(&answer.by)))
    });
    brief.list(pick("Answers", "Antworten"), &answers.collect::<Vec<_>>());
    let others = others(view, run);
    brief.list(pick("Also run on this ticket", "Auf diesem Ticket auch gelaufen"), &others);
    if let Some(result) = &run.result {
        let title = pick("Other than before the changes", "Anders als vor den Änderungen");
        brief.list(title, &differing(run, result));
    }
    let changes = changes
        .iter()
        .map(|line| format!("{} {}: {} {}", line.class, line.title, line.path, line.values));
    let mut changes: Vec<String> = changes.collect();
    brief.cut(&mut changes);
    changes.extend(way.map(str::to_owned));
    brief.list(run.r.since_good, &changes);
    brief.text.trim_end().to_owned()
}

struct Brief {
    more: &'static str,
    text: String,
}

impl Brief {
    fn line(&mut self, label: &str, text: &str) {
        self.text += &format!("{label}: {text}\n");
    }

    fn list(&mut self, label: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.text += &format!("{label}:\n");
        let mut lines = lines.to_vec();
        self.cut(&mut lines);
        for line in lines {
            self.text += &format!("- {}\n", line.trim().replace('\n', " "));
        }
    }

    /// Leaves out what is too much, and says so.
    fn cut(&self, lines: &mut Vec<String>) {
        let more = lines.len().saturating_sub(MOST_LINES + 1);
        if more > 0 {
            lines.truncate(MOST_LINES);
            lines.push(format!("… {} {}", more + 1, self.more));
        }
    }
}

fn symptom(view: &TicketView) -> String {
    let said = view.timeline.iter().find_map(|entry| match &entry.event {
        TicketEvent::Opened { message } => Some(message.trim()),
        _ => None,
    });
    let subject = view.ticket.subject.trim();
    match said.filter(|said| !said.is_empty() && *said != subject) {
        Some(said) => {
            let short: String = said.chars().take(MOST_SYMPTOM).collect();
            format!("{subject} – {}", short.replace('\n', " "))
        }
        None => subject.to_owned(),
    }
}

fn attempt(run: &Run, tried: &Tried) -> String {
    let end = tried.end.map_or_else(String::new, |end| format!(": {}", run.r.end_of(&end)));
    let why = match tried.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({})", run.names.said(reason)),
    };
    format!("{} [{}]{end}{why}", run.names.fix(&tried.fix, &tried.act), tried.act)
}

/// What other runbooks came to on this ticket, the latest first.
fn others(view: &TicketView, run: &Run) -> Vec<String> {
    let ended = view.timeline.iter().rev().filter_map(|entry| match &entry.event {
        TicketEvent::Result { job, work, summary, .. } if *job != run.job.id => match work {
            Work::Runbook(name) => Some(format!("{name}: {summary}")),
            Work::Undo(_) => Some(format!("{}: {summary}", run.r.undoing)),
            Work::Probe(_) => None,
        },
        _ => None,
    });
    ended.take(MOST_RUNS).collect()
}

/// The facts that are others than before anything was changed.
fn differing(run: &Run, result: &RunbookResult) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, was) in &result.before {
        let Some(is) = result.facts.get(name) else { continue };
        let (Some(was), Some(is)) = (was.facts.as_object(), is.facts.as_object()) else { continue };
        for (field, value) in is {
            let old = was.get(field).unwrap_or(&Value::Null);
            if old != value {
                let step = run.names.step(name);
                let (old, new) = (fact(run, field, old), fact(run, field, value));
                lines.push(format!("{step}: {field}: {old} → {new}"));
            }
        }
    }
    lines
}

fn fact(run: &Run, field: &str, value: &Value) -> String {
    let text = match value {
        Value::Array(entries) if !entries.iter().any(|one| one.is_array() || one.is_object()) => {
            let entries = entries.iter().map(|one| units::scalar(run.frame.t, field, one));
            entries.collect::<Vec<_>>().join(", ")
        }
        Value::Array(_) | Value::Object(_) => value.to_string(),
        plain => units::scalar(run.frame.t, field, plain),
    };
    match text.char_indices().nth(MOST_FACT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The advice for what was found and not put right, and what was not allowed; then what could not be measured; then the
/// group. Where all of that is nothing, where else to look.
fn next(run: &Run, is_otherwise: bool) -> Vec<String> {
    let pick = |en: &'static str, de: &'static str| run.frame.t.pick(en, de);
    let of = |cause: &Judged| {
        let tried = run.story.fixes.iter();
        tried.filter(|tried| tried.fix.cause == cause.id).collect::<Vec<_>>()
    };
    let mut next: Vec<String> = Vec::new();
    if run.state() == JobState::Indeterminate {
        let look = "Look at the machine whether the last change was made";
        next.push(pick(look, "Am Rechner nachsehen, ob die letzte Änderung gemacht wurde").into());
    }
    for cause in run.story.judged_as(CauseVerdict::Found) {
        let tried = of(cause);
        if tried.iter().any(|tried| tried.end == Some(AttemptEnd::Verified)) {
            continue;
        }
        let advice = run.names.advice(&cause.id).unwrap_or_else(|| cause.advice.clone());
        let title = run.names.cause(&cause.id);
        next.push(if advice.is_empty() { title } else { format!("{title}: {advice}") });
        for tried in tried {
            let Some(AttemptEnd::Refused | AttemptEnd::NotApproved) = tried.end else { continue };
            let not_done = pick("Not done", "Nicht getan");
            next.push(format!("{not_done}: {}", attempt(run, tried)));
        }
    }
    for step in run.story.steps.iter().filter(|step| !step.is_well()) {
        let missing = pick("Could not be measured", "Konnte nicht gemessen werden");
        let why = step.summary.strip_prefix("not measured: ").unwrap_or(&step.summary);
        let why = run.names.said(why);
        next.push(format!("{missing}: {}: {why}", run.names.step(&step.name)));
    }
    if next.is_empty() {
        next.push(match is_otherwise {
            true => pick(
                "Nothing that the run looks for: what changed since the machine was last well is below",
                "Nichts von dem, wonach gesucht wurde: Was sich geändert hat, seit der Rechner zuletzt gut war, steht unten",
            ),
            false => pick(
                "Nothing that the run looks for: ask the person once more what exactly happens",
                "Nichts von dem, wonach gesucht wurde: noch einmal fragen, was genau passiert",
            ),
        }
        .to_owned());
    }
    let result = run.result.as_ref();
    if let Some(group) = result.and_then(|result| result.escalate_to.as_ref()) {
        next.push(format!("{}: {group}", pick("The runbook names", "Das Runbook nennt")));
    }
    if let Some(why) = result.and_then(|result| result.escalate_unknown.as_ref()) {
        let cannot = pick(
            "The runbook cannot tell to which group it goes",
            "Das Runbook kann nicht sagen, an welche Gruppe es geht",
        );
        next.push(format!("{cannot}: {why}"));
    }
    next
}
