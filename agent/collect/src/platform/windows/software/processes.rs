//! Processes: the kernel's own list, twice within a short while, and of each that may be opened its
//! account and command line.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use befund_model::section::software::{Process, Processes};
use windows::Wdk::System::SystemInformation::{NtQuerySystemInformation, SYSTEM_INFORMATION_CLASS};
use windows::Wdk::System::Threading::{NtQueryInformationProcess, PROCESSINFOCLASS};
use windows::Win32::Foundation::HANDLE;
use windows::Win32::Security::{GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows::Win32::System::Threading::{
    OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};

use super::super::people::names::{self, Names};
use super::super::win32::{self, Buffer, Open};
use crate::collector::{Context, Gap};
use crate::platform::decode::processes::{Sample, processes as decode};
use crate::platform::decode::time;
use crate::sampling::{self, Spent};

/// Over how long the share of processor time is measured.
const WINDOW: Duration = Duration::from_millis(250);
/// The most letters of a command line.
const MAX_COMMAND: usize = 4096;
const PROCESS_INFORMATION: SYSTEM_INFORMATION_CLASS = SYSTEM_INFORMATION_CLASS(5);
/// Windows 8.1 and later.
const COMMAND_LINE: PROCESSINFOCLASS = PROCESSINFOCLASS(60);
const LENGTH_MISMATCH: i32 = 0xc000_0004_u32.cast_signed();

/// The processes as they are now.
pub(crate) fn samples() -> Result<Vec<Sample>, Gap> {
    let mut size: u32 = 512 << 10;
    for _ in 0..8 {
        let mut buffer = Buffer::new(size as usize);
        let mut needed = 0;
        // SAFETY: the buffer has the size that is told.
        let status = unsafe {
            NtQuerySystemInformation(
                PROCESS_INFORMATION,
                buffer.as_mut_ptr().cast(),
                size,
                &raw mut needed,
            )
        };
        match status.0 {
            0.. => return Ok(decode(buffer.bytes(), buffer.as_ptr().addr() as u64)),
            LENGTH_MISMATCH => size = needed.max(size).saturating_add(64 << 10).min(64 << 20),
            _ => {
                let error = windows::core::Error::from_hresult(status.to_hresult());
                return Err(win32::gap("NtQuerySystemInformation(processes)", &error));
            }
        }
    }
    Err(Gap::failed("NtQuerySystemInformation asks for more room again and again"))
}

/// The names of processes by their numbers.
pub(crate) fn by_pid() -> HashMap<u32, String> {
    let samples = samples().unwrap_or_default();
    samples.into_iter().map(|sample| (sample.pid, sample.name)).collect()
}

/// Section `processes`.
pub(crate) fn processes(cx: &Context) -> Result<Processes, Gap> {
    let mut before = Spent::default();
    for sample in samples()? {
        before.saw(sample.pid, Some((sample.created, sample.cpu)));
    }
    let started = Instant::now();
    let later = cx.second_look(WINDOW)?;
    let after = later.take(cx, |_| samples())?;
    let window = later.elapsed(started);
    let mut names = Names::default();
    let mut processes = Vec::new();
    let mut kernel_threads = None;
    for sample in after {
        // The idle process is none; the system's own has the kernel's threads.
        if sample.pid == 0 {
            continue;
        }
        if sample.pid == 4 {
            kernel_threads = Some(sample.threads);
        }
        let spent = before.since(sample.pid, sample.created, sample.cpu);
        let percent = spent.and_then(|spent| {
            let spent = Duration::from_nanos(spent.saturating_mul(100));
            sampling::of_one_processor(spent, window)
        });
        let open = open(sample.pid);
        let command = open.as_ref().and_then(command);
        processes.push(Process {
            pid: sample.pid,
            parent: sample.parent,
            name: sample.name,
            command: command.map(|line| cx.redactor.command_line(&line)),
            user: open.as_ref().and_then(owner).map(|sid| names.name(&sid)),
            state: sample.state.to_owned(),
            cpu_ms: sample.cpu / 10_000,
            cpu_percent: percent,
            read_bytes: Some(sample.read_bytes),
            written_bytes: Some(sample.written_bytes),
            waits_in: None,
            memory_bytes: sample.memory_bytes,
            threads: sample.threads,
            started_at: time::filetime(sample.created),
        });
    }
    processes.sort_by_key(|process| process.pid);
    Ok(Processes { processes, kernel_threads })
}

fn open(pid: u32) -> Option<Open> {
    // SAFETY: nothing is passed by pointer.
    unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, false, pid) }.ok().map(Open)
}

/// The SID of the account that a process runs as.
fn owner(process: &Open) -> Option<String> {
    let mut token = HANDLE::default();
    // SAFETY: the process is open, and there is room for a handle.
    unsafe { OpenProcessToken(process.0, TOKEN_QUERY, &raw mut token) }.ok()?;
    let token = Open(token);
    let mut buffer = Buffer::new(256);
    let mut length = 0;
    // SAFETY: the token is open, and the buffer has the size that is told and suits the structure.
    unsafe {
        GetTokenInformation(
            token.0,
            TokenUser,
            Some(buffer.as_mut_ptr().cast()),
            256,
            &raw mut length,
        )
    }
    .ok()?;
    // SAFETY: that structure was just put there, and its SID lies behind it.
    unsafe { names::sid_text((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The command line: a `UNICODE_STRING` and behind it the text.
fn command(process: &Open) -> Option<String> {
    let mut size = 4096;
    for _ in 0..3 {
        let mut buffer = Buffer::new(size as usize);
        let mut needed = 0;
        // SAFETY: the process is open, and the buffer has the size that is told.
        let status = unsafe {
            NtQueryInformationProcess(
                process.0,
                COMMAND_LINE,
                buffer.as_mut_ptr().cast(),
                size,
                &raw mut needed,
            )
        };
        if status.0 == LENGTH_MISMATCH {
            size = needed.clamp(size, 128 << 10) + 16;
            continue;
        }
        if status.0 < 0 {
            return None;
        }
        let bytes = buffer.bytes();
        let length = usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        let text = bytes.get(16..16 + length)?;
        let units: Vec<u16> = text
            .chunks_exact(2)
            .take(MAX_COMMAND)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let line = String::from_utf16_lossy(&units).trim().to_owned();
        return (!line.is_empty()).then_some(line);
    }
    None
}
