//! How busy the machine is, over the second that iostat looks.

use std::time::{Duration, Instant};

use befund_model::section::load::Load;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, registry_anew};
use crate::platform::macos::decode::load as decode;
use crate::platform::macos::decode::memory::VmStat;
use crate::platform::unix::rate;

/// Section `load`.
pub(super) fn load(cx: &Context) -> Result<Load, Gap> {
    let disks = |cx: &Context| {
        let drivers = cx.note(registry_anew(cx, "IOBlockStorageDriver", "2")).unwrap_or_default();
        drivers.iter().filter_map(decode::counted).collect::<Vec<_>>()
    };
    let memory = |cx: &Context| {
        VmStat::parse(&cx.note(ask("/usr/bin/vm_stat", &[]).anew().text(cx)).unwrap_or_default())
    };
    let (pages, before, since) = (memory(cx), disks(cx), Instant::now());
    let told = ask("/usr/sbin/iostat", &["-C", "-w", "1", "-c", "2"]).text(cx)?;
    let (within, (after, later)) = match cx.second_look(Duration::ZERO) {
        Ok(second) => {
            let looked = second.take(cx, |cx| (disks(cx), memory(cx)));
            (second.elapsed(since), looked)
        }
        // Of a recording with one look at the disks, iostat's second counts.
        Err(_) => (Duration::from_secs(1), (disks(cx), memory(cx))),
    };
    let swapped = |name: &str| {
        let bytes = later.as_ref()?.bytes(name)?.checked_sub(pages.as_ref()?.bytes(name)?)?;
        rate::per_second(bytes, within)
    };
    Ok(Load {
        sampled_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
        cpu_percent: decode::busy_percent(&told),
        governor: cx.note(ask("/usr/bin/pmset", &["-g"]).text(cx)).and_then(|told| plan(&told)),
        swap_in_bytes: swapped("Swapins"),
        swap_out_bytes: swapped("Swapouts"),
        disks: decode::between(&before, &after, within),
        ..Load::default()
    })
}

/// The power plan, by ` lowpowermode         1` of `pmset -g`, or ` powermode 2` of newer machines.
fn plan(told: &str) -> Option<String> {
    let value = |name: &str| {
        told.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next()? == name).then(|| words.next()?.parse::<u32>().ok())?
        })
    };
    let plan = match (value("powermode"), value("lowpowermode")) {
        (Some(1), _) | (None, Some(1)) => "low power mode",
        (Some(2), _) => "high power mode",
        (Some(0), _) | (None, Some(0)) => "automatic",
        _ => return None,
    };
    Some(plan.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_read() {
        // macOS 13.
        let told = "System-wide power settings:\nCurrently in use:\n standby              1\n Sleep On Power Button 1\n lowpowermode         1\n womp                 1\n";
        assert_eq!(plan(told).as_deref(), Some("low power mode"));
        assert_eq!(plan(" powermode            2\n").as_deref(), Some("high power mode"));
        assert_eq!(plan("x"), None);
    }
}
