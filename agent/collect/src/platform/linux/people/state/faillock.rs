//! Accounts that pam_faillock has locked: a file of records for each account (faillock(8)), which are
//! all failures since the last sign-in that went well.

use befund_model::Timestamp;

use crate::collector::{Context, Gap};
use crate::platform::linux::keyfile::Keyfile;

/// The length of a record: 52 bytes of source, 2 reserved, 2 of status, 8 of time
/// (`struct tally` of Linux-PAM's `faillock.h`).
const RECORD_BYTES: usize = 64;
/// The status bit of a failure that counts.
const VALID: u16 = 1;

/// After how many failures an account is locked, and for how long (faillock.conf(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    folder: String,
    deny: u32,
    /// Within how many seconds the failures have to be.
    interval: i64,
    /// After how many seconds the account is free again; never, if absent.
    unlock: Option<i64>,
}

impl Rules {
    /// As they are set up; what is not set is as faillock.conf(5) says.
    pub(crate) fn read(cx: &Context) -> Self {
        let text = cx.note(cx.root.text("/etc/security/faillock.conf")).unwrap_or_default();
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Self {
        let file = Keyfile::parse(text);
        let number = |key: &str| file.get("", key)?.parse::<i64>().ok().filter(|value| *value >= 0);
        let unlock = match file.get("", "unlock_time") {
            Some("never") => None,
            _ => Some(number("unlock_time").unwrap_or(600)).filter(|seconds| *seconds > 0),
        };
        Self {
            folder: file.get("", "dir").unwrap_or("/run/faillock").trim_end_matches('/').to_owned(),
            deny: number("deny").and_then(|deny| u32::try_from(deny).ok()).unwrap_or(3),
            interval: number("fail_interval").unwrap_or(900),
            unlock,
        }
    }

    /// What is told of an account; `None` if nothing is.
    pub(crate) fn look(&self, cx: &Context, user: &str) -> Result<Option<Tally>, Gap> {
        // A name is a file's here, and may come from whoever can write accounts.
        if user.contains('/') || !cx.root.exists(&self.folder) {
            return Ok(None);
        }
        let path = format!("{}/{user}", self.folder);
        match cx.root.read(&path) {
            Ok(bytes) => Tally::parse(&bytes).map(Some).ok_or_else(|| {
                Gap::failed(format!("{path} does not consist of whole records of pam_faillock"))
            }),
            Err(unread) => match Gap::from(unread) {
                gap if gap.status == befund_model::snapshot::Status::Unsupported => Ok(None),
                gap => Err(gap),
            },
        }
    }

    /// Whether this many failures lock an account at this time, as pam_faillock counts: those that came
    /// within the interval before the latest one.
    pub(crate) fn locks(&self, tally: &Tally, now: Timestamp) -> bool {
        let Some(latest) = tally.latest() else { return false };
        let recent = |at: &&Timestamp| latest.as_second() - at.as_second() < self.interval;
        let failures = tally.failures.iter().filter(recent).count();
        let since = now.as_second().saturating_sub(latest.as_second());
        let over = self.unlock.is_some_and(|unlock| since > unlock);
        self.deny > 0 && failures >= self.deny as usize && !over
    }
}

/// The failures that count, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    failures: Vec<Timestamp>,
}

impl Tally {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(RECORD_BYTES) {
            return None;
        }
        let mut failures = Vec::new();
        for record in bytes.chunks_exact(RECORD_BYTES) {
            let status = u16::from_le_bytes([record[54], record[55]]);
            let seconds = u64::from_le_bytes(record[56..64].try_into().ok()?);
            if status & VALID != 0 {
                failures.push(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?);
            }
        }
        failures.sort_unstable();
        Some(Self { failures })
    }

    pub(crate) fn failures(&self) -> u32 {
        u32::try_from(self.failures.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn latest(&self) -> Option<Timestamp> {
        self.failures.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: u16, at: u64) -> Vec<u8> {
        let mut record = vec![0; 54];
        record[..9].copy_from_slice(b"192.0.2.7");
        record.extend_from_slice(&status.to_le_bytes());
        record.extend_from_slice(&at.to_le_bytes());
        record
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    #[test]
    fn three_failures_lock_an_account_for_ten_minutes_unless_otherwise_set() {
        let bytes = [record(3, 1_000), record(3, 1_010), record(2, 1_015), record(5, 1_020)];
        let tally = Tally::parse(&bytes.concat()).expect("records");
        assert_eq!((tally.failures(), tally.latest()), (3, Some(at(1_020))));
        let shipped = Rules::parse("# deny = 5\n");
        assert!(shipped.locks(&tally, at(1_600)));
        assert!(!shipped.locks(&tally, at(1_621)));
        assert!(Rules::parse("unlock_time = never").locks(&tally, at(9_000_000)));
        assert!(Rules::parse("unlock_time=0").locks(&tally, at(9_000_000)));
        // As long as a number can say.
        assert!(Rules::parse(&format!("unlock_time={}", i64::MAX)).locks(&tally, at(9_000_000)));
        assert!(!Rules::parse("deny=4").locks(&tally, at(1_021)));
        assert!(!Rules::parse("fail_interval = 15").locks(&tally, at(1_021)));
    }

    #[test]
    fn half_a_record_is_none() {
        assert_eq!(Tally::parse(&record(1, 1)[..63]), None);
        assert_eq!(Tally::parse(&[]), Some(Tally::default()));
        assert_eq!(Tally::parse(&record(1, u64::MAX)), None);
    }
}
