//! The privileged half of the agent: it has no network listener, is started on demand over a local
//! socket, and goes when it is idle.
//!
//! It does nothing by itself but decide: [`door`] hears who asks and whether they may, [`policy`]
//! what the machine's owner allows, [`jobs`] what an order comes to; of signed runbooks, [`admit`] whether one is run,
//! and [`drive`] what a run comes to. All reading and measuring is
//! done in the collect child ([`child`]), which is killed when it overstays ([`supervise`]); all changing in the act
//! child, within limits of its own ([`confine`]).

pub mod activate;
mod admit;
pub mod child;
pub mod confine;
pub mod door;
pub mod drive;
mod events;
mod jobs;
pub mod journal;
pub mod judge;
mod keep;
pub mod people;
mod platform;
pub mod policy;
mod result;
mod runs;
mod snapshot;
mod spare;
mod supervise;

/// The system's service that runs the executor.
pub const SERVICE: &str = "befund-executor";

pub use door::client::{ExecutorClient, Redacted};
pub use door::server::{Config, run};
pub use platform::{default_keep, is_master};
pub use supervise::ChildCommand;

/// Writes the digest of the first trust root into the executor's own folder: see the keep's own words.
///
/// # Errors
/// If it cannot be written.
pub fn pin(folder: &std::path::Path, digest: [u8; 32]) -> std::io::Result<()> {
    keep::pin(&folder.join(runs::TRUST), digest)
}

/// Writes which machine this is into the executor's own folder, as enrollment says: it is believed more than what the
/// link's folder says.
///
/// # Errors
/// If it cannot be written.
pub fn enrolled(folder: &std::path::Path, agent: befund_model::id::AgentId) -> std::io::Result<()> {
    keep::enrolled(&folder.join(runs::TRUST), agent)
}

/// Which machine this is, as the executor's own folder says; `None` if enrollment wrote nothing there.
///
/// # Errors
/// If it cannot be read or trusted.
pub fn whose(folder: &std::path::Path) -> std::io::Result<Option<befund_model::id::AgentId>> {
    keep::whose(&folder.join(runs::TRUST))
}

/// An error with everything that led to it, in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
