//! What is known of a ticket after a run that did not help, as plain text for whoever takes over. Pure.

use befund_model::api::TicketView;
use befund_model::job::JobState;
use befund_model::runbook::{AttemptEnd, CauseVerdict};
use befund_model::ticket::TicketEvent;

use crate::console::changes::Line;
use crate::console::run::Run;
use crate::console::run::story::{Judged, Tried};
use crate::console::run::verdict::verdict;

/// The most characters of what the person wrote.
const MOST_SYMPTOM: usize = 600;

/// The brief: of a ticket, its run, what changed since the machine was last well, and the way to all of that.
#[must_use]
pub(super) fn of(view: &TicketView, run: &Run, changes: &[Line], way: Option<&str>) -> String {
    let pick = |en: &'static str, de: &'static str| run.frame.t.pick(en, de);
    let mut brief = Brief::default();
    brief.line(pick("Symptom", "Symptom"), &symptom(view));
    let (_, sentence) = verdict(run);
    let title = run.names.title(&run.job, run.r);
    brief.line(pick("Run", "Lauf"), &format!("{title} ({}): {sentence}", run.job.work.name()));

    let told = |cause: &Judged| {
        let title = run.names.cause(&cause.id);
        if cause.evidence.is_empty() { title } else { format!("{title}: {}", cause.evidence) }
    };
    let judged = |verdict| run.story.judged_as(verdict).map(told).collect::<Vec<_>>();
    brief.list(pick("Found", "Gefunden"), &judged(CauseVerdict::Found));
    let excluded: Vec<String> = run
        .story
        .judged_as(CauseVerdict::Excluded)
        .map(|cause| run.names.cause(&cause.id))
        .collect();
    brief.list(pick("Ruled out", "Ausgeschlossen"), &excluded);
    brief.list(pick("Could not be told", "Nicht feststellbar"), &judged(CauseVerdict::Unknown));

    let tried = run.story.fixes.iter().map(|tried| attempt(run, tried)).collect::<Vec<_>>();
    brief.list(pick("Tried", "Versucht"), &tried);
    let undone = run
        .story
        .fixes
        .iter()
        .filter_map(|tried| Some(format!("{}: {}", tried.act, tried.undone.as_ref()?.summary)));
    brief.list(pick("Undone", "Zurückgenommen"), &undone.collect::<Vec<_>>());
    let answers = run.story.questions.iter().filter_map(|asked| {
        let answer = asked.answer.as_ref()?;
        let text = run.names.words(&asked.question.text);
        let choice = asked.question.choice.iter().find(|choice| choice.value == answer.answer);
        let said = choice.map_or(answer.answer.as_str(), |one| run.names.words(&one.text));
        Some(format!("{text} {said} ({})", answer.by))
    });
    brief.list(pick("Answers", "Antworten"), &answers.collect::<Vec<_>>());
    let changes = changes
        .iter()
        .map(|line| format!("{} {}: {} {}", line.class, line.title, line.path, line.values));
    let changes = changes.chain(way.map(str::to_owned));
    brief.list(run.r.since_good, &changes.collect::<Vec<_>>());
    brief.list(pick("To look at next", "Als Nächstes ansehen"), &next(run));
    brief.text.trim_end().to_owned()
}

#[derive(Default)]
struct Brief {
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
        for line in lines {
            self.text += &format!("- {}\n", line.trim());
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
    let why = if tried.reason.is_empty() { String::new() } else { format!(" ({})", tried.reason) };
    format!("{} [{}]{end}{why}", run.names.fix(&tried.fix, &tried.act), tried.act)
}

/// The advice for what was found and not put right; then what could not be measured; then the group.
fn next(run: &Run) -> Vec<String> {
    let pick = |en: &'static str, de: &'static str| run.frame.t.pick(en, de);
    let right = |cause: &Judged| {
        let mut tried = run.story.fixes.iter().filter(|tried| tried.fix.cause == cause.id);
        tried.any(|tried| tried.end == Some(AttemptEnd::Verified))
    };
    let found = run.story.judged_as(CauseVerdict::Found).filter(|cause| !right(cause));
    let mut next: Vec<String> = found
        .map(|cause| run.names.advice(&cause.id).unwrap_or_else(|| cause.advice.clone()))
        .filter(|advice| !advice.is_empty())
        .collect();
    if run.state() == JobState::Indeterminate {
        let look = "Look at the machine whether the last change was made";
        next.push(pick(look, "Am Rechner nachsehen, ob die letzte Änderung gemacht wurde").into());
    }
    for step in run.story.steps.iter().filter(|step| !step.is_well()) {
        let missing = pick("Could not be measured", "Konnte nicht gemessen werden");
        next.push(format!("{missing}: {} {}", run.names.step(&step.name), step.summary));
    }
    if let Some(group) = run.result.as_ref().and_then(|result| result.escalate_to.as_ref()) {
        next.push(format!("{}: {group}", pick("The runbook names", "Das Runbook nennt")));
    }
    next
}
