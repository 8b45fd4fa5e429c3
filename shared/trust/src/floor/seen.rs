//! The numbers of statements that were used, so that none is used twice. A number is kept until what it
//! belongs to has expired, and never forgotten before: when there is no place left, nothing more is taken.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use befund_model::Timestamp;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Now;
use crate::digest::fixed;

/// The most numbers that are kept: more than a hundred approvals a day for as long as the longest order lives.
pub const MAX_SEEN: usize = 4096;

/// The number of a statement or an order: 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(pub [u8; 16]);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

/// A text that is no number of a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no number of a statement: expected 32 hexadecimal digits in lower case")]
pub struct InvalidNumber;

impl FromStr for Number {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        fixed(text).map(Self).ok_or(InvalidNumber)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The numbers that were used and when what they belong to expires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    numbers: BTreeMap<Number, Timestamp>,
}

/// Why a number is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was used before.
    #[error(
        "using the approval {0}: it was used before; each is good for one step, so have it signed anew"
    )]
    Again(Number),
    /// What it belongs to has expired.
    #[error("using the approval {number}: it expired at {expires}; have it signed anew")]
    Expired {
        /// Which.
        number: Number,
        /// When.
        expires: Timestamp,
    },
    /// There is no place left.
    #[error(
        "using the approval {0}: this machine remembers {MAX_SEEN} that have not expired, and forgets none of them; wait until some have"
    )]
    Full(Number),
}

impl Seen {
    /// Uses a number; what expired is forgotten.
    ///
    /// # Errors
    /// If it was used before, has expired, or there is no place; then nothing has changed.
    pub fn take(&mut self, number: Number, expires: Timestamp, now: Now) -> Result<(), Refusal> {
        if self.numbers.contains_key(&number) {
            return Err(Refusal::Again(number));
        }
        if now.timestamp() >= expires {
            return Err(Refusal::Expired { number, expires });
        }
        let alive = |expires: &Timestamp| *expires > now.timestamp();
        if self.numbers.values().filter(|expires| alive(expires)).count() >= MAX_SEEN {
            return Err(Refusal::Full(number));
        }
        self.numbers.retain(|_, expires| alive(expires));
        self.numbers.insert(number, expires);
        Ok(())
    }

    /// Whether a number is remembered.
    #[must_use]
    pub fn contains(&self, number: Number) -> bool {
        self.numbers.contains_key(&number)
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}
