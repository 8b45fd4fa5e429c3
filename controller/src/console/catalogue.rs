//! The runbooks that there are, the catalogues that they came in, and each runbook as it is written.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use befund_model::api::{CatalogueView, RunbookInfo};

use crate::api::Api;
use crate::api::caller::Caller;
use crate::api::extract::Named;
use crate::api::problem::Failure;
use crate::console::chooser::Offer;
use crate::console::effects::{self, CauseLine};
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
    let known = runbooks::current(app).await?;
    let offer = |info: RunbookInfo| {
        let runbook = known.get(&info.name);
        Offer::of(app, info, runbook, &frame)
    };
    let offers = offers.into_iter().map(offer).collect();
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
    let causes = effects::all(&runbook, &info, &frame);
    render(&RunbookPage { offer: Offer::of(app, info, None, &frame), causes, text, frame })
}
