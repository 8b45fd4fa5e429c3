//! What this process has used itself.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process, and of its children that have ended and were waited for.
pub(crate) fn cpu() -> Option<Duration> {
    let own = clock_gettime(ClockId::ProcessCPUTime);
    let own = Duration::new(u64::try_from(own.tv_sec).ok()?, u32::try_from(own.tv_nsec).ok()?);
    Some(own + children())
}

fn children() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the second argument points to room for one `rusage`, which the call fills.
    #[expect(unsafe_code, reason = "getrusage(2) has no safe wrapper here")]
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) != 0 {
            return Duration::ZERO;
        }
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default())
            + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or_default())
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}

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
