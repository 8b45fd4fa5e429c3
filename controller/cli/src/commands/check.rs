//! `check …`: the rules that snapshots are judged by: which there are, what they mean, and whether a
//! site's own are right. Files are read and judged here; the controller gives the facts.

use std::path::{Path, PathBuf};

use befund_checks::{Facts, Patterns, judge};
use befund_model::api::{CheckView, SectionView, SnapshotRecord};
use befund_model::finding::Finding;
use befund_model::id::SnapshotId;
use befund_model::snapshot::SectionRef;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::client::{Client, read};
use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Subcommands of `befund check`.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// List the controller's checks.
    List,
    /// Show what a check means and what to do about it.
    Explain {
        /// The check, as in disk.space.
        id: String,
    },
    /// Read files of checks and tell what is wrong with them, by line and column.
    Lint {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Judge a snapshot by a file of checks, without keeping anything.
    Test {
        /// The file.
        file: PathBuf,
        /// The snapshot.
        #[arg(long, value_name = "ID")]
        snapshot: SnapshotId,
    },
}

impl Check {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        match self {
            Self::List => {
                let (raw, checks) = all(&desk.client()?).await?;
                desk.screen.show(&raw, |look| render::finding::checks(look, &checks))?;
            }
            Self::Explain { id } => {
                let (_, checks) = all(&desk.client()?).await?;
                let Some(check) = checks.into_iter().find(|check| check.id == id) else {
                    let why = format!("the controller has no check {id}");
                    return Err(Failure::cannot(Exit::NotFound, "explain a check", why)
                        .hint("see which there are: befund check list"));
                };
                let raw = json!(check);
                desk.screen.show(&raw, |look| render::finding::explained(look, &check))?;
            }
            Self::Lint { files } => return lint(&files, desk),
            Self::Test { file, snapshot } => {
                let findings = test(&file, snapshot, &desk.client()?).await?;
                let raw = json!(findings);
                desk.screen.show(&raw, |look| render::finding::plain(look, &findings))?;
            }
        }
        Ok(Exit::Ok)
    }
}

async fn all(client: &Client) -> Result<(Value, Vec<CheckView>), Failure> {
    let what = "list the checks";
    let raw = client.get(what, &["checks"]).await?;
    let checks = read(what, &raw)?;
    Ok((raw, checks))
}

fn lint(files: &[PathBuf], desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let mut told = Vec::new();
    let mut count = 0;
    for file in files {
        match befund_checks::read(&text_of(file)?) {
            Ok(checks) => count += checks.len(),
            Err(problems) => told.extend(problems.into_iter().map(|problem| {
                json!({
                    "file": file, "line": problem.line, "column": problem.column,
                    "message": problem.message,
                })
            })),
        }
    }
    let raw = json!(told);
    desk.screen.show(&raw, |look| render::finding::problems(look, &told, count))?;
    Ok(if told.is_empty() { Exit::Ok } else { Exit::Failed })
}

async fn test(file: &Path, snapshot: SnapshotId, client: &Client) -> Result<Vec<Finding>, Failure> {
    let checks = befund_checks::read(&text_of(file)?).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        Failure::cannot(Exit::Failed, format!("read {}", file.display()), first)
            .hint(format!("see all that is wrong: befund check lint {}", file.display()))
    })?;
    let id = snapshot.to_string();
    let what = format!("read snapshot {id}");
    let record: SnapshotRecord = read(&what, &client.get(&what, &["snapshots", &id]).await?)?;
    let mut sections: Vec<(SectionRef, Option<Vec<u8>>)> = Vec::new();
    for line in record.manifest.sections {
        let name = befund_checks::name_of(line.kind.as_str());
        let content = if checks.iter().any(|check| check.sections().contains(name.as_str())) {
            let path = ["snapshots", &id, "sections", line.kind.as_str()];
            let view: SectionView = read(&what, &client.get(&what, &path).await?)?;
            Some(view.content.to_string().into_bytes())
        } else {
            None
        };
        sections.push((line, content));
    }
    let shown = sections.iter().map(|(line, bytes)| (line, bytes.as_deref()));
    let facts = Facts::new(record.manifest.taken_at, &Patterns::default(), shown);
    Ok(checks.iter().filter_map(|check| judge(check, &facts)).collect())
}

fn text_of(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::cannot(Exit::Failed, format!("read {}", file.display()), error.to_string())
    })
}
