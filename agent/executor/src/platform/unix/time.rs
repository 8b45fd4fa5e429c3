//! The time of the week where the machine stands, by the system's own rules for it.

use befund_model::Timestamp;

use crate::policy::rules::LocalTime;

/// What a clock on the wall of this machine shows at this time; `None` if the system cannot tell.
pub(crate) fn local_time(at: Timestamp) -> Option<LocalTime> {
    let seconds: libc::time_t = at.as_second();
    // SAFETY: a `tm` is numbers and a pointer that may be null.
    #[expect(unsafe_code, reason = "localtime_r(3) fills it in")]
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both point to values that outlive the call, and the second is not shared with anybody.
    #[expect(unsafe_code, reason = "only the C library knows the machine's time zone")]
    let told = unsafe { libc::localtime_r(&raw const seconds, &raw mut parts) };
    if told.is_null() {
        return None;
    }
    let day = u8::try_from((parts.tm_wday + 6) % 7).ok()?;
    let minute = u16::try_from(parts.tm_hour * 60 + parts.tm_min).ok()?;
    Some(LocalTime { day, minute })
}
