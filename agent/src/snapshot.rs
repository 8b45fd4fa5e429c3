//! Taking a snapshot: the executor's sections and their manifest.

use befund_executor::door::client::ExecutorError;
use befund_executor::{ExecutorClient, Redacted};
use befund_model::id::SnapshotId;
use befund_model::snapshot::{InvalidManifest, Manifest, PrivacyClass};
use befund_runtime::clock::{self, Clock};

/// A snapshot that was taken and not kept yet.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What it is made of.
    pub manifest: Manifest,
    /// The sections, in the manifest's order.
    pub sections: Vec<Redacted>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The executor's fault.
    #[error("the machine's state could not be read")]
    Executor(#[from] ExecutorError),
    /// It breaks the limits.
    #[error("the snapshot cannot be sent")]
    Limits(#[from] InvalidManifest),
    /// There is nothing in it.
    #[error("the machine's state could not be read: no section came; the executor's log says why")]
    Empty,
}

/// Takes one, of the sections up to a privacy class.
///
/// # Errors
/// If the executor cannot be asked, or what came breaks the limits.
pub async fn take(
    executor: &ExecutorClient,
    up_to: PrivacyClass,
    clock: &Clock,
) -> Result<Taken, TakeError> {
    let taken_at = clock.now();
    let mut sections = executor.collect(up_to, None).await?.all().await?;
    sections.dedup_by(|a, b| a.section().line.kind == b.section().line.kind);
    if sections.is_empty() {
        return Err(TakeError::Empty);
    }
    let lines = sections.iter().map(|section| section.section().line.clone()).collect();
    let id = SnapshotId::new(taken_at, clock::random());
    let manifest = Manifest { id, taken_at, sections: lines };
    manifest.validate()?;
    Ok(Taken { manifest, sections })
}
