//! How a run is told to the person who started it: its news in plain words and their language. What a technician is
//! told (steps, causes ruled out, evidence) is left out here. Pure.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use befund_model::job::{JobNews, JobState};
use befund_model::language::{Language, Words};
use befund_model::runbook::{Attempt, AttemptEnd, CauseVerdict, FixRef, Mode, RunbookResult};
use befund_model::said;
use befund_model::section;
use befund_model::snapshot::Status;
use befund_runbook::document::{Act, Fix, Runbook, Source};

use super::asked;
use super::protocol::{Change, Done};

/// The most characters of a line.
const MAX_LINE: usize = 400;

/// A phrase; `{0}` and so on are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phrase {
    /// `{0}` the account.
    NotSignedIn,
    AtWork,
    NoResult,
    /// `{0}` what is looked at.
    Looking,
    /// `{0}` what was found.
    Found,
    /// `{0}` what is done.
    Doing,
    Did,
    /// `{0}` why.
    DidNot,
    Helped,
    HelpedNot,
    HelpedUnknown,
    PutBack,
    /// `{0}` why.
    NotPutBack,
    /// `{0}` what would be done.
    Would,
    /// `{0}` what would be done.
    CannotPredict,
    Restarting,
    NeedsApproval,
    Works,
    /// `{0}` whom it goes to.
    WorksNotGoesTo,
    WorksNot,
    WorksUnknown,
    NothingFound,
    InOrder,
    LookedOnly,
    /// `{0}` the runbook's name.
    LookedForMore,
    LookedInVain,
}

impl Phrase {
    const fn words(self) -> Words {
        let (english, german) = match self {
            Phrase::NotSignedIn => (
                "The account {0} is not signed in at this machine, so it cannot decide for whoever works here. Use the account that is signed in, without sudo or \"run as\".",
                "Das Konto {0} ist an diesem Gerät nicht angemeldet und kann deshalb nicht für die Person entscheiden, die hier arbeitet. Bitte das angemeldete Konto benutzen, ohne sudo oder „Als anderer Benutzer ausführen“.",
            ),
            Phrase::AtWork => (
                "Something that you started here is still at work. Wait for its end, or stop it first.",
                "Etwas, das Sie hier gestartet haben, läuft noch. Bitte das Ende abwarten oder es zuerst abbrechen.",
            ),
            Phrase::NoResult => (
                "The run ended without a result. The log of the executor says why.",
                "Der Lauf endete ohne Ergebnis. Der Grund steht im Protokoll des Executors.",
            ),
            Phrase::Looking => ("Looking at: {0}", "Wird geprüft: {0}"),
            Phrase::Found => ("Found: {0}.", "Gefunden: {0}."),
            Phrase::Doing => ("Now: {0}", "Jetzt: {0}"),
            Phrase::Did => ("That is done.", "Das ist erledigt."),
            Phrase::DidNot => ("That did not work: {0}", "Das hat nicht geklappt: {0}"),
            Phrase::Helped => ("It helped.", "Es hat geholfen."),
            Phrase::HelpedNot => ("It did not help.", "Es hat nicht geholfen."),
            Phrase::HelpedUnknown => {
                ("Whether it helped cannot be told.", "Ob es geholfen hat, lässt sich nicht sagen.")
            }
            Phrase::PutBack => (
                "It was put back as it was before.",
                "Es wurde alles zurückgestellt, wie es vorher war.",
            ),
            Phrase::NotPutBack => {
                ("It could not be put back: {0}", "Es konnte nicht zurückgestellt werden: {0}")
            }
            Phrase::Would => ("This would be done: {0}", "Das würde getan: {0}"),
            Phrase::CannotPredict => (
                "This would be done, and what exactly would change cannot be predicted: {0}",
                "Das würde getan; was sich genau ändern würde, lässt sich nicht vorhersagen: {0}",
            ),
            Phrase::Restarting => (
                "The machine restarts. This goes on afterwards.",
                "Das Gerät startet neu. Danach geht es weiter.",
            ),
            Phrase::NeedsApproval => (
                "The help desk has to approve this first.",
                "Das muss der Helpdesk zuerst freigeben.",
            ),
            Phrase::Works => ("It works now.", "Es funktioniert jetzt."),
            Phrase::WorksNotGoesTo => (
                "It does not work yet. This is for the help desk ({0}): `befund-agent send` tells them.",
                "Es funktioniert noch nicht. Das ist etwas für den Helpdesk ({0}): `befund-agent send` sagt ihm Bescheid.",
            ),
            Phrase::WorksNot => (
                "It does not work yet. `befund-agent send` tells the help desk.",
                "Es funktioniert noch nicht. `befund-agent send` sagt dem Helpdesk Bescheid.",
            ),
            Phrase::WorksUnknown => (
                "Whether it works now cannot be told. `befund-agent send` tells the help desk.",
                "Ob es jetzt funktioniert, lässt sich nicht sagen. `befund-agent send` sagt dem Helpdesk Bescheid.",
            ),
            Phrase::NothingFound => (
                "None of the known causes was found.",
                "Keine der bekannten Ursachen wurde gefunden.",
            ),
            Phrase::InOrder => {
                ("Everything that was looked at is in order.", "Alles Geprüfte ist in Ordnung.")
            }
            Phrase::LookedOnly => ("This was only a look.", "Es wurde nur nachgesehen."),
            Phrase::LookedForMore => (
                "This was only a look. To have it put right: befund-agent fix {0}",
                "Es wurde nur nachgesehen. Um es zu beheben: befund-agent fix {0}",
            ),
            Phrase::LookedInVain => (
                "This was only a look. It cannot be put right from here: `befund-agent send` tells the help desk.",
                "Es wurde nur nachgesehen. Von hier lässt es sich nicht beheben: `befund-agent send` sagt dem Helpdesk Bescheid.",
            ),
        };
        Words { english, german }
    }

    /// The phrase in this language, with values for `{0}`, `{1}` and so on.
    pub(super) fn fill(self, language: Language, values: &[&str]) -> String {
        let mut text = self.words().in_language(language).to_owned();
        for (n, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{n}}}"), value);
        }
        text
    }
}

/// The text as one line without control characters, cut with a mark.
pub(super) fn line(text: &str) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .take(MAX_LINE)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.trim().chars().nth(MAX_LINE).is_some() {
        line.push('…');
    }
    line
}

/// Tells one run to one person.
#[derive(Debug)]
pub(super) struct Teller {
    runbook: Arc<Runbook>,
    language: Language,
    mode: Mode,
    /// What was told already, and is not told again when it is looked at again.
    told: Mutex<BTreeSet<String>>,
}

impl Teller {
    pub(super) fn new(runbook: Arc<Runbook>, language: Language, mode: Mode) -> Self {
        Self { runbook, language, mode, told: Mutex::default() }
    }

    /// The lines for these news; often none.
    pub(super) fn lines(&self, news: &JobNews) -> Vec<String> {
        let say = |phrase: Phrase, values: &[&str]| vec![line(&phrase.fill(self.language, values))];
        match news {
            JobNews::StepStarted { step } => {
                let looked = self.looked_at(step);
                self.once(say(Phrase::Looking, &[&looked]))
            }
            JobNews::Cause { cause, verdict: CauseVerdict::Found, .. } => {
                let cause = self.runbook.causes.iter().find(|known| known.id == *cause);
                let Some(cause) = cause else { return Vec::new() };
                self.once(say(Phrase::Found, &[cause.title.in_language(self.language)]))
            }
            JobNews::Predicted { fix, prediction, .. } => match self.fix(fix) {
                // What is to be agreed to is shown with its question.
                Some(found) if prediction.changes && self.mode == Mode::Dry => {
                    let phrase =
                        if prediction.known { Phrase::Would } else { Phrase::CannotPredict };
                    let mut lines = say(phrase, &[&self.done_by(found)]);
                    if !prediction.known {
                        return lines;
                    }
                    let changes =
                        prediction.lines.iter().map(|text| said::in_language(text, self.language));
                    lines.extend(changes.map(|text| format!("  {}", line(&text))));
                    lines
                }
                Some(_) | None => Vec::new(),
            },
            JobNews::Acting { fix, .. } => match self.fix(fix) {
                // They are shown that itself.
                None | Some(Fix { act: Act::Instruct | Act::OpenUrl, .. }) => Vec::new(),
                Some(fix) => say(Phrase::Doing, &[&self.done_by(fix)]),
            },
            JobNews::Acted { fix, acted } => match self.fix(fix).map(|fix| &fix.act) {
                None | Some(Act::Instruct | Act::OpenUrl) => Vec::new(),
                Some(_) if acted.status == Status::Ok => say(Phrase::Did, &[]),
                Some(_) => {
                    let why = said::in_language(&acted.reason, self.language);
                    say(Phrase::DidNot, &[&why])
                }
            },
            JobNews::Verified { gone, .. } => say(
                match gone {
                    Some(true) => Phrase::Helped,
                    Some(false) => Phrase::HelpedNot,
                    None => Phrase::HelpedUnknown,
                },
                &[],
            ),
            JobNews::Undone { acted, .. } if acted.status == Status::Ok => {
                say(Phrase::PutBack, &[])
            }
            JobNews::Undone { acted, .. } => {
                say(Phrase::NotPutBack, &[&said::in_language(&acted.reason, self.language)])
            }
            JobNews::State(JobState::Rebooting) => say(Phrase::Restarting, &[]),
            // What is started here and only changes something needs no signature, though it is looked whether it does.
            JobNews::ApprovalAsked { .. } => say(Phrase::NeedsApproval, &[]),
            JobNews::State(_)
            | JobNews::Started
            | JobNews::Output(_)
            | JobNews::StepEnded { .. }
            | JobNews::Cause { .. }
            | JobNews::Asked(_)
            | JobNews::Answered(_)
            | JobNews::Consent { .. }
            | JobNews::Signed { .. }
            | JobNews::Approved { .. }
            | JobNews::Resumed { .. } => Vec::new(),
        }
    }

    /// How it ended.
    pub(super) fn done(&self, result: &RunbookResult) -> Done {
        let found: Vec<&str> = result
            .causes
            .iter()
            .filter(|cause| cause.verdict == CauseVerdict::Found)
            .filter_map(|cause| self.runbook.causes.iter().find(|known| known.id == cause.id))
            .map(|cause| cause.title.in_language(self.language))
            .collect();
        let mut sentences = Vec::new();
        let foreseen = result.attempts.iter().any(|attempt| attempt.end == AttemptEnd::Predicted);
        if found.is_empty() && result.attempts.is_empty() {
            let phrase = match (result.accepted, result.mode) {
                (Some(true), Mode::Dry) => Some(Phrase::InOrder),
                (Some(true), Mode::Run) => None,
                (Some(false) | None, _) => Some(Phrase::NothingFound),
            };
            sentences.extend(phrase.map(|phrase| phrase.fill(self.language, &[])));
        }
        if !found.is_empty() {
            sentences.push(Phrase::Found.fill(self.language, &[&found.join("; ")]));
        }
        sentences.push(match (result.mode, result.accepted, &result.escalate_to) {
            (Mode::Dry, Some(true), _) => Phrase::LookedOnly.fill(self.language, &[]),
            (Mode::Dry, Some(false) | None, _) if foreseen => {
                Phrase::LookedForMore.fill(self.language, &[&result.runbook])
            }
            (Mode::Dry, Some(false) | None, _) => Phrase::LookedInVain.fill(self.language, &[]),
            (Mode::Run, Some(true), _) => Phrase::Works.fill(self.language, &[]),
            (Mode::Run, Some(false), Some(group)) => {
                Phrase::WorksNotGoesTo.fill(self.language, &[group])
            }
            (Mode::Run, Some(false), None) => Phrase::WorksNot.fill(self.language, &[]),
            (Mode::Run, None, _) => Phrase::WorksUnknown.fill(self.language, &[]),
        });
        let conclusion = line(&sentences.join(" "));
        let changes = result.attempts.iter().filter_map(|attempt| self.change(attempt)).collect();
        Done { conclusion, accepted: result.accepted, changes }
    }

    /// What an attempt has changed and left so.
    fn change(&self, attempt: &Attempt) -> Option<Change> {
        let fix = self.fix(&attempt.fix)?;
        if matches!(fix.act, Act::Instruct | Act::OpenUrl) {
            return None;
        }
        let unsure = match attempt.end {
            AttemptEnd::Verified | AttemptEnd::NotVerified => false,
            AttemptEnd::Indeterminate => true,
            // It may have got half way.
            AttemptEnd::Failed => attempt.acted.is_some() && attempt.undone.is_none(),
            AttemptEnd::Predicted
            | AttemptEnd::Needless
            | AttemptEnd::Refused
            | AttemptEnd::NotApproved
            | AttemptEnd::Reverted => return None,
        };
        if attempt.end == AttemptEnd::Failed && !unsure || attempt.undone.is_some() {
            return None;
        }
        Some(Change { what: self.done_by(fix), undo: asked::undo(&fix.act, &fix.undo), unsure })
    }

    fn fix(&self, fix: &FixRef) -> Option<&Fix> {
        let cause = self.runbook.causes.iter().find(|cause| cause.id == fix.cause)?;
        cause.fixes.get(usize::try_from(fix.index).ok()?)
    }

    /// What a fix does, in the words of whoever does it; a script has none of its own but the runbook's.
    fn done_by(&self, fix: &Fix) -> String {
        match (&fix.act, &fix.text) {
            (Act::Script(_), Some(text)) => text.in_language(self.language).to_owned(),
            (act, _) => asked::what(act).in_language(self.language).to_owned(),
        }
    }

    /// What a step looks at, in words of people.
    fn looked_at(&self, step: &str) -> String {
        let source =
            self.runbook.collect.iter().find(|one| one.name == step).map(|one| &one.source);
        match source {
            Some(Source::Section { kind }) => section::title(kind, self.language).to_owned(),
            Some(Source::Probe { name, .. }) => probed(name)
                .map_or(name.as_str(), |words| words.in_language(self.language))
                .to_owned(),
            None => step.to_owned(),
        }
    }

    fn once(&self, lines: Vec<String>) -> Vec<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        lines.into_iter().filter(|line| told.insert(line.clone())).collect()
    }
}

/// What a probe looks at, in words of people; `None` for one that has none yet.
fn probed(name: &str) -> Option<Words> {
    let (english, german) = match name {
        "clock.offset" => ("the clock", "die Uhr"),
        "disk.space" => ("free disk space", "freier Speicherplatz"),
        "log.tail" => ("the system's log", "das Systemprotokoll"),
        "net.addr" => ("network addresses", "Netzwerkadressen"),
        "net.client-cert" => ("this machine's certificates", "Zertifikate dieses Geräts"),
        "net.dns" | "net.dns-truth" => ("Internet names", "Internetnamen"),
        "net.gateway" => ("the router", "der Router"),
        "net.http" => ("pages of the Internet", "Internetseiten"),
        "net.interception" | "net.tls" => ("secure connections", "sichere Verbindungen"),
        "net.ipv6" => ("IPv6", "IPv6"),
        "net.link" => ("network cards", "Netzwerkkarten"),
        "net.loss" | "net.mtu" => ("the quality of the line", "die Qualität der Leitung"),
        "net.overrides" => ("names that are fixed on this machine", "fest eingetragene Namen"),
        "net.pac" | "net.proxy" => ("the proxy", "der Proxy"),
        "net.tcp" => ("servers of the organisation", "Server der Organisation"),
        "process.top" => ("running programs", "laufende Programme"),
        "service.state" => ("services", "Dienste"),
        _ => return None,
    };
    Some(Words { english, german })
}

#[cfg(test)]
mod tests;
