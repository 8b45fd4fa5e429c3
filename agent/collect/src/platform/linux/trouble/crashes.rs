//! Crashes of programs and of the system in the last 30 days: what systemd-coredump, apport and ABRT
//! keep, and what the kernel said of segmentation faults, panics, memory that ran out, tasks that hung
//! and broken hardware, by the journal, the kernel's logs, and what survived in pstore or a dump.

pub(crate) mod formats;
pub(crate) mod lines;
#[cfg(test)]
mod tests;

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::section::trouble::{Crash, Crashes};
use befund_runtime::clock::Clock;
use jiff::SignedDuration;

use crate::collector::{Context, Gap};
use crate::lately::Lately;

use super::errors::{clipped, syslog_line};
use super::journal::{self, Query, Record};
use super::kernel;

const DAYS: i64 = 30;
/// How many crashes are kept, the latest.
const MAX_CRASHES: usize = 200;
/// How many folders or files of one place are looked at, the latest by name.
const MAX_FILES: usize = 200;
/// How much of a text log is looked through, from its end.
const TAIL_BYTES: u64 = 512 << 10;
/// How much of a report is read: what matters stands before the memory's picture.
const REPORT_BYTES: u64 = 64 << 10;
/// How much of what was said is kept, in bytes.
const MAX_DETAIL_BYTES: usize = 1_024;

const COREDUMPS: &str = "/var/lib/systemd/coredump";
const APPORT: &str = "/var/crash";
const ABRT: [&str; 2] = ["/var/spool/abrt", "/var/tmp/abrt"];
const PSTORE: [&str; 2] = ["/var/lib/systemd/pstore", "/sys/fs/pstore"];
const MCELOG: &str = "/var/log/mcelog";
const KERNEL_LOGS: [&str; 3] = ["/var/log/kern.log", "/var/log/messages", "/var/log/syslog"];
/// systemd's `SD_MESSAGE_COREDUMP`.
const COREDUMP: &str = "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1";

/// A crash as it was found; what is said of it is redacted only once it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) crash: Crash,
    pub(crate) detail: Option<String>,
}

/// Section `crashes`.
pub(crate) fn crashes(cx: &Context) -> Result<Crashes, Gap> {
    let places = [&KERNEL_LOGS[..], &ABRT, &PSTORE, &[COREDUMPS, APPORT, MCELOG]];
    if !cx.root.is_live()
        && !places.iter().any(|places| places.iter().any(|place| cx.root.exists(place)))
    {
        return Err(Gap::unsupported(
            "the tree has neither the kernel's log nor a folder of systemd-coredump, apport, ABRT, mcelog \
             or pstore",
        ));
    }
    let mut found = Vec::new();
    let journal = cx.root.is_live() && journal::is_kept(cx);
    if journal {
        found.extend(cx.note(in_journal(cx, None)).unwrap_or_default());
    } else {
        found.extend(in_logs(cx));
    }
    found.extend(coredumps(cx));
    found.extend(apport(cx));
    found.extend(ABRT.iter().flat_map(|folder| abrt(cx, folder)));
    found.extend(PSTORE.iter().flat_map(|folder| pstore(cx, folder)));
    if let Some(bytes) = cx.note(cx.root.tail(MCELOG, TAIL_BYTES)) {
        found.extend(formats::mcelog(&String::from_utf8_lossy(&bytes)));
    }
    let now = cx.root.is_live().then(|| Clock::system().now());
    let lately = now.map(|now| Lately::new(now, SignedDuration::from_hours(24 * DAYS)));
    Ok(kept(cx, found, lately))
}

/// Those that happened lately, each once, the latest, newest last.
pub(crate) fn kept(cx: &Context, mut found: Vec<Found>, lately: Option<Lately>) -> Crashes {
    // Without a time nothing can be told of when.
    found.retain(|found| found.crash.at > Timestamp::UNIX_EPOCH);
    if let Some(lately) = lately {
        lately.keep(cx, &mut found, |found| Some(found.crash.at));
    }
    // Of several reports of one crash that which knows most comes first, and takes the rest in.
    found.sort_by_key(|found| (found.crash.at, std::cmp::Reverse(known(&found.crash))));
    let mut crashes: Vec<Found> = Vec::new();
    for next in found {
        match crashes.iter_mut().rev().take(8).find(|before| same(&before.crash, &next.crash)) {
            Some(before) => absorb(before, next),
            None => crashes.push(next),
        }
    }
    let older = crashes.len().saturating_sub(MAX_CRASHES);
    let crashes = crashes.drain(older..).map(|Found { mut crash, detail }| {
        let detail = detail.as_deref().map(|detail| clipped(detail.trim(), MAX_DETAIL_BYTES));
        let detail = detail.filter(|detail| !detail.is_empty());
        crash.detail = detail.map(|detail| cx.redactor.text(detail));
        crash
    });
    let older = u32::try_from(older).ok().filter(|older| *older > 0);
    Crashes { crashes: crashes.collect(), older }
}

fn known(crash: &Crash) -> usize {
    let fields = [&crash.program, &crash.version, &crash.module, &crash.cause, &crash.dump];
    fields.iter().filter(|field| field.is_some()).count()
}

/// Whether two reports are of one crash: of one program within ten seconds (writing the dump and the
/// report takes time), or what the kernel said in one breath.
fn same(one: &Crash, other: &Crash) -> bool {
    let apart = (one.at.as_second() - other.at.as_second()).abs();
    let name = |crash: &Crash| {
        let program = crash.program.as_deref()?;
        let name = program.rsplit('/').next().unwrap_or(program);
        // The kernel cuts names off after 15 bytes.
        Some(clipped(name, 15).to_owned())
    };
    apart <= 10
        && one.kind == other.kind
        && (one.kind != "program" || name(one) == name(other))
        && (one.kind != "out of memory" || name(one) == name(other))
}

fn absorb(into: &mut Found, from: Found) {
    let (crash, other) = (&mut into.crash, from.crash);
    let full = |program: &Option<String>| program.as_deref().is_some_and(|one| one.contains('/'));
    if crash.program.is_none() || (full(&other.program) && !full(&crash.program)) {
        crash.program = other.program;
    }
    crash.version = crash.version.take().or(other.version);
    crash.module = crash.module.take().or(other.module);
    crash.cause = crash.cause.take().or(other.cause);
    crash.dump = crash.dump.take().or(other.dump);
    into.detail = into.detail.take().or(from.detail);
}

/// What the journal tells; of the running system's, or of a folder's.
pub(crate) fn in_journal(cx: &Context, folder: Option<&str>) -> Result<Vec<Found>, Gap> {
    let since = format!("-{DAYS}d");
    let query = |priority, matches, fields| Query {
        since: &since,
        priority,
        matches,
        fields,
        lines: journal::MAX_LINES,
        within: Duration::from_millis(1_500),
    };
    let dumps = query(
        None,
        &[COREDUMP],
        "COREDUMP_TIMESTAMP,COREDUMP_COMM,COREDUMP_EXE,COREDUMP_SIGNAL,COREDUMP_SIGNAL_NAME,\
         COREDUMP_FILENAME,COREDUMP_PACKAGE_VERSION,MESSAGE",
    );
    let dumps = Query { lines: 500, ..dumps };
    let mut found = journal::read_all(cx, folder, &dumps, formats::coredump)?.values;
    let of_kernel = &["_TRANSPORT=kernel"][..];
    // What is grave goes back as far as it may; what is only mentioned, as far as it is quick.
    for priority in ["err", "notice..info"] {
        let said = query(Some(priority), of_kernel, "MESSAGE,PRIORITY");
        found.extend(journal::read_all(cx, folder, &said, from_record)?.values);
    }
    Ok(found)
}

fn from_record(record: &Record) -> Option<Found> {
    let mut found = lines::crash(&record.message()?)?;
    found.crash.at = record.at()?;
    Some(found)
}

/// What the kernel's text logs tell, or its ring where there are none.
fn in_logs(cx: &Context) -> Vec<Found> {
    for path in KERNEL_LOGS {
        let Some(bytes) = cx.note(cx.root.tail(path, TAIL_BYTES)) else { continue };
        return in_text(&String::from_utf8_lossy(&bytes));
    }
    if !cx.root.is_live() {
        return Vec::new();
    }
    let messages = kernel::messages(cx, |message| lines::crash(&message.text).is_some());
    let messages = cx.note(messages).unwrap_or_default();
    let found = messages.into_iter().filter_map(|message| {
        let mut found = lines::crash(&message.text)?;
        found.crash.at = message.at?;
        Some(found)
    });
    found.collect()
}

/// The kernel's lines in a text log. Lines of the old form tell no year, and so no time; they are gone
/// by.
pub(crate) fn in_text(text: &str) -> Vec<Found> {
    let found = text.lines().filter_map(|line| {
        let said = syslog_line(line, "error");
        if said.from.as_deref() != Some("kernel") {
            return None;
        }
        let mut found = lines::crash(&said.message)?;
        found.crash.at = said.at?;
        Some(found)
    });
    found.collect()
}

/// The latest names of a folder.
fn names(cx: &Context, folder: &str) -> Vec<String> {
    let mut names = cx.note(cx.root.list(folder)).unwrap_or_default();
    names.drain(..names.len().saturating_sub(MAX_FILES));
    names
}

/// Dumps that systemd-coredump keeps: their names tell most.
fn coredumps(cx: &Context) -> Vec<Found> {
    let dump = |name: &String| {
        let mut found = formats::dump(name)?;
        found.crash.dump = Some(format!("{COREDUMPS}/{name}"));
        Some(found)
    };
    // Sorted by the program's name, so that the latest are not the last.
    cx.note(cx.root.list(COREDUMPS)).unwrap_or_default().iter().filter_map(dump).collect()
}

/// apport's reports, and the dumps of kernels that kdump leaves in the same folder.
fn apport(cx: &Context) -> Vec<Found> {
    let mut found = Vec::new();
    for name in names(cx, APPORT) {
        let path = format!("{APPORT}/{name}");
        if name.ends_with(".crash") {
            // The head of a report of any size; the rest is the memory.
            let Some(text) = cx.note(cx.root.head(&path, REPORT_BYTES)) else { continue };
            let Some(mut report) = formats::apport(&String::from_utf8_lossy(&text)) else {
                continue;
            };
            // The report tells its time without a zone.
            let modified = cx.root.is_live().then(|| cx.root.modified(&path).ok()).flatten();
            report.crash.at = modified.unwrap_or(report.crash.at);
            report.crash.dump = Some(path);
            found.push(report);
        } else if let Some(at) = formats::moment(&name) {
            let files = cx.root.list(&path).unwrap_or_default();
            let text = files.iter().find(|file| file.contains("dmesg"));
            let text = text
                .and_then(|file| cx.note(cx.root.tail(&format!("{path}/{file}"), REPORT_BYTES)));
            let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
            let mut panic = formats::kernel(text.as_deref().unwrap_or_default());
            panic.crash.at = at;
            panic.crash.dump = Some(path);
            found.push(panic);
        }
    }
    found
}

/// ABRT's folders, a file for each fact.
fn abrt(cx: &Context, folder: &str) -> Vec<Found> {
    let report = |name: &String| {
        let path = format!("{folder}/{name}");
        let line = |file: &str| cx.root.line(&format!("{path}/{file}")).ok().flatten();
        let seconds = line("last_occurrence").or_else(|| line("time"))?.parse().ok()?;
        let kernel = line("type")
            .is_some_and(|kind| matches!(kind.as_str(), "Kerneloops" | "vmcore" | "xorg"));
        let reason = line("reason");
        Some(Found {
            crash: Crash {
                at: Timestamp::from_second(seconds).ok()?,
                kind: if kernel { "kernel" } else { "program" }.to_owned(),
                program: line("executable").filter(|_| !kernel),
                version: line("package"),
                cause: reason.as_deref().and_then(formats::signal_in),
                dump: cx.root.exists(&format!("{path}/coredump")).then(|| path.clone()),
                ..Crash::default()
            },
            detail: reason,
        })
    };
    names(cx, folder).iter().filter_map(report).collect()
}

/// What the firmware kept of a kernel's last words: systemd-pstore moves it into a folder by its
/// number, which mostly is a time.
fn pstore(cx: &Context, folder: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for name in names(cx, folder) {
        let path = format!("{folder}/{name}");
        let file =
            if name.starts_with("dmesg-") { path.clone() } else { format!("{path}/dmesg.txt") };
        let Some(text) = cx.note(cx.root.tail(&file, REPORT_BYTES)) else { continue };
        let mut panic = formats::kernel(&String::from_utf8_lossy(&text));
        let modified = cx.root.is_live().then(|| cx.root.modified(&file).ok()).flatten();
        let Some(at) = formats::moment(&name).or(modified) else { continue };
        panic.crash.at = at;
        panic.crash.dump = Some(file);
        found.push(panic);
    }
    found
}
