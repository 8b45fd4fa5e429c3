//! What stands in the way of updates, in words.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::section::software::Package;
use jiff::tz::TimeZone;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::software::{local_time, uptime};

use super::indexes::Index;

/// How many things of a kind are named.
const MAX_NAMED: usize = 5;

/// Names for people, the first few.
fn named(names: &[&str]) -> String {
    let shown = names[..names.len().min(MAX_NAMED)].join(", ");
    if names.len() > MAX_NAMED {
        format!("{shown} and {} more", names.len() - MAX_NAMED)
    } else {
        shown
    }
}

/// What apt and dpkg stumble over; and whether one of them is at work, so that what is half done is no trouble.
pub(super) fn apt(
    cx: &Context,
    installed: &[Package],
    indexes: &[Index],
    now: Option<Timestamp>,
    trouble: &mut Vec<String>,
) -> bool {
    expired(indexes, now, trouble);
    if indexes.is_empty() {
        trouble.push(
            "no list of packages has ever been fetched, so that nothing is known to wait".into(),
        );
    }
    if let Some(holder) = lock_holder(cx) {
        trouble.push(holder);
        return true;
    }
    let mut by_state: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in installed {
        if let Some(state) = &package.trouble {
            by_state.entry(state).or_default().push(&package.name);
        }
    }
    for (state, names) in by_state {
        trouble.push(format!("{} {state}: {}", packages(names.len()), named(&names)));
    }
    if was_interrupted(cx) {
        trouble
            .push("dpkg was interrupted; `dpkg --configure -a` is to finish what it began".into());
    }
    false
}

/// Whether dpkg has left something half done.
pub(super) fn unfinished(cx: &Context, installed: &[Package]) -> bool {
    was_interrupted(cx) || installed.iter().any(|package| package.trouble.is_some())
}

/// Whether dpkg has not put all that it wrote into its database.
fn was_interrupted(cx: &Context) -> bool {
    let journal = cx.root.list("/var/lib/dpkg/updates").unwrap_or_default();
    let is_part =
        |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    journal.iter().any(is_part)
}

fn packages(count: usize) -> String {
    if count == 1 { "1 package is".into() } else { format!("{count} packages are") }
}

/// apt takes nothing from a list whose time has run out.
fn expired(indexes: &[Index], now: Option<Timestamp>, trouble: &mut Vec<String>) {
    let Some(now) = now else { return };
    let mut told = Vec::new();
    for index in indexes {
        let Some(until) = index.release.valid_until.filter(|until| *until < now) else { continue };
        let suite = format!("{} {}", index.host, index.release.codename);
        if !told.contains(&suite) {
            trouble.push(format!("the lists of {suite} have been out of date since {until}"));
            told.push(suite);
        }
    }
}

/// Who holds the locks of dpkg and apt.
fn lock_holder(cx: &Context) -> Option<String> {
    const LOCKS: &[&str] =
        &["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock"];
    let pid = LOCKS.iter().find_map(|path| asked(cx, path)).or_else(|| listed(cx, LOCKS))?;
    let name = cx.root.line(&format!("/proc/{pid}/comm")).ok().flatten();
    let name = name.unwrap_or_else(|| "a process".into());
    let since = since(cx, pid).map(|at| format!(", which was started at {at},"));
    Some(format!(
        "{name} (process {pid}){} has locked the package system",
        since.unwrap_or_default()
    ))
}

/// Who would have to let go of a lock for it to be taken, as the kernel says of the file itself: an overlay, or btrfs,
/// shows it under another device than `/proc/locks` does.
fn asked(cx: &Context, path: &str) -> Option<u32> {
    if !cx.root.is_live() {
        return None;
    }
    let file = std::fs::File::open(path).ok()?;
    let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    u32::try_from(lock.pid?.as_raw_nonzero().get()).ok()
}

/// The same by `/proc/locks`.
fn listed(cx: &Context, paths: &[&str]) -> Option<u32> {
    let held = cx.root.text("/proc/locks").ok()?;
    paths.iter().find_map(|path| {
        let about = files::about(cx, path).ok()?;
        let place = (about.device.0, about.device.1, about.inode);
        held.lines().filter_map(lock).find(|(_, at)| *at == place).map(|(pid, _)| pid)
    })
}

/// `1: POSIX  ADVISORY  WRITE 1234 08:01:131090 0 EOF`: the process and the file (proc(5)).
pub(crate) fn lock(line: &str) -> Option<(u32, (u32, u32, u64))> {
    let mut words = line.split_ascii_whitespace().skip_while(|word| *word != "WRITE").skip(1);
    let pid = words.next()?.parse().ok()?;
    let mut place = words.next()?.split(':');
    let major = u32::from_str_radix(place.next()?, 16).ok()?;
    let minor = u32::from_str_radix(place.next()?, 16).ok()?;
    Some((pid, (major, minor, place.next()?.parse().ok()?)))
}

/// When a process was started.
fn since(cx: &Context, pid: u32) -> Option<Timestamp> {
    let stat = cx.root.text(&format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let ticks: i64 = rest.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let booted = uptime::boot_time(cx).ok().flatten()?;
    Timestamp::from_second(booted.as_second().checked_add(ticks / 100)?).ok()
}

/// The latest thing that unattended-upgrades or dnf has complained of in the last week.
pub(super) fn complaints(cx: &Context, now: Option<Timestamp>, trouble: &mut Vec<String>) {
    let Some(now) = now else { return };
    let zone = local_time::zone(cx).ok();
    for (path, who) in LOGS {
        let Ok(bytes) = cx.root.tail(path, 64 << 10) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let recent = |(at, _): &(Timestamp, &str)| now.as_second() - at.as_second() < WEEK_SECONDS;
        let latest = text.lines().rev().find_map(|line| complaint(line, zone.as_ref()));
        if let Some((at, said)) = latest.filter(recent) {
            trouble.push(format!("{who} said at {at}: {}", cx.redactor.text(said)));
        }
    }
}

/// Logs, and who writes them.
const LOGS: &[(&str, &str)] = &[
    ("/var/log/unattended-upgrades/unattended-upgrades.log", "unattended-upgrades"),
    ("/var/log/dnf.log", "dnf"),
    ("/var/log/dnf5.log", "dnf"),
];
const WEEK_SECONDS: i64 = 7 * 86_400;

/// `2024-05-01 06:12:13,123 ERROR ...` of Python's logging, in local time; `2024-05-01T09:12:13+0200 CRITICAL
/// ...` of dnf 4; `2024-05-01T07:12:13+0000 [99] ERROR ...` of dnf 5.
pub(crate) fn complaint<'a>(
    line: &'a str,
    zone: Option<&TimeZone>,
) -> Option<(Timestamp, &'a str)> {
    let (head, said) =
        [" ERROR ", " CRITICAL "].into_iter().find_map(|word| line.split_once(word))?;
    let mut words = head.split_ascii_whitespace();
    let first = words.next()?;
    let at = match local_time::with_offset(first) {
        Some(at) => at,
        None => local_time::read(&format!("{first} {}", words.next()?.split(',').next()?), zone?)?,
    };
    Some((at, said.trim())).filter(|(_, said)| !said.is_empty())
}

/// pacman leaves its lock behind when it is killed.
pub(super) fn pacman(cx: &Context, trouble: &mut Vec<String>) {
    const LOCK: &str = "/var/lib/pacman/db.lck";
    if cx.root.exists(LOCK) {
        trouble.push(format!("{LOCK} is there: pacman is at work, or was killed"));
    }
}

/// A partition of its own for kernels that has no room for another one of the size of the largest.
pub(super) fn boot_partition(cx: &Context, trouble: &mut Vec<String>) {
    if !cx.root.is_live() {
        return;
    }
    let (Ok(boot), Ok(top)) = (files::about(cx, "/boot"), files::about(cx, "/")) else { return };
    if boot.device == top.device {
        return;
    }
    let size = |pattern: &str| {
        let paths = files::matching(cx, pattern).into_iter();
        paths.filter_map(|path| files::about(cx, &path).ok()).map(|about| about.length).max()
    };
    let needed =
        size("/boot/vmlinuz-*").unwrap_or_default() + size("/boot/initr*").unwrap_or_default();
    let Ok(told) = rustix::fs::statvfs("/boot") else { return };
    let free = told.f_bavail.saturating_mul(told.f_frsize);
    if needed > 0 && free < needed {
        let mib = |bytes: u64| bytes >> 20;
        trouble.push(format!(
            "/boot has {} MiB left, and a kernel like the largest there takes {} MiB",
            mib(free),
            mib(needed)
        ));
    }
}
