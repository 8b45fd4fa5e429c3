//! SMBIOS: what the firmware says of the machine, as makers fill it in, which is often not at all.
//!
//! The kernel's own reading under `/sys/class/dmi/id` comes first; the raw tables give the memory
//! modules, and the rest where the kernel's reading is missing. Tables are bytes from the outside:
//! lengths that lead nowhere end the reading, and what came before them counts.

use crate::collector::{Context, Gap};

/// The raw tables.
pub(crate) const TABLES: &str = "/sys/firmware/dmi/tables/DMI";

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

/// A fact of the firmware by the kernel's name for it, or from the raw tables: the structure's
/// type and the offset of the string's number.
pub(crate) fn fact(
    cx: &Context,
    name: &str,
    tables: &[Structure<'_>],
    (kind, offset): (u8, usize),
) -> Option<String> {
    let path = format!("/sys/class/dmi/id/{name}");
    cx.line(&path)
        .and_then(|value| said(&value))
        .or_else(|| tables.iter().find(|table| table.kind == kind)?.string(offset))
}

/// Reads the raw tables; damage is noted, and that they cannot be read only if `needed`.
pub(crate) fn tables(cx: &Context) -> Vec<u8> {
    cx.root.read(TABLES).unwrap_or_default()
}

/// Notes if the tables are damaged.
pub(crate) fn note_damage(cx: &Context, whole: bool) {
    if !whole {
        cx.gap(Gap::failed(format!(
            "{TABLES} is damaged; what comes behind the damage is missing"
        )));
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
