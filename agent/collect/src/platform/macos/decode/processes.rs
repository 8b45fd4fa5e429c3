//! Processes, by ps(1).

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::redaction::Redactor;
use befund_model::section::software::Process;
use jiff::SignedDuration;

/// The columns that [`parse`] reads, for `ps -axww -o`.
pub(crate) const COLUMNS: &str = "pid=,ppid=,user=,state=,%cpu=,rss=,time=,etime=,args=";

/// Reads a line of these columns; how it was started may hold anything.
pub(crate) fn parse(
    line: &str,
    names: &BTreeMap<u32, String>,
    now: Option<Timestamp>,
    redactor: &Redactor,
) -> Option<Process> {
    let mut rest = line;
    let mut word = || {
        let text = rest.trim_start();
        let end = text.find(' ').unwrap_or(text.len());
        let word = &text[..end];
        rest = &text[end..];
        (!word.is_empty()).then_some(word)
    };
    let (pid, parent) = (word()?.parse().ok()?, word()?.parse().ok()?);
    let (user, state) = (word()?.to_owned(), state(word()?));
    let cpu: f64 = word()?.replace(',', ".").parse().ok()?;
    let memory: u64 = word()?.parse().ok()?;
    let used = hundredths(word()?)?;
    let since = elapsed(word()?);
    let command = rest.trim();
    let first = command.split(' ').next().unwrap_or_default();
    let name = names.get(&pid).map(String::as_str).unwrap_or(first);
    let started = now.zip(since).and_then(|(now, since)| now.checked_sub(since).ok());
    Some(Process {
        pid,
        parent,
        name: name.rsplit('/').next().unwrap_or(name).to_owned(),
        command: (!command.is_empty()).then(|| redactor.command_line(command)),
        user: Some(user),
        state: state.into(),
        cpu_ms: used.saturating_mul(10),
        cpu_percent: cpu.is_finite().then_some(cpu),
        memory_bytes: memory.checked_mul(1024)?,
        // A whole second is all that ps tells.
        started_at: started.and_then(|at| Timestamp::from_second(at.as_second()).ok()),
        ..Process::default()
    })
}

/// The programs' paths by number, of `ps -axww -o pid=,comm=`: names may hold blanks.
pub(crate) fn names(text: &str) -> BTreeMap<u32, String> {
    let line = |line: &str| {
        let (pid, name) = line.trim_start().split_once(' ')?;
        Some((pid.parse().ok()?, name.trim().to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// The first letter counts (ps(1), `state`).
fn state(letters: &str) -> &'static str {
    match letters.chars().next() {
        Some('R') => "running",
        Some('U') => "waiting for a disk",
        Some('T') => "stopped",
        Some('Z') => "zombie",
        Some('I') => "idle",
        _ => "sleeping",
    }
}

/// `12:34.56` and `1234:05.67`, minutes and seconds, in hundredths of a second.
fn hundredths(text: &str) -> Option<u64> {
    let text = text.replace(',', ".");
    let (minutes, seconds) = text.rsplit_once(':')?;
    let (seconds, rest) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let mut whole = 0_u64;
    for part in minutes.split(':') {
        whole = whole.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    whole
        .checked_mul(60)?
        .checked_add(seconds.parse().ok()?)?
        .checked_mul(100)?
        .checked_add(rest.parse().ok()?)
}

/// `[[dd-]hh:]mm:ss`.
fn elapsed(text: &str) -> Option<SignedDuration> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let mut seconds = 0_i64;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let days: i64 = days.parse().ok()?;
    Some(SignedDuration::from_secs(days.checked_mul(86_400)?.checked_add(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read() {
        // macOS 14.
        let names = names(
            "    1 /sbin/launchd\n  392 /Applications/Google Chrome.app/Contents/MacOS/Google Chrome\n",
        );
        let now = "2024-05-01T10:00:00Z".parse().ok();
        let line = "  392     1 anna             S      1.2 402112   12:34.56 01-02:03:04 /Applications/Google Chrome.app/Contents/MacOS/Google Chrome --password=geheim";
        let process = parse(line, &names, now, &Redactor::default()).expect("a process");
        assert_eq!((process.name.as_str(), process.state.as_str()), ("Google Chrome", "sleeping"));
        assert_eq!((process.cpu_ms, process.memory_bytes), (754_560, 402_112 * 1024));
        let started = process.started_at.map(|at| at.to_string());
        assert_eq!(started.as_deref(), Some("2024-04-30T07:56:56Z"));
        assert!(!process.command.expect("a command").as_str().contains("geheim"));
        assert!(parse("x", &names, now, &Redactor::default()).is_none());
    }
}
