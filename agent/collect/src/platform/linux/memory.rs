//! Memory: `/proc/meminfo`, `/proc/swaps`, pressure.

use befund_model::section::hardware::MemoryUsage;

use crate::collector::{Context, Gap};

use super::uptime::pressure;

/// Section `memory.usage`.
pub(super) fn usage(cx: &Context) -> Result<MemoryUsage, Gap> {
    let text = cx.root.text("/proc/meminfo")?;
    let info = Info::parse(&text);
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

/// `/proc/meminfo`: names and KiB.
pub(super) struct Info<'a>(Vec<(&'a str, u64)>);

impl<'a> Info<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let line = |line: &'a str| {
            let (name, rest) = line.split_once(':')?;
            let kib = rest.split_ascii_whitespace().next()?.parse().ok()?;
            Some((name, kib))
        };
        Self(text.lines().filter_map(line).collect())
    }

    pub(super) fn bytes(&self, name: &str) -> Option<u64> {
        let (_, kib) = self.0.iter().find(|(known, _)| *known == name)?;
        kib.checked_mul(1024)
    }
}
