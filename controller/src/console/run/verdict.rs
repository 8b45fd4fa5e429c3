//! Where a run stands, or what it came to, in one sentence.

use befund_model::job::{Job, JobState, Work};
use befund_model::runbook::{AttemptEnd, CauseVerdict, Mode, RunbookResult};

use super::Run;
use super::story::Tried;

/// What the sentence is like, for the style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It goes on by itself.
    Works,
    /// Somebody has to do something.
    Needs,
    /// All is well.
    Good,
    /// It is not.
    Bad,
}

impl Tone {
    /// What the style goes by.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Needs => "needs",
            Self::Good => "well",
            Self::Bad => "ill",
        }
    }
}

/// The sentence.
#[must_use]
pub fn verdict(run: &Run) -> (Tone, String) {
    let pick = |en: &str, de: &str| if run.r.lang == "de" { de.to_owned() } else { en.to_owned() };
    match run.state() {
        JobState::Waiting | JobState::Delivered if run.connected => {
            (Tone::Works, pick("The machine is about to begin.", "Der Rechner beginnt gleich."))
        }
        JobState::Waiting | JobState::Delivered => (
            Tone::Works,
            pick(
                "The machine is not connected; this runs when it is back.",
                "Der Rechner ist nicht verbunden; dies läuft, sobald er wieder da ist.",
            ),
        ),
        JobState::Running => (Tone::Works, running(run)),
        JobState::Asking => asking(run),
        JobState::NeedsApproval => (Tone::Needs, needs_approval(run)),
        JobState::Rebooting => (
            Tone::Works,
            pick(
                "The machine is restarting; this goes on by itself afterwards.",
                "Der Rechner startet neu; danach geht es von selbst weiter.",
            ),
        ),
        JobState::Done => done(run),
        JobState::Failed => (Tone::Bad, because(run, &pick("It failed", "Es ist fehlgeschlagen"))),
        JobState::Refused => {
            let words = pick("The machine refused to do it", "Der Rechner hat es abgelehnt");
            (Tone::Bad, because(run, &words))
        }
        JobState::Cancelled => {
            let mut words = pick("It was cancelled.", "Es wurde abgebrochen.");
            if run.story.fixes.iter().any(Tried::stands) {
                words.push(' ');
                words += &pick(
                    "What it had changed by then still stands.",
                    "Was bis dahin geändert war, besteht noch.",
                );
            }
            (Tone::Bad, words)
        }
        JobState::Expired => (
            Tone::Bad,
            pick(
                "Its time was over before the machine could end it.",
                "Die Frist war um, bevor der Rechner fertig werden konnte.",
            ),
        ),
        JobState::Indeterminate => (
            Tone::Bad,
            pick(
                "It was interrupted in the middle of a change. Nobody can tell whether that was made: look at the machine.",
                "Es wurde mitten in einer Änderung unterbrochen. Ob sie gemacht wurde, lässt sich nicht feststellen: Bitte am Rechner nachsehen.",
            ),
        ),
    }
}

fn running(run: &Run) -> String {
    let german = run.r.lang == "de";
    if let Some(tried) = run.story.fixes.iter().rev().find(|tried| tried.begun) {
        let cause = run.names.cause(&tried.fix.cause);
        return match (tried.acted.is_some(), tried.verified.is_some(), german) {
            (false, _, false) => format!("Puts right: {cause}"),
            (false, _, true) => format!("Behebt: {cause}"),
            (true, false, false) => format!("Looks whether it helped: {cause}"),
            (true, false, true) => format!("Sieht nach, ob es geholfen hat: {cause}"),
            (true, true, false) => "Looks on.".to_owned(),
            (true, true, true) => "Sieht weiter nach.".to_owned(),
        };
    }
    let done = run.story.steps.iter().filter(|step| step.status.is_some()).count();
    match (run.names.steps(), &run.job.work, german) {
        (_, Work::Undo(_), false) => "Undoes what was changed.".to_owned(),
        (_, Work::Undo(_), true) => "Nimmt zurück, was geändert wurde.".to_owned(),
        (Some(all), _, false) => format!("Looks at the machine: {done} of {all} done."),
        (Some(all), _, true) => format!("Sieht auf dem Rechner nach: {done} von {all} fertig."),
        (None, _, false) => "Looks at the machine.".to_owned(),
        (None, _, true) => "Sieht auf dem Rechner nach.".to_owned(),
    }
}

fn asking(run: &Run) -> (Tone, String) {
    let german = run.r.lang == "de";
    let words = match (run.story.open_questions().next(), german) {
        (Some(asked), false) if asked.question.user => "Waits for the user's answer.",
        (Some(asked), true) if asked.question.user => "Wartet auf die Antwort des Benutzers.",
        (Some(_), false) => "Waits for your answer.",
        (Some(_), true) => "Wartet auf Ihre Antwort.",
        (None, false) => "Waits for the person at the machine to agree.",
        (None, true) => "Wartet auf die Zustimmung der Person am Rechner.",
    };
    (Tone::Needs, words.to_owned())
}

fn needs_approval(run: &Run) -> String {
    let signing = run.story.unsigned().map(|(_, signing)| signing);
    match (signing.filter(|signing| signing.people > 1), run.r.lang == "de") {
        (None, false) => "Waits for a signature: nothing is changed before.".to_owned(),
        (None, true) => "Wartet auf eine Unterschrift: Vorher wird nichts geändert.".to_owned(),
        (Some(signing), false) => format!(
            "Waits for signatures, {} of {} are there: nothing is changed before.",
            signing.by.len(),
            signing.people
        ),
        (Some(signing), true) => format!(
            "Wartet auf Unterschriften, {} von {} sind da: Vorher wird nichts geändert.",
            signing.by.len(),
            signing.people
        ),
    }
}

/// What undoing came to: what has nothing to be put back counts for nothing.
fn undone(result: &RunbookResult, german: bool) -> (Tone, String) {
    let is = |end| result.attempts.iter().filter(|attempt| attempt.end == end).count();
    let all = result.attempts.len() - is(AttemptEnd::Needless);
    let undone = is(AttemptEnd::Reverted);
    match (all == undone, all, german) {
        (true, 0, false) => (Tone::Good, "There was nothing to undo.".to_owned()),
        (true, 0, true) => (Tone::Good, "Es war nichts zurückzunehmen.".to_owned()),
        (true, 1, false) => (Tone::Good, "The change was undone.".to_owned()),
        (true, 1, true) => (Tone::Good, "Die Änderung wurde zurückgenommen.".to_owned()),
        (true, all, false) => (Tone::Good, format!("All {all} changes were undone.")),
        (true, all, true) => (Tone::Good, format!("Alle {all} Änderungen wurden zurückgenommen.")),
        (false, all, false) => (Tone::Bad, format!("{undone} of {all} changes were undone.")),
        (false, all, true) => {
            (Tone::Bad, format!("{undone} von {all} Änderungen wurden zurückgenommen."))
        }
    }
}

fn done(run: &Run) -> (Tone, String) {
    let german = run.r.lang == "de";
    if let (Work::Undo(_), Some(result)) = (&run.job.work, &run.result) {
        return undone(result, german);
    }
    let Some(result) = &run.result else {
        let undone = matches!(run.job.work, Work::Undo(_));
        let words = match (undone, german) {
            (true, false) => "Done.",
            (true, true) => "Erledigt.",
            (false, false) => "It ended, and its result cannot be read here.",
            (false, true) => "Es ist beendet, und sein Ergebnis lässt sich hier nicht lesen.",
        };
        return (if undone { Tone::Good } else { Tone::Bad }, words.to_owned());
    };
    let titles = |ids: Vec<&str>| {
        let titles: Vec<String> =
            ids.into_iter().map(|id| run.r.quoted(&run.names.cause(id))).collect();
        titles.join(", ")
    };
    let found: Vec<&str> =
        run.story.judged_as(CauseVerdict::Found).map(|cause| cause.id.as_str()).collect();
    let mut right: Vec<&str> = result
        .attempts
        .iter()
        .filter(|attempt| attempt.end == AttemptEnd::Verified)
        .map(|attempt| attempt.fix.cause.as_str())
        .collect();
    right.dedup();
    let left: Vec<&str> = found.iter().copied().filter(|id| !right.contains(id)).collect();
    let unknown = run.story.judged_as(CauseVerdict::Unknown).count();
    let dry = result.mode == Mode::Dry;
    match (found.is_empty(), result.accepted) {
        (true, Some(true)) => {
            let words = match german {
                false => "All that this looks for is in order.",
                true => "Alles, wonach gesucht wurde, ist in Ordnung.",
            };
            (Tone::Good, words.to_owned())
        }
        (true, _) if unknown > 0 => {
            let words = match german {
                false => format!("No cause was found; {unknown} could not be told."),
                true => {
                    format!("Keine Ursache gefunden; {unknown} waren nicht feststellbar.")
                }
            };
            (Tone::Bad, words)
        }
        (true, _) => {
            let words = match german {
                false => "No cause was found among those that it looks for.",
                true => "Keine der gesuchten Ursachen wurde gefunden.",
            };
            (Tone::Bad, words.to_owned())
        }
        (false, _) if dry => {
            let titles = titles(found);
            let words = match german {
                false => format!("Found {titles}. Nothing was changed: this was a dry run."),
                true => format!("Gefunden: {titles}. Nichts wurde geändert: ein Probelauf."),
            };
            (Tone::Needs, words)
        }
        (false, Some(true)) if left.is_empty() => {
            let titles = titles(right);
            let words = match german {
                false => format!("Put right: {titles}. The trouble is over."),
                true => format!("Behoben: {titles}. Die Störung ist vorbei."),
            };
            (Tone::Good, words)
        }
        (false, Some(true)) => {
            let titles = titles(found);
            let words = match german {
                false => format!("Found {titles}; the trouble is over."),
                true => format!("Gefunden: {titles}; die Störung ist vorbei."),
            };
            (Tone::Good, words)
        }
        (false, _) if left.is_empty() => {
            let titles = titles(right);
            let words = match german {
                false => format!("Put right: {titles}, but the trouble is not over."),
                true => format!("Behoben: {titles}, aber die Störung ist nicht vorbei."),
            };
            (Tone::Bad, words)
        }
        (false, _) => {
            let titles = titles(left);
            let words = match german {
                false => format!("Found {titles}, and it was not put right."),
                true => format!("Gefunden, aber nicht behoben: {titles}."),
            };
            (Tone::Bad, words)
        }
    }
}

fn because(run: &Run, words: &str) -> String {
    let reason = run.names.said(reason(&run.job));
    if reason.is_empty() { format!("{words}.") } else { format!("{words}: {reason}") }
}

fn reason(job: &Job) -> &str {
    job.outcome.as_ref().map_or("", |outcome| outcome.reason.as_str())
}
