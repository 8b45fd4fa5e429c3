//! The runbooks that fit a ticket, best first: why, what they may do, how often they helped, and how they are
//! started. Which fit is the service's business.

use askama::Template;
use befund_model::api::RunbookInfo;
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::JobState;
use befund_runbook::document::Runbook;

use crate::api::problem::Failure;
use crate::console::effects::{self, CauseLine};
use crate::console::inputs::{Field, Kind};
use crate::console::page::Frame;
use crate::runbooks;
use crate::state::AppState;

/// How many that fit are shown at once.
const SHOWN: usize = 3;

/// How many systems there are.
const ALL_SYSTEMS: usize = 3;

/// The card.
#[derive(Template)]
#[template(path = "chooser.html")]
pub struct Chooser {
    frame: Frame,
    ticket: TicketNumber,
    connected: bool,
    busy: bool,
    expired: bool,
    best: Vec<Offer>,
    rest: Vec<Offer>,
}

impl Chooser {
    /// For this ticket, whose machine is connected or not, and whose open jobs these are.
    ///
    /// # Errors
    /// `internal` if the store cannot be read.
    pub async fn of(
        app: &AppState,
        ticket: TicketNumber,
        connected: bool,
        frame: &Frame,
        open: &[(JobId, JobState)],
    ) -> Result<Self, Failure> {
        let known = runbooks::current(app).await?;
        let mut best = Vec::new();
        let mut rest = Vec::new();
        for info in runbooks::offered(app, Some(ticket)).await? {
            let place = if info.fit > 0 && best.len() < SHOWN { &mut best } else { &mut rest };
            let runbook = known.get(&info.name);
            place.push(Offer::of(app, info, runbook, frame));
        }
        let busy = !open.is_empty();
        let expired = runbooks::expired(app).await?.is_some();
        Ok(Self { frame: frame.clone(), ticket, connected, busy, expired, best, rest })
    }

    /// As markup for a page that holds it.
    #[must_use]
    pub fn markup(&self) -> String {
        self.render().unwrap_or_default()
    }

    fn none(&self) -> bool {
        self.best.is_empty() && self.rest.is_empty()
    }
}

/// A runbook that can be started.
#[derive(Debug)]
pub struct Offer {
    /// What there is to know of it.
    pub info: RunbookInfo,
    /// What it is for, in the reader's language.
    pub title: String,
    /// What it does.
    pub about: String,
    /// Why it fits, in words.
    pub reasons: Vec<String>,
    /// How often it found something, and what became of that; none if it never did.
    pub tally: Option<String>,
    /// The same for each cause that was found so far, and its fixes.
    pub causes: Vec<CauseLine>,
    /// What may be set.
    pub fields: Vec<Field>,
}

impl Offer {
    /// Of this, with the runbook itself where that is at hand.
    #[must_use]
    pub fn of(app: &AppState, info: RunbookInfo, runbook: Option<&Runbook>, frame: &Frame) -> Self {
        let language = frame.t.language();
        let mut reasons: Vec<String> = info
            .reasons
            .iter()
            .map(|reason| match app.checks.view(reason) {
                Some(check) => check.user.in_language(language).trim_end_matches('.').to_owned(),
                None => format!("{} {}", frame.r.says, frame.r.quoted(reason)),
            })
            .collect();
        if reasons.is_empty() && info.fit > 0 {
            reasons.push(frame.r.same_kind.to_owned());
        }
        let causes = runbook.map(|runbook| effects::known(runbook, &info, frame));
        let mut offer = Self {
            title: info.title.in_language(language).to_owned(),
            about: info.about.in_language(language).to_owned(),
            tally: tally(&info, frame),
            causes: causes.unwrap_or_default(),
            fields: Field::all(&info.inputs),
            reasons,
            info,
        };
        // The schema's titles are in one language.
        for (name, input) in runbook.into_iter().flat_map(|runbook| &runbook.inputs) {
            offer.title_input(name, input.title.in_language(language));
        }
        offer
    }

    fn title_input(&mut self, name: &str, title: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.is(name)) {
            title.clone_into(&mut field.title);
        }
    }

    /// The systems that it is for, as their makers write them.
    #[must_use]
    pub fn systems(&self, frame: &Frame) -> String {
        let names: Vec<_> = self.info.systems.iter().map(|system| frame.r.system(system)).collect();
        if names.is_empty() || names.len() == ALL_SYSTEMS {
            frame.r.every_system.to_owned()
        } else {
            names.join(", ")
        }
    }
}

fn tally(info: &RunbookInfo, frame: &Frame) -> Option<String> {
    let causes = || info.effects.iter().filter(|effect| effect.fix.is_none());
    let found: u64 = causes().map(|cause| cause.came_up).sum();
    let came_back = causes().map(|cause| cause.came_back).sum();
    let fixes = info.effects.iter().filter(|effect| effect.fix.is_some());
    let put_right = fixes.map(|fix| fix.verified).sum();
    (found > 0).then(|| frame.r.tally(found, put_right, came_back))
}
