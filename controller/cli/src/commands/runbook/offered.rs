//! `runbook list` and `runbook show`: the runbooks of the current catalogue.

use befund_model::api::{CatalogueDocument, CatalogueView, RunbookInfo};
use befund_model::id::TicketNumber;
use befund_runbook::document::Runbook;
use befund_runtime::clock::Clock;
use befund_trust::catalogue::Manifest;
use serde::Serialize;

use crate::client::{Client, read};
use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// The query of `GET /api/v1/runbooks`.
#[derive(Serialize)]
struct For {
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketNumber>,
}

pub(super) async fn list(
    ticket: Option<TicketNumber>,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let what = "list the runbooks";
    let client = desk.client()?;
    let raw = client.get_with(what, &["runbooks"], &For { ticket }).await?;
    let runbooks: Vec<RunbookInfo> = read(what, &raw)?;
    desk.screen.show(&raw, |look| render::runbook::list(look, &runbooks, ticket))?;
    if desk.for_people() {
        let views: Vec<CatalogueView> = read(what, &client.get(what, &["catalogues"]).await?)?;
        let current = views.into_iter().find(|view| view.current);
        if let Some(view) = current.filter(|view| view.expires <= Clock::system().now()) {
            desk.screen.note(&format!(
                "version {} of the catalogue expired at {}: machines run nothing of it. Sign it anew and publish it: \
                 befund runbook sign FOLDER, befund runbook publish FOLDER",
                view.version, view.expires
            ));
        }
    }
    Ok(Exit::Ok)
}

pub(super) async fn show(name: &str, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = format!("show the runbook {name}");
    let client = desk.client()?;
    let raw = client.get(&what, &["runbooks"]).await?;
    let runbooks: Vec<RunbookInfo> = read(&what, &raw)?;
    let place = runbooks.iter().position(|runbook| runbook.name == name);
    let Some(place) = place else {
        let why = format!("there is no runbook {name} in the current catalogue");
        return Err(Failure::cannot(Exit::NotFound, what, why)
            .hint("see which there are: befund runbook list"));
    };
    let text = if desk.for_people() { text(&client, &what, name).await? } else { None };
    desk.screen
        .show(&raw[place], |look| render::runbook::one(look, &runbooks[place], text.as_ref()))?;
    Ok(Exit::Ok)
}

/// The runbook's own text, as the controller has it; `None` if it has none that can be read here.
async fn text(client: &Client, what: &str, name: &str) -> Result<Option<Runbook>, Failure> {
    let document: CatalogueDocument =
        read(what, &client.get(what, &["catalogues", "current"]).await?)?;
    let Ok(manifest) = Manifest::parse(document.manifest.as_bytes()) else { return Ok(None) };
    let Some(file) = manifest.files.get(&format!("{name}.yaml")) else { return Ok(None) };
    let bytes = client.bytes(what, &["catalogue-files", &file.sha256.to_string()]).await?;
    let text = String::from_utf8(bytes).ok();
    Ok(text.and_then(|text| befund_runbook::load(&text).ok()).map(|(runbook, _)| runbook))
}
