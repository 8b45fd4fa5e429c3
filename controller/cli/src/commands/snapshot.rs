//! `snapshot …`: what machines sent, and what changed between two of them.

use befund_model::api::{CallGood, ChangesView, FindingsView, Page, SectionView, SnapshotRecord};
use befund_model::diff::SnapshotDiff;
use befund_model::id::SnapshotId;
use befund_model::snapshot::SectionKind;
use clap::Subcommand;

use crate::client::read;
use crate::commands::Desk;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund snapshot`.
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// List the snapshots of a machine, the latest first.
    List {
        /// The machine.
        #[arg(value_name = "ID|NAME")]
        machine: String,
    },
    /// Show a snapshot by section, or the content of one section.
    Show {
        /// The snapshot.
        id: SnapshotId,
        /// The content of this section, as in network.interfaces.
        #[arg(long, value_name = "KIND")]
        section: Option<SectionKind>,
    },
    /// Show what the checks say of a snapshot, the worst first.
    Findings {
        /// The snapshot.
        id: SnapshotId,
    },
    /// Show what has changed since the machine was last well, what explains trouble first.
    Changes {
        /// The snapshot.
        id: SnapshotId,
    },
    /// Call a snapshot good: how its machine should be. Later ones are compared with it.
    Good {
        /// The snapshot.
        id: SnapshotId,
        /// It is no longer good.
        #[arg(long)]
        undo: bool,
    },
    /// Show what differs between two snapshots.
    Diff {
        /// The earlier one.
        before: SnapshotId,
        /// The later one.
        after: SnapshotId,
    },
}

impl Snapshot {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let client = desk.client()?;
        match self {
            Self::List { machine } => {
                let what = format!("list the snapshots of {machine}");
                let raw = client.get(&what, &["machines", &machine, "snapshots"]).await?;
                let page: Page<SnapshotRecord> = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::list(look, &page.items))
            }
            Self::Show { id, section: None } => {
                let what = format!("show snapshot {id}");
                let raw = client.get(&what, &["snapshots", &id.to_string()]).await?;
                let record: SnapshotRecord = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::one(look, &record))
            }
            Self::Show { id, section: Some(kind) } => {
                let what = format!("show section {kind} of snapshot {id}");
                let path = ["snapshots", &id.to_string(), "sections", kind.as_str()];
                let raw = client.get(&what, &path).await?;
                let view: SectionView = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::section(look, &view))
            }
            Self::Findings { id } => {
                let what = format!("show the findings of snapshot {id}");
                let raw = client.get(&what, &["snapshots", &id.to_string(), "findings"]).await?;
                let view: FindingsView = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::finding::of_snapshot(look, &view))
            }
            Self::Changes { id } => {
                let what = format!("show what changed before snapshot {id}");
                let raw = client.get(&what, &["snapshots", &id.to_string(), "changes"]).await?;
                let view: ChangesView = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::changes(look, &view))
            }
            Self::Good { id, undo } => {
                let what =
                    format!("call snapshot {id} {}", if undo { "no longer good" } else { "good" });
                let path = ["snapshots", &id.to_string(), "good"];
                let raw = client.post(&what, &path, &CallGood { good: !undo }).await?;
                let record: SnapshotRecord = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::one(look, &record))
            }
            Self::Diff { before, after } => {
                let what = format!("compare the snapshots {before} and {after}");
                let path = ["snapshots", &before.to_string(), "diff", &after.to_string()];
                let raw = client.get(&what, &path).await?;
                let difference: SnapshotDiff = read(&what, &raw)?;
                desk.screen.show(&raw, |look| render::snapshot::diff(look, &difference))
            }
        }
    }
}
