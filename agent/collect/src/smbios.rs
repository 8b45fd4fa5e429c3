//! SMBIOS: what the firmware says of the machine, as makers fill it in, which is often not at all.
//!
//! Tables are bytes from the outside: lengths that lead nowhere end the reading, and what came before
//! them counts. How the tables are got is each system's own.

use befund_model::section::hardware::MemoryModule;

/// One structure of the tables (SMBIOS 3.7, 6.1.2).
#[derive(Debug)]
pub(crate) struct Structure<'a> {
    /// Its type.
    pub(crate) kind: u8,
    bytes: &'a [u8],
    strings: Vec<&'a [u8]>,
}

impl Structure<'_> {
    /// The byte at this offset.
    pub(crate) fn byte(&self, offset: usize) -> Option<u8> {
        self.bytes.get(offset).copied()
    }

    /// The word at this offset.
    pub(crate) fn word(&self, offset: usize) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte(offset)?, self.byte(offset + 1)?]))
    }

    /// The double word at this offset.
    pub(crate) fn double(&self, offset: usize) -> Option<u32> {
        Some(u32::from(self.word(offset)?) | u32::from(self.word(offset + 2)?) << 16)
    }

    /// The string whose number stands at this offset, if it says something.
    pub(crate) fn string(&self, offset: usize) -> Option<String> {
        let number = usize::from(self.byte(offset)?).checked_sub(1)?;
        said(&String::from_utf8_lossy(self.strings.get(number)?))
    }
}

/// The structures, and whether the tables end as they should.
pub(crate) fn structures(table: &[u8]) -> (Vec<Structure<'_>>, bool) {
    let mut structures = Vec::new();
    let mut rest = table;
    loop {
        let Some(&[kind, length, ..]) = rest.get(..4) else {
            return (structures, rest.is_empty());
        };
        let length = usize::from(length);
        if length < 4 || length > rest.len() {
            return (structures, false);
        }
        let (bytes, mut tail) = rest.split_at(length);
        let mut strings = Vec::new();
        loop {
            let Some(end) = tail.iter().position(|byte| *byte == 0) else {
                return (structures, false);
            };
            let string = &tail[..end];
            tail = &tail[end + 1..];
            if string.is_empty() {
                break;
            }
            strings.push(string);
        }
        // A structure without strings ends in two zeros, of which the loop has taken one.
        if strings.is_empty() {
            tail = tail.strip_prefix(&[0]).unwrap_or(tail);
        }
        structures.push(Structure { kind, bytes, strings });
        if kind == 127 {
            return (structures, true);
        }
        rest = tail;
    }
}

/// The value, unless the maker left a placeholder.
pub(crate) fn said(value: &str) -> Option<String> {
    const PLACEHOLDERS: &[&str] = &[
        "to be filled by o.e.m",
        "to be filled by o.e.m.",
        "to be set by oem",
        "default string",
        "none",
        "n/a",
        "na",
        "null",
        "not specified",
        "not available",
        "not applicable",
        "unknown",
        "undefined",
        "oem",
        "o.e.m.",
        "empty",
        "invalid",
        "system serial number",
        "system product name",
        "system manufacturer",
        "system version",
        "system sku",
        "sku",
        "chassis serial number",
        "chassis asset tag",
        "base board serial number",
        "base board asset tag",
        "baseboard serial number",
        "asset-1234567890",
        "asset tag",
        "no asset tag",
        "no asset information",
        "serial",
        "serial number",
        "serialnumber",
        "123456789",
        "1234567890",
        "0123456789",
        "0001",
        "123456",
        "12345678",
        "0123456789abcdef",
        "no manufacturer",
        "no product string",
        "no serial number",
        "no dimm",
        "not installed",
        "not populated",
        "[empty]",
        "sernum",
        "partnum",
        "type1family",
        "type1sku0",
        "default",
        "not defined",
        "no enclosure",
        "product name",
        "dimm",
        "module serial number",
        "modulepartnumber",
        "03000200-0400-0500-0006-000700080009",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];
    let value = value.trim_matches(|byte: char| byte.is_whitespace() || byte.is_control());
    let lower = value.to_ascii_lowercase();
    let filler = value.chars().all(|digit| {
        matches!(digit, '0' | '.' | '-' | ' ' | 'x' | 'X' | '_' | '*' | '/' | '\u{fffd}')
    }) || value.len() > 3 && lower.bytes().all(|byte| byte == b'f');
    let readable = value.chars().all(|letter| !letter.is_control());
    let filled = !filler
        && readable
        && !PLACEHOLDERS.contains(&lower.as_str())
        && !lower.starts_with("to be filled")
        && !is_numbered(&lower);
    filled.then(|| value.to_owned())
}

/// What some firmwares write for modules that they have not asked: the field's name, and which it is
/// of (`Manufacturer00`, `SerNum1`, `Array1_PartNumber0`).
fn is_numbered(lower: &str) -> bool {
    const FIELDS: &[&str] =
        &["manufacturer", "sernum", "partnum", "assettagnum", "modulepartnumber"];
    let name = lower.trim_end_matches(|digit: char| digit.is_ascii_digit());
    name.len() < lower.len()
        && (FIELDS.contains(&name)
            || name.starts_with("array")
                && ["partnumber", "serialnumber"].iter().any(|of| name.ends_with(of)))
}

/// The kind of case (SMBIOS 3.7, table 17).
pub(crate) fn chassis(kind: u8) -> Option<&'static str> {
    const NAMES: [&str; 36] = [
        "other",
        "unknown",
        "desktop",
        "low profile desktop",
        "pizza box",
        "mini tower",
        "tower",
        "portable",
        "laptop",
        "notebook",
        "hand held",
        "docking station",
        "all in one",
        "sub notebook",
        "space-saving",
        "lunch box",
        "main server chassis",
        "expansion chassis",
        "sub chassis",
        "bus expansion chassis",
        "peripheral chassis",
        "raid chassis",
        "rack mount chassis",
        "sealed-case pc",
        "multi-system chassis",
        "compact pci",
        "advanced tca",
        "blade",
        "blade enclosure",
        "tablet",
        "convertible",
        "detachable",
        "iot gateway",
        "embedded pc",
        "mini pc",
        "stick pc",
    ];
    let name = NAMES.get(usize::from(kind & 0x7f).checked_sub(1)?)?;
    (!matches!(*name, "other" | "unknown")).then_some(name)
}

/// The machine's UUID, lower case (SMBIOS 3.7, 7.2.1): the first three parts are stored lowest byte
/// first. All zeros or all ones stand for none.
pub(crate) fn uuid(system: &Structure<'_>) -> Option<String> {
    // Makers that fill in none count up (`03000200-0400-0500-0006-000700080009` and the like).
    if (0x08..0x18).all(|offset| system.byte(offset).is_some_and(|byte| byte < 0x10)) {
        return None;
    }
    let (low, middle, high) = (system.double(0x08)?, system.word(0x0c)?, system.word(0x0e)?);
    let rest: u64 = (0x10..0x18)
        .try_fold(0, |rest, offset| Some(rest << 8 | u64::from(system.byte(offset)?)))?;
    let (clock, node) = (rest >> 48, rest & 0xffff_ffff_ffff);
    said(&format!("{low:08x}-{middle:04x}-{high:04x}-{clock:04x}-{node:012x}"))
}

/// Slots and modules (SMBIOS 3.7, 7.18).
pub(crate) fn modules(tables: &[Structure<'_>]) -> (u32, Vec<MemoryModule>) {
    let mut slots = 0;
    let mut modules = Vec::new();
    for device in tables.iter().filter(|table| table.kind == 17) {
        slots += 1;
        let size_bytes = match device.word(0x0c) {
            None | Some(0 | 0xffff) => continue,
            Some(0x7fff) => u64::from(device.double(0x1c).unwrap_or_default() & 0x7fff_ffff) << 20,
            Some(size) if size & 0x8000 != 0 => u64::from(size & 0x7fff) << 10,
            Some(size) => u64::from(size) << 20,
        };
        let speed = |offset| device.word(offset).filter(|speed| !matches!(speed, 0 | 0xffff));
        modules.push(MemoryModule {
            slot: device.string(0x10).unwrap_or_default(),
            size_bytes,
            kind: device.byte(0x12).and_then(module_kind).map(str::to_owned),
            speed_mts: speed(0x20).or_else(|| speed(0x15)).map(u32::from),
            vendor: device.string(0x17),
            part: device.string(0x1a),
            serial: device.string(0x18),
        });
    }
    modules.sort_by(|a, b| a.slot.cmp(&b.slot));
    (slots, modules)
}

const fn module_kind(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x12 => "DDR",
        0x13 => "DDR2",
        0x18 => "DDR3",
        0x1a => "DDR4",
        0x1b => "LPDDR",
        0x1c => "LPDDR2",
        0x1d => "LPDDR3",
        0x1e => "LPDDR4",
        0x22 => "DDR5",
        0x23 => "LPDDR5",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_put_together_and_one_that_counts_up_is_none() {
        let mut table = vec![1, 0x1b, 0, 1, 0, 0, 0, 0];
        table.extend([0x1a, 0x2b, 0x3c, 0x9f, 0x5e, 0x4d, 0xeb, 0x11]);
        table.extend([0x8c, 0x0d, 0x90, 0x2e, 0x16, 0xaa, 0xbb, 0xcc, 6, 0, 0, 0, 0]);
        let (told, _) = structures(&table);
        assert_eq!(uuid(&told[0]).as_deref(), Some("9f3c2b1a-4d5e-11eb-8c0d-902e16aabbcc"));
        table.splice(8..24, [0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0, 9]);
        assert_eq!(uuid(&structures(&table).0[0]), None);
    }
}
