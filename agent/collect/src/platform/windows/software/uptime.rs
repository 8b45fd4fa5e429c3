//! When the system was started.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::Timestamp;
use befund_model::section::software::Uptime;
use windows::Win32::Foundation::FILETIME;
use windows::Win32::System::SystemInformation::{GetSystemTimeAsFileTime, GetTickCount64};

use crate::collector::{Context, Gap};
use crate::platform::decode::time;

/// Section `uptime`. With fast startup Windows goes on counting over a shutdown: this is the time
/// since its kernel was started.
pub(crate) fn uptime(_: &Context) -> Result<Uptime, Gap> {
    let uptime_s = seconds();
    let booted_at = now().and_then(|now| {
        now.checked_sub(jiff::SignedDuration::from_secs(uptime_s.cast_signed())).ok()
    });
    Ok(Uptime { booted_at, uptime_s: Some(uptime_s), ..Uptime::default() })
}

fn seconds() -> u64 {
    // SAFETY: it takes and points to nothing.
    unsafe { GetTickCount64() / 1000 }
}

/// The system's own clock.
pub(crate) fn now() -> Option<Timestamp> {
    // SAFETY: it takes nothing.
    let FILETIME { dwLowDateTime, dwHighDateTime } = unsafe { GetSystemTimeAsFileTime() };
    time::filetime(u64::from(dwHighDateTime) << 32 | u64::from(dwLowDateTime))
}
