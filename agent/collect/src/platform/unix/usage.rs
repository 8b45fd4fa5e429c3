//! Processor time, as Unix counts it.

use std::time::Duration;

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
