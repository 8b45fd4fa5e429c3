//! What this process has used itself, and what the kernel tells of another.

use std::mem::{MaybeUninit, size_of};

pub(crate) use crate::platform::unix::usage::cpu;

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
