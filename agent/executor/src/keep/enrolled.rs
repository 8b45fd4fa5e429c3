//! What enrollment writes into the executor's folder: which machine this is, and the digest of the first trust root. The
//! link's own folder says the same, but whoever owns the link could change it there. Not the enrollment.

use std::io;
use std::path::Path;

use befund_model::id::AgentId;
use befund_trust::digest::Sha256;

use super::KeepError;
use super::disk::Disk;

/// The id's file.
const AGENT: &str = "agent";
/// The most bytes of it.
const MOST: u64 = 256;

/// Writes the digest of the first trust root, as the installer or the enrollment token says it. One that is there
/// already stays: a machine's trust is set once, at enrollment, and changes by signed roots only.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn pin(folder: &Path, digest: [u8; 32]) -> io::Result<()> {
    let disk = Disk::open(folder).map_err(told)?;
    if disk.has("pin") {
        return Ok(());
    }
    disk.write("pin", Sha256(digest).to_string().as_bytes()).map_err(told)
}

/// Writes which machine this is, as enrollment says.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn enrolled(folder: &Path, agent: AgentId) -> io::Result<()> {
    Disk::open(folder)
        .and_then(|disk| disk.write(AGENT, agent.to_string().as_bytes()))
        .map_err(told)
}

/// Which machine this is, as enrollment said; `None` if it said nothing here.
///
/// # Errors
/// If that cannot be read, is nobody's id, or may have been written by somebody else: then it is nobody's word.
pub(crate) fn whose(folder: &Path) -> io::Result<Option<AgentId>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let disk = Disk::open(folder).map_err(told)?;
    let Some(bytes) = disk.read(AGENT, MOST).map_err(told)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let damaged = |_| told(disk.damaged(AGENT, "it is no id of an agent"));
    text.trim().parse().map(Some).map_err(damaged)
}

fn told(error: KeepError) -> io::Error {
    io::Error::other(befund_runtime::telemetry::chain(&error).to_string())
}
