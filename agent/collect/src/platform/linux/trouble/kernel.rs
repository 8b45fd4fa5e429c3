//! The kernel's ring of messages (`/dev/kmsg`), for systems without a log. Only the running system
//! has one, and mostly only root may read it.

use befund_model::Timestamp;
use jiff::SignedDuration;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::collector::{Context, Gap};
use crate::platform::linux::software::uptime;

/// More than the ring of any kernel holds.
const MAX_RECORDS: usize = 100_000;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// 0 to 7 (RFC 5424).
    pub(crate) priority: u64,
    pub(crate) at: Option<Timestamp>,
    pub(crate) text: String,
}

/// The messages that the filter takes, in order.
pub(crate) fn messages(
    cx: &Context,
    takes: impl Fn(&Message) -> bool,
) -> Result<Vec<Message>, Gap> {
    if !cx.root.is_live() {
        return Err(Gap::unsupported("the tree has no log"));
    }
    cx.root.trail().at("/dev/kmsg");
    let booted_at = uptime::boot_time(cx).ok().flatten();
    let refused = |error: Errno| {
        let gap =
            if matches!(error, Errno::ACCESS | Errno::PERM) { Gap::denied } else { Gap::failed };
        gap(format!("/dev/kmsg, the kernel's messages, could not be read: {error}"))
    };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let ring = openat(CWD, "/dev/kmsg", flags, Mode::empty()).map_err(refused)?;
    let mut messages = Vec::new();
    let mut record = vec![0; 8192];
    for _ in 0..MAX_RECORDS {
        match rustix::io::read(&ring, &mut record[..]) {
            Ok(read) => {
                let text = String::from_utf8_lossy(&record[..read]);
                messages.extend(parse(&text, booted_at).filter(&takes));
            }
            Err(Errno::AGAIN) => break,
            // The record was overwritten meanwhile; the next one is there.
            Err(Errno::PIPE) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(messages)
}

/// `priority,sequence,microseconds,flags;message` (Documentation/ABI/testing/dev-kmsg).
pub(crate) fn parse(record: &str, booted_at: Option<Timestamp>) -> Option<Message> {
    let (head, message) = record.split_once(';')?;
    let mut fields = head.split(',');
    // The facility stands in front of the lower three bits.
    let priority = fields.next()?.parse::<u64>().ok()? & 7;
    let micros: i64 = fields.nth(1)?.parse().ok()?;
    let at = booted_at.and_then(|boot| boot.checked_add(SignedDuration::from_micros(micros)).ok());
    Some(Message { priority, at, text: message.lines().next()?.to_owned() })
}
