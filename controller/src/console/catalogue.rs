//! The runbooks that there are, the catalogues that they came in, and each runbook as it is written.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::action::Risk;
use befund_model::api::{CatalogueView, CauseEffect, RunbookInfo};
use befund_runbook::document::Runbook;

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::Named;
use crate::api::problem::Failure;
use crate::console::chooser::Offer;
use crate::console::page::{Frame, render};
use crate::runbooks;

#[derive(Template)]
#[template(path = "runbooks.html")]
struct CataloguePage {
    frame: Frame,
    current: Option<CatalogueView>,
    earlier: Vec<CatalogueView>,
    offers: Vec<Offer>,
}

impl CataloguePage {
    fn is_expired(&self, view: &CatalogueView) -> bool {
        view.expires <= self.frame.now
    }
}

/// `GET /runbooks`
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let (current, earlier) =
        runbooks::catalogues(app).await?.into_iter().partition::<Vec<_>, _>(|one| one.current);
    let offers = runbooks::offered(app, None).await?;
    let offers = offers.into_iter().map(|info| Offer::of(app, info, &frame)).collect();
    render(&CataloguePage { current: current.into_iter().next(), earlier, offers, frame })
}

#[derive(Template)]
#[template(path = "runbook.html")]
struct RunbookPage {
    frame: Frame,
    offer: Offer,
    causes: Vec<CauseLine>,
    text: String,
}

/// A cause that a runbook looks for.
#[derive(Debug)]
pub struct CauseLine {
    /// What it says of the machine.
    pub title: String,
    /// What came of it so far.
    pub effect: Option<CauseEffect>,
    /// What is done about it.
    pub fixes: Vec<FixLine>,
}

/// A fix of a runbook.
#[derive(Debug)]
pub struct FixLine {
    /// What it does, in a sentence.
    pub title: String,
    /// What it may do.
    pub risk: Risk,
    /// What came of it so far.
    pub effect: Option<CauseEffect>,
}

/// `GET /runbooks/{name}`
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let app = &api.app;
    let frame = Frame::new(&headers, &caller, app.clock.now());
    let (runbook, text) = runbooks::source(app, &name).await?;
    let mut offered = runbooks::offered(app, None).await?.into_iter();
    let info = offered
        .find(|info| info.name == runbook.name)
        .ok_or_else(|| Failure::not_found("runbook", &runbook.name))?;
    let causes = causes(&runbook, &info, &frame);
    render(&RunbookPage { offer: Offer::of(app, info, &frame), causes, text, frame })
}

fn causes(runbook: &Runbook, info: &RunbookInfo, frame: &Frame) -> Vec<CauseLine> {
    use crate::console::run::names::Names;
    let names = Names::new(Some(runbook.clone()), frame.t.language());
    let effect = |cause: &str, fix: Option<u32>| {
        let mut effects = info.effects.iter();
        effects.find(|one| one.cause == cause && one.fix == fix).cloned()
    };
    let lines = runbook.causes.iter().map(|cause| {
        let fixes = (0_u32..).zip(&cause.fixes).map(|(index, fix)| {
            let place = befund_model::runbook::FixRef { cause: cause.id.clone(), index };
            FixLine {
                title: names.fix(&place, act(&fix.act)),
                risk: fix.risk,
                effect: effect(&cause.id, Some(index)),
            }
        });
        CauseLine {
            title: names.words(&cause.title).to_owned(),
            effect: effect(&cause.id, None),
            fixes: fixes.collect(),
        }
    });
    lines.collect()
}

fn act(act: &befund_runbook::document::Act) -> &str {
    use befund_runbook::document::Act;
    match act {
        Act::Action(name) => name,
        Act::Script(script) => &script.path,
        Act::Instruct => "user.instruct",
        Act::OpenUrl => "user.open_url",
        Act::Reboot => "machine.reboot",
    }
}
