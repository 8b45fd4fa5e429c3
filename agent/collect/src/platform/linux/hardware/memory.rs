//! Memory: `/proc/meminfo`, `/proc/swaps`, pressure, and the modules that the firmware lists.

use befund_model::section::hardware::{Memory, MemoryUsage, Swap};

use crate::collector::{Context, Gap};

use super::dmi;
use crate::platform::linux::software::uptime::pressure;
use crate::smbios::modules;

/// Section `memory.usage`.
pub(crate) fn usage(cx: &Context) -> Result<MemoryUsage, Gap> {
    let text = cx.root.text("/proc/meminfo")?;
    let info = Info::parse(&text);
    note_missing(cx, &info);
    Ok(MemoryUsage {
        total_bytes: info.bytes("MemTotal"),
        available_bytes: info.bytes("MemAvailable"),
        free_bytes: info.bytes("MemFree"),
        cached_bytes: info.bytes("Cached"),
        swap_used_bytes: info
            .bytes("SwapTotal")
            .zip(info.bytes("SwapFree"))
            .map(|(total, free)| total.saturating_sub(free)),
        pressure_percent: pressure(cx, "memory"),
    })
}

fn note_missing(cx: &Context, info: &Info<'_>) {
    if info.bytes("MemTotal").is_none() {
        cx.gap(Gap::failed("/proc/meminfo does not tell how much memory there is"));
    }
}

/// `/proc/meminfo`: names and KiB.
pub(crate) struct Info<'a>(Vec<(&'a str, u64)>);

impl<'a> Info<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let line = |line: &'a str| {
            let (name, rest) = line.split_once(':')?;
            let kib = rest.split_ascii_whitespace().next()?.parse().ok()?;
            Some((name, kib))
        };
        Self(text.lines().filter_map(line).collect())
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<u64> {
        let (_, kib) = self.0.iter().find(|(known, _)| *known == name)?;
        kib.checked_mul(1024)
    }
}

/// Section `memory`.
pub(crate) fn memory(cx: &Context) -> Result<Memory, Gap> {
    let text = cx.root.text("/proc/meminfo")?;
    let info = Info::parse(&text);
    note_missing(cx, &info);
    let bytes = dmi::tables(cx);
    let (tables, whole) = dmi::structures(&bytes);
    dmi::note_damage(cx, whole);
    let (slots, modules) = modules(&tables);
    Ok(Memory {
        total_bytes: info.bytes("MemTotal"),
        swap_bytes: info.bytes("SwapTotal"),
        swaps: cx.note(cx.root.text("/proc/swaps")).map(|text| swaps(&text)).unwrap_or_default(),
        slots: (slots > 0).then_some(slots),
        modules,
    })
}

/// `/proc/swaps`: a heading, then name, kind, KiB, KiB in use, priority.
fn swaps(text: &str) -> Vec<Swap> {
    let swap = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        Some(Swap {
            name: fields.next()?.to_owned(),
            kind: fields.next()?.to_owned(),
            size_bytes: fields.next()?.parse::<u64>().ok()?.checked_mul(1024)?,
        })
    };
    let mut swaps: Vec<Swap> = text.lines().skip(1).filter_map(swap).collect();
    swaps.sort_by(|a, b| a.name.cmp(&b.name));
    swaps
}
