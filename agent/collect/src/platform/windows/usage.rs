//! What this process has used itself.

use std::time::Duration;

use windows::Win32::Foundation::FILETIME;
use windows::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};
use windows::Win32::System::ProcessStatus::{GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};
use windows::core::PCWSTR;

/// Processor time of this process.
pub(crate) fn cpu() -> Option<Duration> {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the four places are ours, and the process's own handle needs no closing.
    #[expect(unsafe_code, reason = "functions of Windows")]
    unsafe { GetProcessTimes(GetCurrentProcess(), created, ended, kernel, user) }.ok()?;
    // Of 100 ns each.
    let ticks =
        |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Some(Duration::from_nanos((ticks(kernel) + ticks(user)).saturating_mul(100)))
}

/// Memory that this process occupies, in bytes.
pub(crate) fn memory() -> Option<u64> {
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).ok()?;
    let mut counters = PROCESS_MEMORY_COUNTERS { cb: size, ..PROCESS_MEMORY_COUNTERS::default() };
    // SAFETY: the structure is ours and says how large it is.
    #[expect(unsafe_code, reason = "functions of Windows")]
    unsafe { GetProcessMemoryInfo(GetCurrentProcess(), &raw mut counters, size) }.ok()?;
    Some(counters.WorkingSetSize as u64)
}

/// Lets allocations fail that would take this process, or one that it starts, beyond this many bytes each: by
/// a job object within the one that the executor has put it into.
pub(crate) fn refuse_memory_beyond(bytes: u64) {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY;
    limits.ProcessMemoryLimit = usize::try_from(bytes).unwrap_or(usize::MAX);
    let size = u32::try_from(size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>()).unwrap_or(0);
    // SAFETY: the structure is of the class that is named, ours, and of the size that is told. The job lasts
    // as long as the processes in it, so that its handle may stay open until then.
    #[expect(unsafe_code, reason = "functions of Windows")]
    let held = unsafe {
        CreateJobObjectW(None, PCWSTR::null()).and_then(|job| {
            let limits = (&raw const limits).cast();
            SetInformationJobObject(job, JobObjectExtendedLimitInformation, limits, size)?;
            AssignProcessToJobObject(job, GetCurrentProcess())
        })
    };
    // Without it, what is looked at while collecting is what holds.
    if let Err(error) = held {
        tracing::debug!(%error, "memory is not bounded by a job object");
    }
}
