//! What a kernel has left that panicked: records of pstore, those that systemd has moved away, and dumps of
//! kdump.

use befund_model::Timestamp;

use crate::collector::Context;
use crate::platform::linux::files;

/// How much of a record is looked through for the kernel's last words.
const RECORD_BYTES: u64 = 64 << 10;

/// A panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) at: Timestamp,
    /// The kernel's last words.
    pub(crate) reason: Option<String>,
}

/// All that are known.
pub(super) fn all(cx: &Context) -> Vec<Panic> {
    let mut paths = files::matching(cx, "/sys/fs/pstore/dmesg-*");
    for pattern in ["/var/lib/systemd/pstore/*/dmesg*", "/var/lib/systemd/pstore/*/*/dmesg*"] {
        paths.extend(files::matching(cx, pattern));
    }
    let mut panics: Vec<Panic> = paths.iter().filter_map(|path| pstore(cx, path)).collect();
    for pattern in ["/var/crash/*/vmcore*", "/var/crash/*/dump.*"] {
        for path in files::matching(cx, pattern) {
            let at = files::modified(cx, &path);
            panics.extend(at.map(|at| Panic { at, reason: None }));
        }
    }
    panics
}

fn pstore(cx: &Context, path: &str) -> Option<Panic> {
    // systemd names its folders by the record, which in firmware's memory begins with the second.
    let named = path.split('/').find_map(|part| {
        let digits = part.get(..10)?;
        let seconds: i64 = digits.parse().ok()?;
        Timestamp::from_second(seconds).ok()
    });
    let at = named.or_else(|| files::modified(cx, path))?;
    let bytes = cx.note(cx.root.tail(path, RECORD_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let reason = last_words(&text).map(|words| cx.redactor.text(words).to_string());
    Some(Panic { at, reason })
}

/// `Kernel panic - not syncing: ...`, else the first `BUG:` or `Oops:`.
pub(crate) fn last_words(text: &str) -> Option<&str> {
    ["Kernel panic - not syncing", "BUG: ", "Oops: "].into_iter().find_map(|words| {
        let line = text.lines().find(|line| line.contains(words))?;
        line.get(line.find(words)?..)
    })
}
