//! Readers of logs and of what is left of crashes.

use befund_model::Timestamp;

use crate::platform::linux::trouble::crashes::{self, formats, lines};
use crate::platform::linux::trouble::errors::{self, Said, clipped};
use crate::platform::linux::trouble::journal::Record;
use crate::platform::linux::trouble::shapes::shape;
use crate::platform::linux::trouble::{kernel, topics};

pub(super) fn journal(bytes: &[u8]) {
    let mut said: Vec<Said> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(record) = Record::parse(line) else { continue };
        let _ = record.text("_SYSTEMD_UNIT");
        said.extend(record.said());
        if let Some(found) = formats::coredump(&record) {
            assert_eq!(found.crash.kind, "program");
        }
    }
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        one(line);
    }
    said.extend(errors::syslog(&text));
    let count = said.len();
    let told = errors::told(&super::context(), "journal", said, None);
    assert!(told.entries.len() <= count, "more was told than said");
    let times: usize = told.entries.iter().map(|entry| entry.times.unwrap_or(1) as usize).sum();
    assert!(times <= count, "told more often than said");
    crashed(&text);
}

/// A line of a log, or a record of the kernel's ring.
fn one(line: &str) {
    if let Some(message) = kernel::parse(line, Some(Timestamp::UNIX_EPOCH)) {
        assert!(message.priority < 8 && !message.text.contains('\n'));
    }
    let cap = line.len() / 2;
    let start = clipped(line, cap);
    assert!(line.starts_with(start) && start.len() <= cap && start.len() + 4 > cap);
    let taken_out = shape(line);
    assert!(taken_out.len() <= line.len(), "a shape longer than its message");
    assert!(taken_out.len() <= 400, "a shape of more than is looked at");
    let _ = (topics::topic(line), topics::aside(line));
    let _ = errors::syslog_line(line, "error");
    let _ = (formats::dump(line), formats::moment(line), formats::signal_in(line));
    if let Some(found) = lines::crash(line) {
        let within = |text: &Option<String>| text.as_deref().is_none_or(|text| line.contains(text));
        assert!(within(&found.crash.program) && within(&found.crash.module), "{found:?}");
        assert!(within(&found.detail), "{found:?}");
    }
}

fn crashed(text: &str) {
    let lines = text.lines().count();
    assert!(crashes::in_text(text).len() <= lines, "more crashes than lines");
    assert!(formats::mcelog(text).len() <= lines, "more events than lines");
    let _ = formats::apport(text);
    let last = formats::kernel(text);
    assert!(matches!(last.crash.kind.as_str(), "kernel" | "hardware"), "{last:?}");
}
