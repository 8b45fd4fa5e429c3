//! What the runbook calls the things that a run tells of by their ids: causes, steps, fixes. Where the runbook is
//! no longer at hand, an id stands for itself.

use befund_model::action::{self, Undo};
use befund_model::job::{Job, Work};
use befund_model::language::{Language, Text};
use befund_model::probe;
use befund_model::runbook::FixRef;
use befund_model::said;
use befund_model::section;
use befund_runbook::document::{Act, Fix, Runbook, Source, UndoBy};

use super::words::RunWords;

mod probes;

/// It.
#[derive(Clone, Debug)]
pub struct Names {
    runbook: Option<Runbook>,
    language: Language,
}

impl Names {
    /// Of this runbook, in this language.
    #[must_use]
    pub const fn new(runbook: Option<Runbook>, language: Language) -> Self {
        Self { runbook, language }
    }

    /// What the job is for.
    #[must_use]
    pub fn title(&self, job: &Job, words: &RunWords) -> String {
        match (&self.runbook, &job.work) {
            (Some(runbook), _) => self.words(&runbook.title).to_owned(),
            (None, Work::Undo(_)) => words.undoing.to_owned(),
            (None, Work::Probe(name) | Work::Runbook(name)) => name.clone(),
        }
    }

    /// How many things are looked at; none if that is not known.
    #[must_use]
    pub fn steps(&self) -> Option<usize> {
        self.runbook.as_ref().map(|runbook| runbook.collect.len())
    }

    /// A cause's title.
    #[must_use]
    pub fn cause(&self, id: &str) -> String {
        let causes = self.runbook.iter().flat_map(|runbook| &runbook.causes);
        let found = causes.into_iter().find(|cause| cause.id == id);
        found.map_or(id, |cause| self.words(&cause.title)).to_owned()
    }

    /// What a technician does about a cause, in this language.
    #[must_use]
    pub fn advice(&self, id: &str) -> Option<String> {
        let causes = self.runbook.iter().flat_map(|runbook| &runbook.causes);
        let cause = causes.into_iter().find(|cause| cause.id == id)?;
        if let Some(advice) = &cause.advice {
            return Some(self.words(advice).to_owned());
        }
        let fix = cause.fixes.first()?;
        let place = FixRef { cause: cause.id.clone(), index: 0 };
        let Act::Action(name) = &fix.act else {
            return fix.text.as_ref().map(|text| self.words(text).to_owned());
        };
        Some(self.fix(&place, name))
    }

    /// The same as the machine tells it, in English.
    #[must_use]
    pub fn advice_as_told(&self, id: &str) -> Option<String> {
        let causes = self.runbook.iter().flat_map(|runbook| &runbook.causes);
        let cause = causes.into_iter().find(|cause| cause.id == id)?;
        if let Some(advice) = &cause.advice {
            return Some(advice.en.clone());
        }
        let fix = cause.fixes.first()?;
        match (&fix.text, &fix.act) {
            (Some(text), _) => Some(text.en.clone()),
            (None, Act::Action(name)) => action::find(name).map(|spec| format!("{}.", spec.title)),
            (None, Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot) => None,
        }
    }

    /// What a step looks at.
    #[must_use]
    pub fn step(&self, name: &str) -> String {
        let steps = self.runbook.iter().flat_map(|runbook| &runbook.collect);
        match steps.into_iter().find(|step| step.name == name).map(|step| &step.source) {
            Some(Source::Section { kind }) => section::title(kind, self.language).to_owned(),
            Some(Source::Probe { name: probe, .. }) => {
                let words = probes::looks_at(probe).map(|words| words.in_language(self.language));
                let title =
                    || probe::spec::probe(probe).map(|spec| spec.title.in_language(self.language));
                words.or_else(title).unwrap_or(probe).to_owned()
            }
            None => name.to_owned(),
        }
    }

    /// What a fix does, in a sentence: as the runbook tells it to the person at the machine, or as the action does.
    #[must_use]
    pub fn fix(&self, fix: &FixRef, act: &str) -> String {
        let told = self.written(fix).and_then(|fix| fix.text.as_ref());
        if let Some(text) = told {
            return self.words(text).to_owned();
        }
        match action::find(act) {
            Some(spec) => spec.user.in_language(self.language).to_owned(),
            None => act.to_owned(),
        }
    }

    /// What undoing a fix does.
    #[must_use]
    pub fn undo(&self, fix: &FixRef, act: &str) -> Undo {
        match self.written(fix).map(|fix| &fix.undo) {
            Some(UndoBy::Action(_) | UndoBy::Script(_)) => Undo::Restores,
            Some(UndoBy::Auto) | None => {
                action::find(act).map_or(Undo::Impossible, |spec| spec.undo)
            }
            Some(UndoBy::None) => match action::find(act).map(|spec| spec.undo) {
                Some(Undo::Needless) => Undo::Needless,
                Some(Undo::Restores | Undo::Impossible) | None => Undo::Impossible,
            },
        }
    }

    /// Who said something, as the machine tells it, in the reader's language.
    #[must_use]
    pub fn who(&self, by: &str) -> String {
        match self.language {
            Language::English => by.to_owned(),
            Language::German => match (by.strip_suffix(" for the user"), by) {
                (Some(name), _) => format!("{name} für den Benutzer"),
                (None, "nobody") => "niemand".to_owned(),
                (None, by) => match by.strip_prefix("the user") {
                    Some(name) => format!("der Benutzer{name}"),
                    None => self.said(by),
                },
            },
        }
    }

    /// What the machine said in a sentence of its own, in the reader's language where that is known.
    #[must_use]
    pub fn said(&self, text: &str) -> String {
        said::in_language(text, self.language)
    }

    fn written(&self, fix: &FixRef) -> Option<&Fix> {
        let causes = &self.runbook.as_ref()?.causes;
        let cause = causes.iter().find(|cause| cause.id == fix.cause)?;
        cause.fixes.get(usize::try_from(fix.index).ok()?)
    }

    /// A text in the reader's language.
    #[must_use]
    pub fn words<'a>(&self, text: &'a Text) -> &'a str {
        text.in_language(self.language)
    }
}
