//! Accounts by their numbers.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account(u32);

impl Account {
    /// The account with this number.
    #[must_use]
    pub const fn of_uid(uid: u32) -> Self {
        Self(uid)
    }

    /// The account that this process acts as.
    #[must_use]
    pub fn own() -> Self {
        Self(rustix::process::geteuid().as_raw())
    }

    /// Its number.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.0
    }

    /// Whether it may do anything: root.
    #[must_use]
    pub const fn is_administrator(&self) -> bool {
        self.0 == 0
    }

    /// The account of this name, from the account database's file.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then(|| fields.nth(1)?.parse().ok().map(Self))?
        })
    }

    /// Its name, from the account database's file; `uid 1000` where it is not there.
    #[must_use]
    pub fn name(&self) -> String {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        accounts
            .lines()
            .find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                let number: u32 = fields.nth(1)?.parse().ok()?;
                (number == self.0).then(|| name.to_owned())
            })
            .unwrap_or_else(|| format!("uid {}", self.0))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Account {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
