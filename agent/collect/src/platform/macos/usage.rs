//! What this process has used itself, and what the kernel tells of another.

use std::mem::{MaybeUninit, size_of};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process, and of its children that have ended and were waited for.
pub(crate) fn cpu() -> Option<Duration> {
    let own = clock_gettime(ClockId::ProcessCPUTime);
    let own = Duration::new(u64::try_from(own.tv_sec).ok()?, u32::try_from(own.tv_nsec).ok()?);
    Some(own + children())
}

fn children() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
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
    task(std::process::id()).map(|task| task.pti_resident_size)
}

/// The threads of a process; `None` if it is gone, or belongs to another account.
pub(crate) fn threads(pid: u32) -> Option<u32> {
    task(pid).and_then(|task| u32::try_from(task.pti_threadnum).ok())
}

fn task(pid: u32) -> Option<libc::proc_taskinfo> {
    let pid = i32::try_from(pid).ok()?;
    let mut task = MaybeUninit::<libc::proc_taskinfo>::zeroed();
    let length = i32::try_from(size_of::<libc::proc_taskinfo>()).ok()?;
    // SAFETY: the pointer leads to `length` bytes, which the call fills as far as it says; only what was
    // filled as a whole is taken.
    #[expect(unsafe_code, reason = "proc_pidinfo has no safe wrapper")]
    let task = unsafe {
        let filled =
            libc::proc_pidinfo(pid, libc::PROC_PIDTASKINFO, 0, task.as_mut_ptr().cast(), length);
        if filled != length {
            return None;
        }
        task.assume_init()
    };
    Some(task)
}

/// Nothing: the kernel bounds no process's memory by `setrlimit(2)`. Whoever collects looks at it meanwhile.
pub(crate) const fn refuse_memory_beyond(_: u64) {}
