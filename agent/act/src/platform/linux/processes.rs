//! `process.end`, `process.lower_priority`: one process, told by its number and by when it was started. When is
//! the kernel's own count: clock ticks after boot (field 22 of `/proc/PID/stat`, proc_pid_stat(5)).

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, getpriority_process, pidfd_open, pidfd_send_signal,
    setpriority_process,
};
use serde_json::Value;

use befund_model::action::Holds;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// How long a process may take to end once it was asked.
const GRACE: Duration = Duration::from_secs(20);
/// What a process is lowered to: half-way to the least (nice(2)).
const LOWERED: i32 = 10;

/// A process that is the one that is meant.
struct Found {
    pid: Pid,
    /// No other process can take its place behind this.
    handle: OwnedFd,
    name: String,
}

/// Name and start of `/proc/PID/stat`; the name may have brackets and spaces in it.
fn read(stat: &str) -> Option<(&str, u64)> {
    let (_, rest) = stat.split_once('(')?;
    let (name, fields) = rest.rsplit_once(')')?;
    // The third field is the first behind the name.
    let started = fields.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some((name, started))
}

fn stat(context: &Context<'_>, pid: u64) -> Option<(String, u64)> {
    let text = context.root.text(&format!("/proc/{pid}/stat")).ok()?;
    read(&text).map(|(name, started)| (name.to_owned(), started))
}

fn wanted(parameters: &Parameters) -> Outcome<(u64, u64)> {
    let both = parameters.number("pid").zip(parameters.number("started"));
    both.ok_or_else(|| Trouble::failed("the parameters pid and started are missing"))
}

/// The process, if it is there and is the one that is meant; `None` if it has ended.
fn find(context: &Context<'_>, parameters: &Parameters) -> Outcome<Option<Found>> {
    let (number, started) = wanted(parameters)?;
    let raw = i32::try_from(number).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw);
    let pid = raw.ok_or_else(|| Trouble::failed(format!("{number} is no process to change")))?;
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => {
            return Err(Trouble::io(format_args!("hold the process {number}"), &error.into()));
        }
    };
    // Looked at behind the handle, so that it cannot be another one by then.
    let Some((name, at)) = stat(context, number) else { return Ok(None) };
    if at != started {
        return Err(Trouble::failed(format!(
            "the process {number} is another one by now: {name}, started at {at} and not at {started}"
        )));
    }
    if let Some(own) = own(context, number) {
        return Err(Trouble::failed(format!("{name} ({number}) is {own}; it is left alone")));
    }
    Ok(Some(Found { pid, handle, name }))
}

/// Whether a process is one of ours, or what keeps the system up.
fn own(context: &Context<'_>, number: u64) -> Option<&'static str> {
    let mut pid = u64::from(std::process::id());
    for _ in 0..64 {
        if pid == number {
            return Some("a part of Befund, or what started it");
        }
        if pid <= 1 {
            break;
        }
        let text = context.root.text(&format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = text
            .rsplit_once(')')
            .and_then(|(_, fields)| fields.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
        pid = parent.unwrap_or(0);
    }
    let text = context.root.text(&format!("/proc/{number}/stat")).unwrap_or_default();
    if text.contains("(befund-agent)") {
        return Some("a part of Befund");
    }
    let line = context.root.read(&format!("/proc/{number}/cmdline"));
    line.is_ok_and(|line| line.is_empty()).then_some("a thread of the kernel")
}

pub(super) fn plan_end(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (number, _) = wanted(parameters)?;
    Ok(match find(context, parameters)? {
        Some(found) => Plan::change(format!("ask {} ({number}) to end", found.name)),
        None => Plan::already(format!("the process {number} has ended")),
    })
}

pub(super) fn end(context: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let (number, _) = wanted(parameters)?;
    let Some(Found { handle, name, .. }) = find(context, parameters)? else {
        return Ok(format!("the process {number} had ended"));
    };
    match pidfd_send_signal(&handle, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => {
            return Err(Trouble::io(format_args!("ask {name} ({number}) to end"), &error.into()));
        }
    }
    let wait = context.left()?.min(GRACE);
    let until = Instant::now() + wait;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => {
                return Err(Trouble::failed(format!(
                    "{name} ({number}) was asked to end and did not within {} s",
                    wait.as_secs()
                )));
            }
            Ok(_) => return Ok(format!("{name} ({number}) ended")),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(Trouble::io(format_args!("wait for {name} ({number})"), &error.into()));
            }
        }
    }
}

pub(super) fn has_ended(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<(Holds, String)> {
    let (number, started) = wanted(parameters)?;
    let state = context.root.text(&format!("/proc/{number}/stat")).unwrap_or_default();
    // One that its parent has not noticed yet is as good as gone.
    let zombie = state.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
    Ok(match stat(context, number) {
        Some((name, at)) if at == started && !zombie => {
            (Holds::NotDone, format!("{name} ({number}) runs"))
        }
        Some(_) | None => (Holds::Done, format!("the process {number} has ended")),
    })
}

fn priority(found: &Found) -> Outcome<i32> {
    getpriority_process(Some(found.pid)).map_err(|error| {
        Trouble::io(format_args!("read the priority of {}", found.name), &error.into())
    })
}

/// The threads of a process, each of which has a priority of its own (setpriority(2), "C library/kernel differences");
/// the first bears the process's number.
fn threads(context: &Context<'_>, found: &Found) -> Vec<Pid> {
    let names = context.root.names(&format!("/proc/{}/task", found.pid.as_raw_nonzero()));
    let mut all: Vec<Pid> =
        names.iter().filter_map(|name| Pid::from_raw(name.parse().ok()?)).collect();
    all.retain(|thread| *thread != found.pid);
    all.insert(0, found.pid);
    all
}

/// Sets the priority of the process, and of its other threads whose own fits.
fn set(context: &Context<'_>, found: &Found, fits: impl Fn(i32) -> bool, to: i32) -> Outcome<()> {
    for thread in threads(context, found) {
        let done = match getpriority_process(Some(thread)) {
            Ok(nice) if thread == found.pid || fits(nice) => setpriority_process(Some(thread), to),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => {}
            // A thread may end at any time.
            Err(rustix::io::Errno::SRCH) if thread != found.pid => {}
            Err(error) => {
                let what = format_args!("set the priority of {} to {to}", found.name);
                return Err(Trouble::io(what, &error.into()));
            }
        }
    }
    Ok(())
}

fn gone(parameters: &Parameters) -> Trouble {
    let number = parameters.number("pid").unwrap_or(0);
    Trouble::failed(format!("the process {number} has ended"))
}

pub(super) fn plan_lower(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let found = find(context, parameters)?.ok_or_else(|| gone(parameters))?;
    let nice = priority(&found)?;
    let name = &found.name;
    let keen = |thread: &Pid| getpriority_process(Some(*thread)).is_ok_and(|nice| nice < LOWERED);
    if nice >= LOWERED && !threads(context, &found).iter().any(keen) {
        return Ok(Plan::already(format!("{name} has the priority {nice} already")));
    }
    Plan::change(format!("lower the priority of {name} from {nice} to {LOWERED}")).noting(nice)
}

pub(super) fn lower(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let found = find(context, parameters)?.ok_or_else(|| gone(parameters))?;
    set(context, &found, |nice| nice < LOWERED, LOWERED)?;
    Ok(format!("the priority of {} was lowered to {LOWERED}", found.name))
}

pub(super) fn undo_lower(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let nice: i32 = noted(before)?;
    let Some(found) = find(context, parameters)? else {
        return Ok("the process has ended; there is nothing to put back".to_owned());
    };
    set(context, &found, |nice| nice == LOWERED, nice.clamp(-20, 19))?;
    Ok(format!("the priority of {} is {nice} again", found.name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_with_brackets_are_read() {
        let mut stat = "42 (a) (b) S 1".to_owned();
        stat.push_str(&" 0".repeat(17));
        stat.push_str(" 777 0 0");
        assert_eq!(read(&stat), Some(("a) (b", 777)));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            read(&text);
        }
    }
}
