//! `trust machines`: what each machine trusts, held against what the controller hands out now.

use befund_model::api::{CatalogueView, MachineQuery, MachineView, Page, TrustRootView};
use befund_model::machine::TrustStanding;
use befund_runtime::clock::Clock;
use serde_json::json;

use crate::client::{Client, read};
use crate::commands::Desk;
use crate::failure::Failure;
use crate::render;
use crate::render::trust::Handed;

/// How many machines are asked for at once.
const PAGE: u32 = 500;

pub(super) async fn run(behind: bool, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "list what machines trust";
    let client = desk.client()?;
    let roots: Vec<TrustRootView> = read(what, &client.get(what, &["trust-roots"]).await?)?;
    let catalogues: Vec<CatalogueView> = read(what, &client.get(what, &["catalogues"]).await?)?;
    let catalogue = catalogues.into_iter().find(|catalogue| catalogue.current);
    let handed = Handed {
        root: roots.last().map_or(0, |root| u32::try_from(root.version).unwrap_or(u32::MAX)),
        root_expires: roots.last().map(|root| root.expires),
        catalogue: catalogue.as_ref().map_or(0, |catalogue| catalogue.version),
        catalogue_expires: catalogue.as_ref().map(|catalogue| catalogue.expires),
        now: Clock::system().now(),
    };
    let machines = all(&client, what).await?;
    let total = machines.len();
    let is_behind = |view: &MachineView| handed.standing(view) != Some(TrustStanding::Current);
    let lagging = machines.iter().filter(|view| is_behind(view)).count();
    let machines: Vec<MachineView> =
        machines.into_iter().filter(|view| !behind || is_behind(view)).collect();
    let raw = json!({
        "root_version": handed.root, "catalogue_version": handed.catalogue,
        "machines": total, "behind": lagging, "items": machines,
    });
    desk.screen
        .show(&raw, |look| render::trust::machines(look, &handed, &machines, (lagging, total)))
}

/// All machines whose identity holds, page by page.
async fn all(client: &Client, what: &str) -> Result<Vec<MachineView>, Failure> {
    let mut machines: Vec<MachineView> = Vec::new();
    let mut after = None;
    loop {
        let query = MachineQuery { q: None, after: after.take(), limit: Some(PAGE) };
        let raw = client.get_with(what, &["machines"], &query).await?;
        let page: Page<MachineView> = read(what, &raw)?;
        machines.extend(page.items.into_iter().filter(|view| view.machine.revoked_at.is_none()));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(machines),
        }
    }
}
