//! What an action works on: a tree of files, the programs that there are, and a clock. The running system,
//! or what a test puts in its place.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::platform::{self, Root};

/// What an action works on.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The tree of files.
    pub root: Root,
    /// The programs.
    pub programs: Programs,
    /// The clock.
    pub clock: &'a dyn WallClock,
}

/// Where programs are looked for: absolute folders, never `PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs(Vec<PathBuf>);

impl Programs {
    /// The system's own folders.
    #[must_use]
    pub fn system() -> Self {
        Self(platform::program_folders())
    }

    /// Only this folder.
    #[must_use]
    pub fn only(folder: &Path) -> Self {
        Self(vec![folder.to_owned()])
    }

    /// The program of this name, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        self.0.iter().map(|folder| folder.join(name)).find(|path| platform::is_program(path))
    }
}

/// A clock that can be set.
pub trait WallClock: std::fmt::Debug {
    /// What it says.
    fn now(&self) -> Timestamp;

    /// Sets it.
    ///
    /// # Errors
    /// What the system says.
    fn set(&self, to: Timestamp) -> std::io::Result<()>;
}

/// The system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> Timestamp {
        befund_runtime::clock::Clock::system().now()
    }

    fn set(&self, to: Timestamp) -> std::io::Result<()> {
        platform::set_clock(to)
    }
}
