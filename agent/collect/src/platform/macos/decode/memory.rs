//! Memory: `vm_stat`, and the modules by the system profiler.

use befund_model::section::hardware::{MemoryModule, MemoryUsage};

use super::plist::Value;

/// Counters of `vm_stat`, in bytes where they count pages.
#[derive(Debug, Default)]
pub(crate) struct VmStat {
    page_bytes: u64,
    counts: Vec<(String, u64)>,
}

impl VmStat {
    /// Reads `Mach Virtual Memory Statistics: (page size of 16384 bytes)` and `Pages free:  5123.`
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (_, rest) = lines.next()?.split_once("page size of ")?;
        let page_bytes = rest.split(' ').next()?.parse().ok()?;
        let line = |line: &str| {
            let (name, count) = line.rsplit_once(':')?;
            let count = count.trim().trim_end_matches('.').parse().ok()?;
            Some((name.trim_matches(['"', ' ']).to_owned(), count))
        };
        Some(Self { page_bytes, counts: lines.filter_map(line).collect() })
    }

    /// How many pages, in bytes.
    pub(crate) fn bytes(&self, name: &str) -> Option<u64> {
        let (_, count) = self.counts.iter().find(|(known, _)| known == name)?;
        count.checked_mul(self.page_bytes)
    }

    /// As Activity Monitor reckons: what is in use is the programs' own memory that cannot be purged, what
    /// is wired, and what the compressor occupies; anything else can be had without swapping.
    pub(crate) fn usage(&self, total_bytes: Option<u64>) -> MemoryUsage {
        let purgeable = self.bytes("Pages purgeable").unwrap_or_default();
        let used = || {
            let own = self.bytes("Anonymous pages")?.saturating_sub(purgeable);
            let wired = self.bytes("Pages wired down")?;
            let compressed = self.bytes("Pages occupied by compressor")?;
            own.checked_add(wired)?.checked_add(compressed)
        };
        let files = self.bytes("File-backed pages");
        MemoryUsage {
            total_bytes,
            available_bytes: total_bytes.zip(used()).map(|(all, used)| all.saturating_sub(used)),
            free_bytes: self.bytes("Pages free"),
            cached_bytes: files.map(|files| files.saturating_add(purgeable)),
            swap_used_bytes: None,
            pressure_percent: None,
        }
    }
}

/// The modules: those in slots, or the memory that is soldered to the processor.
pub(crate) fn modules(items: &[Value]) -> Vec<MemoryModule> {
    let mut modules = Vec::new();
    for item in items {
        let slots = item.list("_items");
        if slots.is_empty() {
            modules.extend(module(item, "SPMemoryDataType"));
        }
        modules.extend(slots.iter().filter_map(|slot| module(slot, "dimm_size")));
    }
    modules.sort_by(|a, b| a.slot.cmp(&b.slot));
    modules
}

/// How many slots there are; `None` where there are none.
pub(crate) fn slots(items: &[Value]) -> Option<u32> {
    let slots: usize = items.iter().map(|item| item.list("_items").len()).sum();
    u32::try_from(slots).ok().filter(|slots| *slots > 0)
}

fn module(told: &Value, size: &str) -> Option<MemoryModule> {
    let said = |name: &str| {
        let text = told.text(name)?;
        (!matches!(text, "empty" | "0x0" | "0" | "-" | "Unknown")).then(|| text.to_owned())
    };
    let speed = told.text("dimm_speed").and_then(|speed| speed.split(' ').next()?.parse().ok());
    Some(MemoryModule {
        slot: said("_name").unwrap_or_else(|| "soldered".into()),
        size_bytes: size_of(told.text(size)?)?,
        kind: said("dimm_type"),
        speed_mts: speed.filter(|speed| *speed > 0),
        vendor: said("dimm_manufacturer"),
        part: said("dimm_part_number"),
        serial: said("dimm_serial_number"),
    })
}

/// `16 GB`, `8192 MB`.
pub(crate) fn size_of(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once([' ', '\u{a0}'])?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let shift = match unit.trim() {
        "KB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_reckoned_as_activity_monitor_does() {
        // macOS 14, Apple silicon; shortened.
        let text = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:                               10000.\nPages active:                            500000.\nPages inactive:                          490000.\nPages speculative:                         9000.\nPages wired down:                        200000.\nPages purgeable:                           5000.\n\"Translation faults\":                 999999999.\nFile-backed pages:                       300000.\nAnonymous pages:                         700000.\nPages occupied by compressor:            100000.\nSwapins:                                   1200.\nSwapouts:                                  3400.\n";
        let told = VmStat::parse(text).expect("counters");
        let usage = told.usage(Some(2_097_152 * 16_384));
        assert_eq!(usage.available_bytes, Some((2_097_152 - 995_000) * 16_384));
        assert_eq!(usage.free_bytes, Some(10_000 * 16_384));
        assert_eq!(usage.cached_bytes, Some(305_000 * 16_384));
        assert_eq!(told.bytes("Swapouts"), Some(3400 * 16_384));
        assert!(VmStat::parse("").is_none());
    }

    #[test]
    fn modules_in_slots_and_soldered_ones_are_read() {
        // An iMac of 2020, macOS 12.
        let text = "<plist><array><dict><key>_name</key><string>global_name</string><key>_items</key><array><dict><key>_name</key><string>BANK 0/ChannelA-DIMM0</string><key>dimm_manufacturer</key><string>Micron</string><key>dimm_size</key><string>8 GB</string><key>dimm_speed</key><string>2667 MHz</string><key>dimm_type</key><string>DDR4</string><key>dimm_serial_number</key><string>-</string></dict><dict><key>_name</key><string>BANK 1</string><key>dimm_size</key><string>empty</string></dict></array></dict></array></plist>";
        let told = Value::parse(text.as_bytes()).expect("a list");
        let modules_ = modules(told.items());
        assert_eq!((modules_.len(), slots(told.items())), (1, Some(2)));
        assert_eq!((modules_[0].size_bytes, modules_[0].speed_mts), (8 << 30, Some(2667)));
        assert_eq!(modules_[0].serial, None);
        let text = "<plist><array><dict><key>SPMemoryDataType</key><string>16 GB</string><key>dimm_manufacturer</key><string>Micron</string><key>dimm_type</key><string>LPDDR5</string></dict></array></plist>";
        let told = Value::parse(text.as_bytes()).expect("a list");
        assert_eq!(modules(told.items())[0].kind.as_deref(), Some("LPDDR5"));
        assert_eq!(slots(told.items()), None);
    }
}
