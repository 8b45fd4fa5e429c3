//! SMBIOS: what the firmware says of the machine, as makers fill it in, which is often not at all.
//!
//! The kernel's own reading under `/sys/class/dmi/id` comes first; the raw tables give the memory
//! modules, and the rest where the kernel's reading is missing. Tables are bytes from the outside:
//! lengths that lead nowhere end the reading, and what came before them counts.

use crate::collector::{Context, Gap};
pub(crate) use crate::smbios::{Structure, chassis, said, structures};

/// The raw tables.
pub(crate) const TABLES: &str = "/sys/firmware/dmi/tables/DMI";

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
