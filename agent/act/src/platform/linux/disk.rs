//! Room made on disks, only below folders that are fixed here.

mod aged;
pub(super) mod crashes;
pub(super) mod journal;
pub(super) mod packages;
mod sweep;
pub(super) mod temp;

/// Bytes in the unit that people read.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes >> 20),
        _ => format!("{}.{} GiB", bytes >> 30, ((bytes & 0x3fff_ffff) * 10) >> 30),
    }
}

/// Seconds of so many days.
const fn days(days: u64) -> i64 {
    (days * 86_400).cast_signed()
}
