//! The latest runs of the package system, by its own logs.

use befund_model::Timestamp;
use befund_model::section::maintenance::UpdateRun;
use jiff::tz::TimeZone;

use crate::collector::Context;
use crate::platform::linux::software::local_time;

/// How much of a log is looked through, from its end.
const TAIL_BYTES: u64 = 256 << 10;
/// How many packages of a run are named.
const MAX_NAMES: usize = 20;

/// The runs, and what else a log tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) runs: Vec<UpdateRun>,
    pub(crate) checked_at: Option<Timestamp>,
}

fn tail(cx: &Context, path: &str) -> String {
    let bytes = cx.note(cx.root.tail(path, TAIL_BYTES)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Packages of one run, sorted, the first of them named.
fn run(at: Timestamp, action: &str, mut names: Vec<String>) -> UpdateRun {
    names.sort_unstable();
    names.dedup();
    let packages = u32::try_from(names.len()).unwrap_or(u32::MAX);
    names.truncate(MAX_NAMES);
    UpdateRun { at, action: action.to_owned(), packages, names, ..UpdateRun::default() }
}

/// apt's `history.log`, and the one before it if this month's has nothing to say yet.
pub(crate) fn apt(cx: &Context) -> Vec<UpdateRun> {
    let text = tail(cx, "/var/log/apt/history.log");
    if text.trim().is_empty() {
        return Vec::new();
    }
    let Some(zone) = cx.note(local_time::zone(cx)) else { return Vec::new() };
    apt_history(cx, &text, &zone)
}

/// Paragraphs of `Start-Date`, `Upgrade: name:arch (old, new), ...`, `Error`, `End-Date`. A run that did
/// several things comes once for each of them.
pub(crate) fn apt_history(cx: &Context, text: &str, zone: &TimeZone) -> Vec<UpdateRun> {
    const ACTIONS: &[(&str, &str)] = &[
        ("Install", "install"),
        ("Reinstall", "install"),
        ("Upgrade", "upgrade"),
        ("Downgrade", "upgrade"),
        ("Remove", "remove"),
        ("Purge", "purge"),
    ];
    let mut runs = Vec::new();
    for paragraph in text.split("\n\n") {
        let field = |name: &str| {
            paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let Some(at) = field("Start-Date").and_then(|at| local_time::read(at, zone)) else {
            continue;
        };
        let error = field("Error");
        for (name, action) in ACTIONS {
            let Some(list) = field(name) else { continue };
            let mut run = run(at, action, apt_names(list));
            run.failed = error.is_some() || field("End-Date").is_none();
            run.error = error.map(|error| cx.redactor.text(error));
            runs.push(run);
        }
    }
    runs
}

/// `bash:amd64 (5.1-2, 5.1-3), libc6:amd64 (2.36, automatic)`: commas stand within brackets too.
fn apt_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.find([' ', ',']).unwrap_or(rest.len());
        let name = rest[..end].split(':').next().unwrap_or_default();
        if !name.is_empty() {
            names.push(name.to_owned());
        }
        let after = &rest[end..];
        let next = match after.strip_prefix(" (") {
            Some(inside) => inside.split_once(')').map_or("", |(_, rest)| rest),
            None => after,
        };
        rest = next.trim_start_matches([',', ' ']);
    }
    names
}

/// dnf's log of what rpm did, and dnf 5's own.
pub(crate) fn rpm(cx: &Context) -> Vec<UpdateRun> {
    let mut runs = dnf4(&tail(cx, "/var/log/dnf.rpm.log"));
    runs.extend(dnf5(&tail(cx, "/var/log/dnf5.log")));
    runs
}

/// `2024-05-01T09:12:13+0200 SUBDEBUG Upgrade: kernel-6.8.8-300.fc40.x86_64`; `Upgraded` is the old
/// version that goes. A run begins with `INFO --- logging initialized ---`.
pub(crate) fn dnf4(text: &str) -> Vec<UpdateRun> {
    let mut groups = Groups::default();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(at), Some(_), Some(said)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if said.contains("--- logging initialized ---") {
            groups.close(true);
        }
        let Some((what, package)) = said.split_once(": ") else { continue };
        let action = match what {
            "Installed" | "Install" | "Reinstall" => "install",
            "Upgrade" | "Downgrade" => "upgrade",
            "Erase" | "Removed" => "remove",
            _ => continue,
        };
        if let Some(at) = local_time::with_offset(at) {
            groups.add(at, action, rpm_name(package));
        }
    }
    groups.close(true);
    groups.runs
}

/// `2024-05-01T07:12:13+0000 [123] INFO RPM callback start install package "bash-5.2.26-3.fc40.x86_64"`.
pub(crate) fn dnf5(text: &str) -> Vec<UpdateRun> {
    let mut groups = Groups::default();
    for line in text.lines() {
        let Some((at, said)) = line.split_once(' ') else { continue };
        if said.contains("DNF5 start") {
            groups.close(true);
        }
        let Some((_, said)) = said.split_once("RPM callback start ") else { continue };
        let Some((what, package)) = said.split_once(" package \"") else { continue };
        let action = match what {
            "install" | "reinstall" => "install",
            "upgrade" | "downgrade" => "upgrade",
            "remove" | "erase" => "remove",
            _ => continue,
        };
        if let Some(at) = local_time::with_offset(at) {
            groups.add(at, action, rpm_name(package.trim_end_matches('"')));
        }
    }
    groups.close(true);
    groups.runs
}

/// The name in `name-version-release.arch`, with an epoch or without.
fn rpm_name(package: &str) -> String {
    package.rsplitn(3, '-').nth(2).unwrap_or(package).to_owned()
}

/// pacman's log, which also tells when its databases were last refreshed.
pub(crate) fn pacman(cx: &Context) -> Told {
    pacman_log(&tail(cx, "/var/log/pacman.log"))
}

/// `[2024-05-01T09:12:13+0200] [ALPM] upgraded linux (6.8.7-1 -> 6.8.8-1)` between `transaction started`
/// and `transaction completed`, `failed` or `interrupted`.
pub(crate) fn pacman_log(text: &str) -> Told {
    let mut groups = Groups::default();
    let mut checked_at = None;
    for line in text.lines() {
        let Some((at, said)) = line.strip_prefix('[').and_then(|line| line.split_once("] ")) else {
            continue;
        };
        let Some(at) = local_time::with_offset(at) else { continue };
        if said.starts_with("[PACMAN] synchronizing package lists") {
            checked_at = Some(at);
        }
        let Some(said) = said.strip_prefix("[ALPM] ") else { continue };
        let (what, rest) = said.split_once(' ').unwrap_or((said, ""));
        let action = match what {
            "installed" | "reinstalled" => "install",
            "upgraded" | "downgraded" => "upgrade",
            "removed" => "remove",
            "transaction" => {
                groups.close(rest == "completed");
                continue;
            }
            _ => continue,
        };
        groups.add(at, action, rest.split(' ').next().unwrap_or_default().to_owned());
    }
    groups.close(false);
    Told { runs: groups.runs, checked_at }
}

/// Lines of a log as runs, one for each action of a run.
#[derive(Default)]
struct Groups {
    open: Vec<(Timestamp, &'static str, Vec<String>)>,
    runs: Vec<UpdateRun>,
}

impl Groups {
    fn add(&mut self, at: Timestamp, action: &'static str, name: String) {
        match self.open.iter_mut().find(|(_, known, _)| *known == action) {
            Some((_, _, names)) => names.push(name),
            None => self.open.push((at, action, vec![name])),
        }
    }

    fn close(&mut self, well: bool) {
        for (at, action, names) in self.open.drain(..) {
            self.runs.push(UpdateRun { failed: !well, ..run(at, action, names) });
        }
    }
}

#[cfg(test)]
#[path = "history/tests.rs"]
mod tests;
