//! What the checks say of a snapshot, as a card: what is wrong first, each with its evidence and what to
//! do; the rest in one line.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::api::{FindingView, FindingsView, SnapshotRecord};
use befund_model::language::Text;
use befund_model::probe::Verdict;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::{Named, parse};
use crate::api::problem::Failure;
use crate::console::page::{Frame, render};
use crate::state::AppState;
use crate::{findings, snapshots};

/// The card.
#[derive(Template)]
#[template(path = "findings.html")]
pub struct FindingsCard {
    frame: Frame,
    view: FindingsView,
}

impl FindingsCard {
    /// Of this snapshot.
    ///
    /// # Errors
    /// `internal` if the store cannot be read.
    pub async fn of(
        app: &AppState,
        record: &SnapshotRecord,
        frame: Frame,
    ) -> Result<Self, Failure> {
        Ok(Self { view: findings::of(app, record).await?, frame })
    }

    /// As markup for a page that holds it.
    #[must_use]
    pub fn markup(&self) -> String {
        self.render().unwrap_or_default()
    }

    fn of_verdict(&self, verdict: Verdict) -> impl Iterator<Item = &FindingView> {
        self.view.findings.iter().filter(move |view| view.finding.verdict == verdict)
    }

    fn wrong(&self) -> impl Iterator<Item = &FindingView> {
        self.of_verdict(Verdict::Fail).chain(self.of_verdict(Verdict::Warn))
    }

    fn unknown(&self) -> impl Iterator<Item = &FindingView> {
        self.of_verdict(Verdict::Unknown)
    }

    fn passed(&self) -> usize {
        self.of_verdict(Verdict::Pass).count()
    }

    fn words<'a>(&self, text: &'a Text) -> &'a str {
        text.in_language(self.frame.t.language())
    }

    /// What is wrong, in one sentence: a check's title says how it should be.
    fn said<'a>(&self, view: &'a FindingView) -> &'a str {
        match &view.check {
            Some(check) => self.words(&check.user),
            None => &view.finding.check,
        }
    }

    fn title<'a>(&self, view: &'a FindingView) -> &'a str {
        match &view.check {
            Some(check) => self.words(&check.title),
            None => &view.finding.check,
        }
    }

    fn is_fail(&self, view: &FindingView) -> bool {
        view.finding.verdict == Verdict::Fail
    }
}

/// `GET /snapshots/{snapshot}/findings`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(snapshot): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let frame = Frame::new(&headers, &caller, api.app.clock.now());
    let record = snapshots::get(&api.app, parse(&snapshot)?).await?;
    render(&FindingsCard::of(&api.app, &record, frame).await?)
}
