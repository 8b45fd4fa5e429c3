//! The machine at work over a short while: processors by the kernel's counters, disks by their drivers'.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::time::{Duration, Instant};

use befund_model::section::load::{DiskLoad, Load};
use windows::Wdk::System::SystemInformation::{NtQuerySystemInformation, SYSTEM_INFORMATION_CLASS};
use windows::Win32::Foundation::{HLOCAL, LocalFree};
use windows::Win32::System::Power::{PowerGetActiveScheme, PowerReadFriendlyName};

use super::super::win32::{self, Buffer, Open};
use super::cpu::clocks;
use super::disks;
use crate::collector::{Context, Gap};
use crate::platform::decode::load::{self as decode, DiskCounters};

/// Over how long it is measured.
const WINDOW: Duration = Duration::from_millis(500);
/// `SystemProcessorPerformanceInformation`.
const PROCESSORS: SYSTEM_INFORMATION_CLASS = SYSTEM_INFORMATION_CLASS(8);
/// `IOCTL_DISK_PERFORMANCE`.
const DISK_PERFORMANCE: u32 = 0x0007_0020;

/// Section `load`.
pub(crate) fn load(cx: &Context) -> Result<Load, Gap> {
    let opened = disks::open(cx);
    let before = processors()?;
    let counted = |open: &Open| Some((Instant::now(), counters(open)?));
    let disks_before: Vec<Option<(Instant, DiskCounters)>> =
        opened.iter().map(|(_, open)| counted(open)).collect();
    let started = Instant::now();
    let later = cx.second_look(WINDOW)?;
    let after = later.take(cx, |_| processors())?;
    let spent = later.elapsed(started);
    let mut disks: Vec<DiskLoad> = opened
        .iter()
        .zip(disks_before)
        .filter_map(|((name, open), before)| {
            let ((first, before), (last, after)) = (before?, counted(open)?);
            let within = last.saturating_duration_since(first);
            decode::disk(&before, &after, within)?.told(name, within)
        })
        .collect();
    disks.sort_by(|a, b| a.name.cmp(&b.name));
    let clocks = clocks().unwrap_or_default();
    let sum: u64 = clocks.iter().map(|clock| u64::from(clock.CurrentMhz)).sum();
    let average = sum.checked_div(clocks.len() as u64).and_then(|mhz| u32::try_from(mhz).ok());
    Ok(Load {
        sampled_ms: u64::try_from(spent.as_millis()).unwrap_or(u64::MAX),
        cpu_percent: decode::busy(&before, &after),
        mhz: average.filter(|mhz| *mhz > 0),
        governor: plan(),
        disks,
        ..Load::default()
    })
}

/// The counters of all processors of this thread's group.
fn processors() -> Result<Vec<u8>, Gap> {
    let mut buffer = Buffer::new(48 * 64);
    let mut length = 0;
    // SAFETY: the buffer has the size that is told.
    let status = unsafe {
        NtQuerySystemInformation(PROCESSORS, buffer.as_mut_ptr().cast(), 48 * 64, &raw mut length)
    };
    if status.0 < 0 {
        let error = windows::core::Error::from_hresult(status.to_hresult());
        return Err(win32::gap("NtQuerySystemInformation(processors)", &error));
    }
    let length = (length as usize).min(buffer.bytes().len());
    Ok(buffer.bytes()[..length].to_vec())
}

fn counters(open: &Open) -> Option<DiskCounters> {
    decode::disk_counters(&win32::control(open, DISK_PERFORMANCE, &[], 88).ok()?)
}

/// The power plan's name, in the system's language.
fn plan() -> Option<String> {
    let mut scheme = std::ptr::null_mut();
    // SAFETY: there is room for a pointer.
    let error = unsafe { PowerGetActiveScheme(None, &raw mut scheme) };
    if error.0 != 0 || scheme.is_null() {
        return None;
    }
    let mut buffer = [0_u16; 256];
    let mut size = 512;
    // SAFETY: the scheme's number lives until it is given back, as it must be; the buffer has the size
    // that is told.
    let error = unsafe {
        let error = PowerReadFriendlyName(
            None,
            Some(scheme),
            None,
            None,
            Some(buffer.as_mut_ptr().cast()),
            &raw mut size,
        );
        LocalFree(Some(HLOCAL(scheme.cast())));
        error
    };
    let name = win32::text(&buffer);
    (error.0 == 0 && !name.is_empty()).then_some(name)
}
