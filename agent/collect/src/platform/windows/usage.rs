//! What this process has used itself.

use std::time::Duration;

use windows::Win32::Foundation::FILETIME;
use windows::Win32::System::ProcessStatus::{GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};

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

/// The job object that the executor puts its children into bounds them from outside.
pub(crate) const fn refuse_memory_beyond(_: u64) {}
