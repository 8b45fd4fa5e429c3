//! What a machine remembers, so that nothing older is taken: the highest versions, the latest time, and the numbers of
//! approvals that were used. Pure state, written and read with serde; where it is kept is the executor's matter.
//!
//! Nothing here ever goes down.

use std::time::Duration;

use befund_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Manifest, Verified, Withdrawal};
use crate::digest::Sha256;
use crate::root::{Standing, Trusted};

mod seen;

pub use seen::{MAX_SEEN, Number, Refusal, Seen};

/// How far a clock may go back without being called set back: what stepping a clock to the network's time does.
/// Meanwhile the time is the floor's.
pub const SLACK: Duration = Duration::from_secs(2 * 60);

/// The only action that is run while the clock is behind what the machine remembers.
pub const RESYNC: &str = "time.resync";

/// The lowest versions and the earliest time that a machine takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floors {
    /// The highest version of a pinned trust root that was taken; 0 before the first.
    pub root_version: u64,
    /// The highest version of a catalogue that was taken; 0 before the first.
    pub catalogue_version: u64,
    /// The digest of that catalogue's manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue_digest: Option<Sha256>,
    /// The latest time that was seen.
    pub time: Timestamp,
    /// When the program was built.
    pub build_time: Timestamp,
}

/// A time that is not below the floor. Only [`Floors::now`] makes it, so that nothing is judged by a clock that was set
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now(Timestamp);

impl Now {
    /// The time.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

/// What is to be thought of a machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It may be right.
    Good(Now),
    /// It is behind what the machine remembers: nothing is run but [`RESYNC`].
    SetBack {
        /// What it says.
        clock: Timestamp,
        /// What is remembered.
        floor: Timestamp,
    },
}

impl Clock {
    /// The time to judge by.
    ///
    /// # Errors
    /// If the clock was set back.
    pub fn now(self) -> Result<Now, SetBack> {
        match self {
            Self::Good(now) => Ok(now),
            Self::SetBack { clock, floor } => Err(SetBack { clock, floor }),
        }
    }

    /// Whether an action may be run as far as the clock goes.
    #[must_use]
    pub fn permits(self, action: &str) -> bool {
        match self {
            Self::Good(_) => true,
            Self::SetBack { .. } => action == RESYNC,
        }
    }
}

/// The clock was set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading the clock: it says {clock}, but this machine has seen {floor}; set it right with `{RESYNC}`, nothing else \
     is run before"
)]
pub struct SetBack {
    /// What it says.
    pub clock: Timestamp,
    /// What is remembered.
    pub floor: Timestamp,
}

impl Floors {
    /// What a machine remembers that never took anything: when its program was built.
    #[must_use]
    pub const fn new(build_time: Timestamp) -> Self {
        Self {
            root_version: 0,
            catalogue_version: 0,
            catalogue_digest: None,
            time: build_time,
            build_time,
        }
    }

    /// The earliest time that is taken.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        self.time.max(self.build_time)
    }

    /// The time to judge by, of what the system's clock says: never below the floor.
    #[must_use]
    pub fn now(&self, clock: Timestamp) -> Clock {
        let floor = self.floor();
        let lowest = floor.checked_sub(SLACK).unwrap_or(Timestamp::MIN);
        if clock < lowest {
            Clock::SetBack { clock, floor }
        } else {
            Clock::Good(Now(clock.max(floor)))
        }
    }

    /// A newer program was installed.
    pub fn built(&mut self, build_time: Timestamp) {
        self.build_time = self.build_time.max(build_time);
    }

    /// This time was seen while a catalogue held. A time at which it has expired is not remembered: nothing is run then,
    /// and a clock that once was years ahead would bar the machine for years.
    pub fn saw(&mut self, now: Now, catalogue: &Verified<Manifest>) {
        self.raise_time(now, catalogue.get().expires);
    }

    /// A root was taken. One that nobody vouched for leaves no trace: it could bar the pinned one otherwise.
    pub fn took_root(&mut self, root: &Trusted) {
        match root.standing() {
            Standing::Pinned => self.root_version = self.root_version.max(root.root().version()),
            Standing::Unpinned => {}
        }
    }

    /// A catalogue was taken.
    pub fn took_catalogue(&mut self, catalogue: &Verified<Manifest>, now: Now) {
        self.raise_catalogue(catalogue.get().version, catalogue.digest());
        self.saw(now, catalogue);
    }

    /// A catalogue was withdrawn.
    pub fn withdrew_catalogue(&mut self, withdrawal: &Withdrawal, now: Now) {
        self.raise_catalogue(withdrawal.version(), withdrawal.digest());
        self.raise_time(now, withdrawal.expires());
    }

    fn raise_time(&mut self, now: Now, expires: Timestamp) {
        if now.0 < expires {
            self.time = self.time.max(now.0);
        }
    }

    fn raise_catalogue(&mut self, version: u64, digest: Sha256) {
        if version > self.catalogue_version {
            self.catalogue_version = version;
            self.catalogue_digest = Some(digest);
        }
    }
}
