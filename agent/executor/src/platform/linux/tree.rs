//! Who descends from whom, and what they use, as `/proc` tells it.

use std::collections::BTreeMap;
use std::time::Duration;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    parent: i32,
    /// The process group that it is in.
    pub(super) group: i32,
    /// When it started, in ticks; with the number, its name for good.
    pub(super) since: u64,
    /// Whether it has ended and waits for its parent.
    pub(super) ended: bool,
    pub(super) threads: u32,
    /// Its own time of processors and that of the children that it waited for, in ticks.
    ticks: u64,
    /// The children's alone.
    child_ticks: u64,
}

/// All that descends from a process, itself left out.
pub(super) fn descendants(of: i32) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = children.remove(&of).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        // Taken out, so that a number that was used anew meanwhile makes no circle.
        let below = children.remove(&process.pid).unwrap_or_default();
        found.extend(below);
        next += 1;
    }
    found
}

/// The process of this number, if it is there.
pub(super) fn process(pid: i32) -> Option<Process> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The time of processors of a keeper's children, living and ended.
pub(super) fn cpu(keeper: i32, descendants: &[Process]) -> Duration {
    let ended = process(keeper).map_or(0, |keeper| keeper.child_ticks);
    let ticks = descendants.iter().fold(ended, |sum, process| sum.saturating_add(process.ticks));
    let second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(ticks.saturating_mul(1000) / second)
}

/// The memory that is a process's own, in bytes.
pub(super) fn memory(pid: i32) -> u64 {
    let own = |text: String| {
        let mut pages = text.split(' ').skip(1).map_while(|word| word.parse::<u64>().ok());
        let (resident, shared) = (pages.next()?, pages.next()?);
        Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
    };
    std::fs::read_to_string(format!("/proc/{pid}/statm")).ok().and_then(own).unwrap_or(0)
}

/// The processes and threads of a user.
pub(super) fn threads_of(user: u32) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let own =
        |pid: i32| std::fs::metadata(format!("/proc/{pid}")).is_ok_and(|about| about.uid() == user);
    all().iter().filter(|process| own(process.pid)).map(|process| u64::from(process.threads)).sum()
}

fn all() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.ok()?.file_name().to_str()?.parse::<i32>().ok()
    };
    entries.filter_map(number).filter_map(process).collect()
}

/// Reads `/proc/PID/stat` (proc_pid_stat(5)). The name in parentheses may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (before, after) = (stat.split_once(' ')?.0, stat.rsplit_once(") ")?.1);
    // The first is the third field, the state.
    let fields: Vec<&str> = after.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let child_ticks = number(16)?.saturating_add(number(17)?);
    Some(Process {
        pid: before.parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        since: number(22)?,
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        threads: u32::try_from(number(20)?).ok()?,
        ticks: number(14)?.saturating_add(number(15)?).saturating_add(child_ticks),
        child_ticks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_anything_in_it_is_read_past() {
        let stat = "42 (a) S 1 (b) Z 7 40 41 0 -1 4194304 1 2 3 4 50 60 7 8 20 0 3 0 999 1 2 3";

        let process = parse(stat).expect("a process");

        assert_eq!((process.pid, process.parent, process.group, process.since), (42, 7, 40, 999));
        assert_eq!((process.ended, process.threads), (true, 3));
        assert_eq!((process.ticks, process.child_ticks), (125, 15));
        assert_eq!(parse("42 (cut"), None);
    }

    #[test]
    fn a_child_descends_from_us() {
        let mut child =
            std::process::Command::new("/bin/sleep").arg("60").spawn().expect("a child");
        let pid = i32::try_from(child.id()).expect("a number");

        let found = descendants(i32::try_from(std::process::id()).expect("a number"));
        child.kill().expect("killed");
        child.wait().expect("waited for");

        assert!(found.iter().any(|process| process.pid == pid), "{found:?}");
        assert_eq!(process(pid), None);
    }
}
