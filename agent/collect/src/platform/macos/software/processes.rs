//! Processes.

use std::collections::BTreeMap;

use befund_model::section::software::{Process, Processes};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, now};
use crate::platform::macos::decode::processes as decode;

const PS: &str = "/bin/ps";

/// Section `processes`.
pub(super) fn processes(cx: &Context) -> Result<Processes, Gap> {
    let told = ask(PS, &["-axww", "-o", decode::COLUMNS]).text(cx)?;
    let names = ask(PS, &["-axww", "-o", "pid=,comm="]).text(cx);
    let names: BTreeMap<_, _> = decode::names(&cx.note(names).unwrap_or_default());
    let now = now(cx);
    let read = |line: &str| decode::parse(line, &names, now, &cx.redactor);
    // Programs put line ends into what they are started with: such lines are no processes.
    let mut processes: Vec<Process> = told.lines().filter_map(read).collect();
    if processes.is_empty() {
        return Err(Gap::failed("what ps told could not be understood"));
    }
    for process in &mut processes {
        process.threads = threads(cx, process.pid);
    }
    processes.sort_by_key(|process| process.pid);
    Ok(Processes { processes, kernel_threads: None })
}

/// Its threads, as far as the kernel tells this account; zero otherwise.
fn threads(cx: &Context, pid: u32) -> u32 {
    #[cfg(target_os = "macos")]
    if cx.root.is_live() {
        return crate::platform::macos::usage::threads(pid).unwrap_or_default();
    }
    let _ = (cx, pid);
    0
}
