//! What people agreed to for a ticket, for some time. It is on the disk, since the executor goes when it is idle and the
//! machine may restart meanwhile; a clock that was set back revives nothing. What cannot be read or written costs one
//! more question. Whether anything is offered for some time is the policy's.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::warn;

use befund_model::Timestamp;
use befund_model::id::TicketNumber;

use super::Keep;

const FILE: &str = "agreed.json";
/// The most bytes that are read back.
const MOST_BYTES: u64 = 64 << 10;
/// The most that are kept; the oldest goes first.
const MOST: usize = 100;

/// Somebody agreed to changes for a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Agreed {
    ticket: TicketNumber,
    account: String,
    at: Timestamp,
    until: Timestamp,
}

impl Keep {
    /// Remembers that somebody agreed to changes for a ticket for so long, from now on.
    pub(crate) fn agree(
        &self,
        ticket: TicketNumber,
        account: &str,
        lasting: Duration,
        clock: Timestamp,
    ) {
        let Ok(now) = self.now(clock).now() else { return };
        let at = now.timestamp();
        let Ok(until) = at.checked_add(lasting) else { return };
        let mut all = self.all_agreed(at);
        all.retain(|one| one.ticket != ticket || one.account != account);
        all.push(Agreed { ticket, account: account.to_owned(), at, until });
        let all = &all[all.len().saturating_sub(MOST)..];
        let bytes = serde_json::to_vec(all).unwrap_or_default();
        if let Err(error) = self.disk.write(FILE, &bytes) {
            warn!(error = crate::told(&error), "what somebody agreed to is forgotten");
        }
    }

    /// Whether somebody agreed to changes for a ticket, and that still holds.
    pub(crate) fn has_agreed(&self, ticket: TicketNumber, account: &str, clock: Timestamp) -> bool {
        let Ok(now) = self.now(clock).now() else { return false };
        let all = self.all_agreed(now.timestamp());
        all.iter().any(|one| one.ticket == ticket && one.account == account)
    }

    /// All that holds now.
    fn all_agreed(&self, now: Timestamp) -> Vec<Agreed> {
        let read = self.disk.read(FILE, MOST_BYTES).ok().flatten();
        let all: Option<Vec<Agreed>> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let holds = |one: &Agreed| one.at <= now && now < one.until;
        all.unwrap_or_default().into_iter().filter(holds).collect()
    }
}
