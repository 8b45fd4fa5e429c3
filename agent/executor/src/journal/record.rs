//! The bytes of a journal: records one after the other, each of which tells whether it is whole, whose it
//! is, and what was on the disk for certain before it. What they say is none of this file's business.
//!
//! ```text
//! marker 4 | length u32 | number u64 | synced u64 | BLAKE3 32 | payload        (all big endian)
//! ```
//!
//! The checksum is over the job's id, the first 24 bytes and the payload, so that a record moved to another
//! job's file, or within its own, is no record. `synced` is how much of the file had been synced when the
//! record was written. It tells two things apart that look alike: a place that a power cut left unwritten
//! (what follows it was written before it was ever synced, and none of it was promised) and a place that
//! was whole once. The first is cut off, the second makes the job indeterminate. Damage to what was
//! written last cannot be told from a cut, since nothing after it bears witness.

use std::ops::Range;

use befund_model::id::JobId;

/// The most bytes of a payload: a section's facts, and what stands around them.
pub const MAX_PAYLOAD_BYTES: usize = 17 << 20;
/// What stands before a payload, in bytes.
pub const HEAD_BYTES: usize = 4 + 4 + 8 + 8 + 32;

const MARKER: [u8; 4] = [0xBF, b'J', b'R', 1];
/// What the checksum covers of the head.
const COVERED: usize = 24;

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counted from 0 within the file.
    pub number: u64,
    /// How much of the file was synced before it.
    pub synced: u64,
    /// Where its payload stands in the file.
    pub payload: Range<usize>,
}

/// How a file ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With a record.
    Whole,
    /// With bytes that never were a synced record.
    Torn {
        /// How many.
        bytes: u64,
    },
    /// What comes after was a record once, or says what cannot be.
    Damaged {
        /// From which byte on.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The records up to the first place that is none.
    pub records: Vec<Record>,
    /// How long they are together, in bytes.
    pub whole: u64,
    /// What comes after them.
    pub tail: Tail,
}

/// A record's bytes.
///
/// # Panics
/// If the payload is longer than [`MAX_PAYLOAD_BYTES`], which whoever writes has to see to.
#[must_use]
pub fn encode(job: JobId, number: u64, synced: u64, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= MAX_PAYLOAD_BYTES, "the writer keeps to the cap");
    let length = u32::try_from(payload.len()).expect("the cap is below 4 GiB");
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.extend_from_slice(&MARKER);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&synced.to_be_bytes());
    let sum = checksum(job, &bytes, payload);
    bytes.extend_from_slice(&sum);
    bytes.extend_from_slice(payload);
    bytes
}

/// Reads a file. Takes time and memory in proportion to its length, whatever it holds.
#[must_use]
pub fn read(job: JobId, bytes: &[u8]) -> Contents {
    let mut records = Vec::new();
    let mut at = 0;
    let tail = loop {
        if at == bytes.len() {
            break Tail::Whole;
        }
        let Some(record) = one(job, bytes, at) else { break after(job, bytes, at) };
        let why = if record.number != records.len() as u64 {
            Some("a record is missing, or there twice")
        } else if record.synced > at as u64 {
            Some("a record says that more was written before it than there is")
        } else {
            None
        };
        if let Some(why) = why {
            break Tail::Damaged { at: at as u64, why };
        }
        at = record.payload.end;
        records.push(record);
    };
    // The first record is whole before the file has its name.
    let tail = match tail {
        Tail::Torn { .. } | Tail::Whole if records.is_empty() => {
            Tail::Damaged { at: 0, why: "the first record is not whole" }
        }
        tail => tail,
    };
    Contents { records, whole: at as u64, tail }
}

/// The record at this place, if there is one.
fn one(job: JobId, bytes: &[u8], at: usize) -> Option<Record> {
    let head: &[u8; HEAD_BYTES] = bytes.get(at..)?.first_chunk()?;
    let length = claimed(head)?;
    let start = at + HEAD_BYTES;
    let payload = start..start.checked_add(length)?;
    let sum = checksum(job, &head[..COVERED], bytes.get(payload.clone())?);
    if sum != head[COVERED..] {
        return None;
    }
    let number = u64::from_be_bytes(*head[8..].first_chunk()?);
    let synced = u64::from_be_bytes(*head[16..].first_chunk()?);
    Some(Record { number, synced, payload })
}

/// The length that a head claims, if it is one and the length is allowed.
fn claimed(head: &[u8; HEAD_BYTES]) -> Option<usize> {
    let length = u32::from_be_bytes(*head[4..].first_chunk()?) as usize;
    (head.starts_with(&MARKER) && length <= MAX_PAYLOAD_BYTES).then_some(length)
}

/// What the rest of a file is, from a place on where no record begins.
fn after(job: JobId, bytes: &[u8], at: usize) -> Tail {
    // What looks like a record costs its length to look at, and they may overlap.
    let mut budget = bytes.len().saturating_mul(2);
    let mut next = at + 1;
    while next + HEAD_BYTES <= bytes.len() {
        let Some(head) = bytes[next..].first_chunk() else { break };
        if let Some(length) =
            claimed(head).filter(|length| length + HEAD_BYTES <= bytes.len() - next)
        {
            let Some(left) = budget.checked_sub(length + HEAD_BYTES) else {
                let why = "too much of it looks like records and is none";
                return Tail::Damaged { at: at as u64, why };
            };
            budget = left;
            if let Some(record) = one(job, bytes, next) {
                if record.synced > at as u64 {
                    let why = "what was written and synced cannot be read";
                    return Tail::Damaged { at: at as u64, why };
                }
                next = record.payload.end;
                continue;
            }
        }
        next += 1;
    }
    Tail::Torn { bytes: (bytes.len() - at) as u64 }
}

fn checksum(job: JobId, covered: &[u8], payload: &[u8]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(job.as_bytes());
    hash.update(covered);
    hash.update(payload);
    *hash.finalize().as_bytes()
}
