//! Processes and memory.

use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};

use befund_model::probe::machine::Process;
use windows_sys::Win32::Foundation::{ERROR_NO_MORE_FILES, FILETIME, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
};

use super::{failed, until_zero};
use crate::probe::process::Sample;
use crate::probe::{Context, Unmeasured};

/// All processes. Of those that this account may not look into, only number and name are known.
#[expect(unsafe_code, reason = "functions of Windows")]
pub(in crate::probe) fn processes(_: &Context<'_>) -> Result<Vec<Sample>, Unmeasured> {
    // SAFETY: takes numbers only; the handle is ours to close.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    let failure = |function: &str| failed(function, &io::Error::last_os_error());
    if snapshot == INVALID_HANDLE_VALUE {
        return Err(failure("CreateToolhelp32Snapshot"));
    }
    // SAFETY: it was just made for us.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let mut entry = PROCESSENTRY32W {
        dwSize: u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or(0),
        ..PROCESSENTRY32W::default()
    };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and the entry says its own size; and so below.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) } != 0;
    while more {
        // The idle process is number 0, and no process.
        if entry.th32ProcessID != 0 {
            found.push(sample(entry.th32ProcessID, until_zero(&entry.szExeFile)));
        }
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) } != 0;
    }
    let ended = io::Error::last_os_error();
    if ended.raw_os_error().map(i32::cast_unsigned) != Some(ERROR_NO_MORE_FILES) {
        return Err(failed("Process32Next", &ended));
    }
    Ok(found)
}

fn sample(pid: u32, name: String) -> Sample {
    let (mut start, mut spent_us, mut rss_bytes) = (0, 0, 0);
    if let Ok(process) = open(pid) {
        (start, spent_us) = times(&process).unwrap_or_default();
        rss_bytes = working_set(&process).unwrap_or_default();
    }
    let process = Process { pid, name, rss_bytes, ..Process::default() };
    Sample { process, start, spent_us }
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn open(pid: u32) -> io::Result<OwnedHandle> {
    // SAFETY: takes numbers only; the handle is ours to close.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(process) })
}

/// When it began, and the microseconds that it has spent.
#[expect(unsafe_code, reason = "a function of Windows")]
fn times(process: &OwnedHandle) -> io::Result<(u64, u64)> {
    let [mut began, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the process is open, and the times are ours.
    let told = unsafe {
        GetProcessTimes(
            process.as_raw_handle(),
            &raw mut began,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    // In tenths of microseconds.
    let number =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Ok((number(began), (number(kernel) + number(user)) / 10))
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn working_set(process: &OwnedHandle) -> io::Result<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of_val(&counters)).unwrap_or(0);
    // SAFETY: the process is open, and the structure is as large as is said.
    let told = unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), &raw mut counters, size) };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(counters.WorkingSetSize as u64)
}

/// Memory in bytes: all, and what can still be given out.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(in crate::probe) fn memory(_: &Context<'_>) -> Result<(u64, u64), Unmeasured> {
    let mut status = MEMORYSTATUSEX {
        dwLength: u32::try_from(size_of::<MEMORYSTATUSEX>()).unwrap_or(0),
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: the structure says its own size.
    if unsafe { GlobalMemoryStatusEx(&raw mut status) } == 0 {
        return Err(failed("GlobalMemoryStatusEx", &io::Error::last_os_error()));
    }
    Ok((status.ullTotalPhys, status.ullAvailPhys))
}

/// Windows counts no load.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::probe) const fn load(_: &Context<'_>) -> Result<Option<[f64; 3]>, Unmeasured> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_spent_time_and_one_that_is_not_there_is_told() {
        let own = sample(std::process::id(), String::new());
        assert!(own.start > 0 && own.process.rss_bytes > 0);
        assert!(open(0xffff_fff0).is_err());
    }
}
