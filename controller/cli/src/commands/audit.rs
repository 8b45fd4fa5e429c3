//! `audit list`: who did what, on what, from where.

use befund_model::api::Page;
use befund_model::audit::AuditEntry;
use clap::Subcommand;

use crate::client::read;
use crate::commands::Desk;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List the entries of the audit log.
    List {
        /// At most this many rows.
        #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: Option<u32>,
        /// Go on where the last page ended.
        #[arg(long, value_name = "NEXT")]
        after: Option<String>,
    },
}

impl Audit {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let Self::List { limit, after } = self;
        let what = "list the audit log";
        let mut query = Vec::new();
        query.extend(after.map(|after| ("after", after)));
        query.extend(limit.map(|limit| ("limit", limit.to_string())));
        let raw = desk.client()?.get_with(what, &["audit"], &query).await?;
        let page: Page<AuditEntry> = read(what, &raw)?;
        desk.screen.show(&raw, |look| render::audit::entries(look, &page.items))?;
        if let Some(next) = page.next {
            let next = render::text::line(&next);
            desk.screen.note(&format!("There are more: add --after {next}"));
        }
        Ok(())
    }
}
