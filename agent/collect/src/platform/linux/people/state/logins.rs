//! Who signed in when: wtmp, lastlog, and btmp for what failed.

use std::io::{Read, Seek, SeekFrom};

use befund_model::Timestamp;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::people::utmp::{self, Record};

/// How much of wtmp and btmp is looked through, from the end (some 2,700 sign-ins).
const TAIL_BYTES: u64 = 1 << 20;

/// A sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) at: Timestamp,
    pub(crate) from: Option<String>,
}

/// The latest sign-ins and those that failed, in order.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    went_well: Vec<Record>,
    /// Absent if the file is not there or may not be read.
    failed: Option<Vec<Record>>,
}

impl Logins {
    pub(crate) fn read(cx: &Context) -> Self {
        const LASTLOG2: &str = "/var/lib/lastlog/lastlog2.db";
        let went_well = tail(cx, "/var/log/wtmp").unwrap_or_default();
        if went_well.is_empty() && cx.root.exists(LASTLOG2) {
            cx.gap(Gap::failed(format!(
                "last sign-ins are kept in {LASTLOG2}, a kind of database that is not read yet"
            )));
        }
        Self { went_well, failed: tail(cx, "/var/log/btmp") }
    }

    /// The last time that somebody signed in with this account, as far as wtmp goes back.
    pub(crate) fn last(&self, user: &str) -> Option<Login> {
        let of = |record: &&Record| record.kind == utmp::USER_PROCESS && record.user == user;
        let record = self.went_well.iter().rev().find(of)?;
        Some(Login { at: record.at, from: from(&record.host, &record.line) })
    }

    /// How often signing in has failed since, and when last; `None` if that is not recorded.
    pub(crate) fn failed_since(
        &self,
        user: &str,
        since: Option<Timestamp>,
    ) -> Option<(u32, Option<Timestamp>)> {
        let later = |record: &&Record| {
            matches!(record.kind, utmp::USER_PROCESS | utmp::LOGIN_PROCESS)
                && record.user == user
                && since.is_none_or(|since| record.at > since)
        };
        let failed = self.failed.as_ref()?.iter().filter(later);
        let (mut count, mut latest) = (0, None);
        for record in failed {
            count += 1;
            latest = latest.max(Some(record.at));
        }
        Some((count, latest))
    }
}

fn from(host: &str, line: &str) -> Option<String> {
    [host, line].into_iter().find(|text| !text.is_empty()).map(str::to_owned)
}

/// The records at the end of a file, which begin where a record does.
pub(crate) fn tail(cx: &Context, path: &str) -> Option<Vec<Record>> {
    let bytes = cx.note(cx.root.tail(path, TAIL_BYTES))?;
    // Where the file is longer, its beginning decides where records begin.
    let whole = cx.note(files::about(cx, path))?.length;
    let length = utmp::length(&bytes) as u64;
    let skipped = whole.saturating_sub(bytes.len() as u64);
    let to_skip = usize::try_from((length - skipped % length) % length).ok()?;
    Some(utmp::records(bytes.get(to_skip..)?))
}

/// The record of lastlog(8) for an account: it lies at the account's number. Records are as long as the
/// architecture makes them (`struct lastlog`): a time of 32 bits or of 64, a line of 32 bytes, a host of 256.
pub(crate) fn last(cx: &Context, uid: u32, wide: bool) -> Option<Login> {
    const LASTLOG: &str = "/var/log/lastlog";
    let time: usize = if wide { 8 } else { 4 };
    let length = time + 32 + 256;
    let mut file = files::open(cx, LASTLOG).ok()?;
    file.seek(SeekFrom::Start(u64::from(uid) * length as u64)).ok()?;
    let mut record = vec![0; length];
    file.read_exact(&mut record).ok()?;
    lastlog(&record, time)
}

pub(crate) fn lastlog(record: &[u8], time: usize) -> Option<Login> {
    let mut seconds = [0; 8];
    seconds.get_mut(..time)?.copy_from_slice(record.get(..time)?);
    let seconds = i64::from_le_bytes(seconds);
    let text = |from: usize, to: usize| {
        let bytes = record.get(from..to)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    };
    let (line, host) = (text(time, time + 32)?, text(time + 32, time + 288)?);
    // Zero: somebody of a higher number signed in, this one never did.
    let at = Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)?;
    Some(Login { at, from: from(&host, &line) })
}
