//! Devices on PCI, USB and Thunderbolt: `/sys/bus`, named by the hardware database.

pub(crate) mod classes;
pub(crate) mod firmware;
pub(crate) mod names;
pub(crate) mod pci;
mod thunderbolt;
pub(crate) mod usb;

use befund_model::section::devices::{Device, Devices};

use crate::collector::{Context, Gap};

/// Section `devices`.
pub(crate) fn devices(cx: &Context) -> Result<Devices, Gap> {
    let buses = [pci::devices(cx), thunderbolt::devices(cx), usb::devices(cx)];
    if buses.iter().all(Option::is_none) {
        return Err(Gap::unsupported("there is neither /sys/bus/pci nor /sys/bus/usb"));
    }
    let mut devices: Vec<Device> = buses.into_iter().flatten().flatten().collect();
    devices.sort_by(|a, b| (&a.bus, &a.address).cmp(&(&b.bus, &b.address)));
    Ok(Devices { devices })
}

/// The number in a file of hexadecimal digits, with or without `0x`.
fn hex(cx: &Context, path: &str) -> Option<u32> {
    let line = cx.root.line(path).ok()??;
    u32::from_str_radix(line.trim_start_matches("0x"), 16).ok()
}

/// The name of the driver behind this link.
pub(super) fn driver(cx: &Context, device: &str) -> Option<String> {
    let link = cx.root.link(&format!("{device}/driver")).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}
