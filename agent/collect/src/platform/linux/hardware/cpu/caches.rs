//! The processor's caches: `/sys/devices/system/cpu/cpu*/cache`
//! (Documentation/ABI/testing/sysfs-devices-system-cpu of the kernel).

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::hardware::Cache;

use crate::collector::Context;

/// The most processors that a list is believed to name.
const MAX_CPUS: u32 = 1 << 16;

/// The caches of all processors under this folder, each counted once however many share it.
pub(crate) fn caches(cx: &Context, cpus: &str) -> Vec<Cache> {
    let mut counts: BTreeMap<(u8, &'static str, u64), u32> = BTreeMap::new();
    // Whoever shares a cache that was counted need not be looked at.
    let mut counted: BTreeSet<(usize, u32)> = BTreeSet::new();
    let mut numbers: Vec<u32> = (cx.root.list(cpus).unwrap_or_default().iter())
        .filter_map(|name| name.strip_prefix("cpu")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    for cpu in numbers {
        for index in 0..8 {
            if counted.contains(&(index, cpu)) {
                continue;
            }
            let file = |name: &str| {
                cx.root.line(&format!("{cpus}/cpu{cpu}/cache/index{index}/{name}")).ok().flatten()
            };
            let Some(level) = file("level").and_then(|level| level.parse().ok()) else { break };
            let shared = file("shared_cpu_list");
            counted.extend(shared.iter().flat_map(|list| list_of(list)).map(|cpu| (index, cpu)));
            let kind = match file("type").as_deref() {
                Some("Data") => "data",
                Some("Instruction") => "instruction",
                Some("Unified") => "unified",
                _ => continue,
            };
            let Some(size) = file("size").and_then(|size| bytes(&size)) else { continue };
            *counts.entry((level, kind, size)).or_default() += 1;
        }
    }
    let cache = |((level, kind, size_bytes), count)| Cache {
        level,
        kind: str::to_owned(kind),
        size_bytes,
        count: Some(count),
    };
    counts.into_iter().map(cache).collect()
}

/// `32K`, as the kernel writes it; some boards say `0K` for what they do not know.
pub(crate) fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = size.split_at_checked(size.len().checked_sub(1)?)?;
    let shift = match unit {
        "K" => 10,
        "M" => 20,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

/// `0-3,8`, as numbers.
pub(crate) fn list_of(list: &str) -> impl Iterator<Item = u32> {
    list.split(',').flat_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let ends = first.trim().parse::<u32>().ok().zip(last.trim().parse::<u32>().ok());
        ends.map_or(0..0, |(first, last)| first..last.min(MAX_CPUS).saturating_add(1))
    })
}
