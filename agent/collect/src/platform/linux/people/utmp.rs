//! Records of utmp(5), which wtmp and btmp are made of too.
//!
//! glibc keeps 32-bit times and so 384 bytes where 32-bit programs share the files (x86, POWER, RISC-V);
//! elsewhere (ARM, and musl everywhere) a record has 400 bytes. A file does not say which it has.

use befund_model::Timestamp;

/// The kinds of records that are read (utmp(5)).
pub(crate) const RUN_LEVEL: u16 = 1;
pub(crate) const BOOT_TIME: u16 = 2;
pub(crate) const USER_PROCESS: u16 = 7;
/// What login and sshd write into btmp.
pub(crate) const LOGIN_PROCESS: u16 = 6;

/// The largest kind that there is (`ACCOUNTING`).
const LAST_KIND: u16 = 9;
const SHORT: usize = 384;
const LONG: usize = 400;

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: u16,
    pub(crate) pid: u32,
    pub(crate) line: String,
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) at: Timestamp,
}

/// The records, in order; what is cut off at the end, or of no known kind, is left out.
pub(crate) fn records(bytes: &[u8]) -> Vec<Record> {
    let length = length(bytes);
    bytes.chunks_exact(length).filter_map(|bytes| record(bytes, length)).collect()
}

/// How long a record is: whichever length makes sense of more of them.
pub(crate) fn length(bytes: &[u8]) -> usize {
    let senseless = |length: &usize| {
        let strange = |bytes: &[u8]| record(bytes, *length).is_none();
        (bytes.chunks_exact(*length).filter(|bytes| strange(bytes)).count(), bytes.len() % length)
    };
    if senseless(&SHORT) <= senseless(&LONG) { SHORT } else { LONG }
}

fn record(bytes: &[u8], length: usize) -> Option<Record> {
    let text = |from: usize, to: usize| {
        let bytes = &bytes[from..to];
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let kind = u16::from_le_bytes([bytes[0], bytes[1]]);
    let at = if length == SHORT {
        i64::from(i32::from_le_bytes(bytes[340..344].try_into().ok()?))
    } else {
        i64::from_le_bytes(bytes[344..352].try_into().ok()?)
    };
    Some(Record {
        kind: Some(kind).filter(|kind| *kind <= LAST_KIND)?,
        pid: u32::from_le_bytes(bytes[4..8].try_into().ok()?),
        line: text(8, 40),
        user: text(44, 76),
        host: text(76, 332),
        at: Timestamp::from_second(at).ok().filter(|at| at.as_second() >= 0)?,
    })
}
