//! How those who keep crashes write them down: systemd-coredump, apport, mcelog, and whatever keeps a
//! kernel's last words. No I/O.

use befund_model::Timestamp;
use befund_model::section::trouble::Crash;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Found;
use super::lines;
use crate::platform::linux::trouble::journal::Record;

/// The names of signals by number, as they are on every architecture but MIPS, Alpha and SPARC
/// (signal(7)).
const SIGNALS: &[(u32, &str)] = &[
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (11, "SIGSEGV"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

fn signal(number: &str) -> Option<String> {
    let number: u32 = number.trim().parse().ok()?;
    let name = SIGNALS.iter().find(|(known, _)| *known == number);
    Some(name.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned()))
}

/// The signal that a text names, as in `foo killed by SIGSEGV`.
pub(crate) fn signal_in(text: &str) -> Option<String> {
    let word = text.split(|sign: char| !sign.is_ascii_alphanumeric());
    word.into_iter().find(|word| word.starts_with("SIG") && word.len() > 4).map(str::to_owned)
}

/// systemd-coredump's entry in the journal (systemd-coredump(8)). Of the trace in its message only the
/// innermost frame is read.
pub(crate) fn coredump(record: &Record) -> Option<Found> {
    let micros = record.text("COREDUMP_TIMESTAMP").and_then(|micros| micros.parse().ok());
    let at = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let message = record.message().unwrap_or_default();
    let cause = record
        .text("COREDUMP_SIGNAL_NAME")
        .or_else(|| record.text("COREDUMP_SIGNAL").and_then(|number| signal(&number)));
    Some(Found {
        crash: Crash {
            at: at.or_else(|| record.at())?,
            kind: "program".to_owned(),
            program: record.text("COREDUMP_EXE").or_else(|| record.text("COREDUMP_COMM")),
            version: record.text("COREDUMP_PACKAGE_VERSION"),
            module: innermost(&message).map(|(_, module)| module.to_owned()),
            cause,
            dump: record.text("COREDUMP_FILENAME"),
            detail: None,
        },
        detail: innermost(&message).map(|(function, module)| format!("in {function} ({module})")),
    })
}

/// `#0  0x00007f0a raise (libc.so.6 + 0x38d22)`: the function and the module.
fn innermost(message: &str) -> Option<(&str, &str)> {
    let frame = message.lines().find_map(|line| line.trim_start().strip_prefix("#0 "))?;
    let (head, rest) = frame.rsplit_once(" (")?;
    let module = rest.split([' ', ')']).next().filter(|module| !module.is_empty())?;
    let function = head.split_ascii_whitespace().nth(1)?;
    Some((function, module))
}

/// A dump's name: `core.COMM.UID.BOOT.PID.MICROSECONDS` and how it is packed.
pub(crate) fn dump(name: &str) -> Option<Found> {
    let rest = name.strip_prefix("core.")?;
    let rest =
        [".zst", ".lz4", ".xz"].iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
    let mut parts = rest.rsplitn(5, '.');
    let micros: i64 = parts.next()?.parse().ok()?;
    let (_, _, _) = (parts.next()?, parts.next()?, parts.next()?);
    let program = parts.next().filter(|program| !program.is_empty())?;
    let crash = Crash {
        at: Timestamp::from_microsecond(micros).ok()?,
        kind: "program".to_owned(),
        program: Some(program.to_owned()),
        ..Crash::default()
    };
    Some(Found { crash, detail: None })
}

/// apport's report: `Key: value` lines, values that go on indented. What it tells of the person (their
/// environment, their command line) is not read. Reports of packages that failed are no crash.
pub(crate) fn apport(text: &str) -> Option<Found> {
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let kind = match field("ProblemType")?.as_str() {
        "Crash" => "program",
        "Hang" => "hang",
        "KernelCrash" | "KernelOops" => "kernel",
        _ => return None,
    };
    // `Package: name version`.
    let version = field("Package").and_then(|package| Some(package.split(' ').nth(1)?.to_owned()));
    Some(Found {
        crash: Crash {
            at: field("Date").and_then(|date| written(&date)).unwrap_or(Timestamp::UNIX_EPOCH),
            kind: kind.to_owned(),
            program: field("ExecutablePath").filter(|_| kind != "kernel"),
            version: version.filter(|version| version != "(not"),
            cause: field("Signal").and_then(|number| signal(&number)),
            ..Crash::default()
        },
        detail: field("Title").or_else(|| field("SegvReason")),
    })
}

/// `Thu May  2 10:00:00 2024`, as if in UTC: ctime(3) tells no zone.
fn written(date: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let &[_, month, day, time, year] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    civil(year, &format!("{month:02}"), &format!("{:02}", day.parse::<u8>().ok()?), time)
}

fn civil(year: &str, month: &str, day: &str, time: &str) -> Option<Timestamp> {
    let at: DateTime = format!("{year}-{month}-{day}T{time}").parse().ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// When a name says that something was: seconds since 1970 (pstore's records, with more digits behind),
/// `202405021000` (Debian's kdump), `127.0.0.1-2024-05-02-10:00:00` (Red Hat's).
pub(crate) fn moment(name: &str) -> Option<Timestamp> {
    if let Some(at) = name.len().checked_sub(19).and_then(|start| name.get(start..)) {
        let parts: Vec<&str> = at.split('-').collect();
        if let &[year, month, day, time] = parts.as_slice()
            && time.len() == 8
            && let Some(at) = civil(year, month, day, time)
        {
            return Some(at);
        }
    }
    let digits = name.rsplit('-').next()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() == 12 && digits.starts_with("20") {
        let time = format!("{}:{}:00", &digits[8..10], &digits[10..]);
        return civil(&digits[..4], &digits[4..6], &digits[6..8], &time);
    }
    // Of this century: from 2001 to 2286.
    let seconds: i64 = digits.get(..10)?.parse().ok()?;
    (digits.starts_with('1')).then(|| Timestamp::from_second(seconds).ok()).flatten()
}

/// A kernel's last words: of the lines that tell of a crash, the one that ended it.
pub(crate) fn kernel(text: &str) -> Found {
    let mut told: Option<Found> = None;
    for line in text.lines() {
        // `<0>[12345.678] `, as dmesg writes it raw.
        let line =
            line.split_once('>').filter(|(head, _)| head.len() <= 3).map_or(line, |(_, rest)| rest);
        let Some(found) = lines::crash(line).filter(|found| found.crash.kind != "program") else {
            continue;
        };
        let ends = found.detail.as_deref().is_some_and(|line| line.starts_with("Kernel panic"));
        if told.is_none() || ends {
            told = Some(found);
        }
    }
    let mut told = told.unwrap_or_default();
    if told.crash.kind != "hardware" {
        told.crash.kind = "kernel".to_owned();
    }
    told
}

/// mcelog's text: a block for each event, with `TIME seconds …` and `STATUS …`; those that were not
/// corrected.
pub(crate) fn mcelog(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let (mut at, mut uncorrected) = (None, false);
    let mut detail = String::new();
    for line in text.lines().chain(["Hardware event."]) {
        if line.starts_with("Hardware event.") {
            if let (Some(at), true) = (at, uncorrected) {
                let crash = Crash {
                    at,
                    kind: "hardware".to_owned(),
                    cause: Some("machine check".to_owned()),
                    ..Crash::default()
                };
                found.push(Found { crash, detail: Some(detail.clone()) });
            }
            (at, uncorrected) = (None, false);
            detail.clear();
        } else if let Some(time) = line.strip_prefix("TIME ") {
            let seconds = time.split(' ').next().and_then(|seconds| seconds.parse().ok());
            at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        } else {
            uncorrected |=
                line.contains("Uncorrected") || line.contains("Processor context corrupt");
            if detail.len() < 512 {
                detail.push_str(line.trim());
                detail.push(' ');
            }
        }
    }
    found
}
