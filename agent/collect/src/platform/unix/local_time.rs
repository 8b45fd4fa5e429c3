//! Times that programs write in the machine's own time zone.

use befund_model::Timestamp;
use jiff::tz::TimeZone;

use crate::collector::{Context, Gap};

/// The most bytes of a file of a time zone.
const MAX_ZONE_BYTES: u64 = 64 << 10;

/// The machine's time zone.
///
/// # Errors
/// If it is set to one whose rules are not there.
pub(crate) fn zone(cx: &Context) -> Result<TimeZone, Gap> {
    const LOCALTIME: &str = "/etc/localtime";
    let Ok(bytes) = cx.root.read_capped(LOCALTIME, MAX_ZONE_BYTES) else {
        let link = cx.root.link(LOCALTIME).ok();
        let named = link.as_deref().and_then(|link| {
            link.to_str()?.split_once("zoneinfo/").map(|(_, name)| name.to_owned())
        });
        return match named.as_deref() {
            // Without the file, and for these names, it is UTC (localtime(5)).
            None | Some("UTC" | "Etc/UTC") => Ok(TimeZone::UTC),
            Some(name) => Err(Gap::failed(format!(
                "the rules of the time zone {name} are not there, so that local times cannot be told"
            ))),
        };
    };
    TimeZone::tzif("", &bytes)
        .map_err(|_| Gap::failed(format!("{LOCALTIME} is no file of a time zone")))
}

/// `2024-05-01  09:12:13` or `2024-05-01T09:12:13`, in this zone; one that there was twice is the first.
#[cfg(any(target_os = "linux", test))]
pub(crate) fn read(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let mut words = text.split(['T', ' ']).filter(|word| !word.is_empty());
    let (day, time) = (words.next()?, words.next()?);
    let at: jiff::civil::DateTime = format!("{day}T{time}").parse().ok()?;
    Some(at.to_zoned(zone.clone()).ok()?.timestamp())
}

/// `2024-05-01T09:12:13+0200`, which says by itself how far from UTC it is.
pub(crate) fn with_offset(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_read_by_their_zone() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let told = |text| read(text, &berlin).map(|at| at.to_string());
        assert_eq!(told("2024-05-01  09:12:13").as_deref(), Some("2024-05-01T07:12:13Z"));
        assert_eq!(told("2024-01-01 09:12:13").as_deref(), Some("2024-01-01T08:12:13Z"));
        assert_eq!(told("2024-05-01"), None);
        assert_eq!(told("2024-13-01 09:12:13"), None);
        let offset = with_offset("2024-05-01T09:12:13+0200").map(|at| at.to_string());
        assert_eq!(offset.as_deref(), Some("2024-05-01T07:12:13Z"));
    }
}
