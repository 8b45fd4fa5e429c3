//! Processes that wait and cannot be interrupted: state `D` in `/proc/<pid>/stat`.

use crate::collector::Context;
use crate::platform::linux::software::processes;

/// A process that waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) pid: u32,
    pub(super) name: String,
}

/// Every one, by number.
pub(super) fn all(cx: &Context) -> Vec<Task> {
    let pids = processes::pids(cx).unwrap_or_default();
    pids.into_iter().filter_map(|pid| Some(Task { name: waits(cx, pid)?, pid })).collect()
}

/// Whether the same one waits still.
pub(super) fn still(cx: &Context, task: &Task) -> bool {
    waits(cx, task.pid).as_deref() == Some(task.name.as_str())
}

/// Where in the kernel it waits; only root is told.
pub(super) fn place(cx: &Context, pid: u32) -> Option<String> {
    cx.root.line(&format!("/proc/{pid}/wchan")).ok()?.filter(|place| place != "0")
}

/// The name of a process that waits. One that has ended does not.
fn waits(cx: &Context, pid: u32) -> Option<String> {
    let stat = cx.root.text(&format!("/proc/{pid}/stat")).ok()?;
    let (head, rest) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once(" (")?;
    rest.starts_with('D').then(|| name.to_owned())
}
