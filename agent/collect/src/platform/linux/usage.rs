//! What this process has used itself.

pub(crate) use crate::platform::unix::usage::cpu;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Memory that this process occupies, in bytes.
pub(crate) fn memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split_ascii_whitespace().nth(1)?.parse().ok()?;
    resident.checked_mul(rustix::param::page_size() as u64)
}

/// Lets allocations fail that would take this process, and those that it starts, beyond this many bytes of
/// data each. Only the size of the processes' data is bounded: files that are mapped cost nothing.
pub(crate) fn refuse_memory_beyond(bytes: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Data);
    let lower = |old: Option<u64>| Some(old.map_or(bytes, |old| old.min(bytes)));
    // Refused only for raising a limit, and this lowers it.
    let _ = setrlimit(Resource::Data, Rlimit { current: lower(current), maximum: lower(maximum) });
}
