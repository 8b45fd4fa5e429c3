//! What hangs on the buses. Which driver has a device is not told: on a Mac they are the system's own.

use befund_model::section::devices::Devices;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, profile, registry};
use crate::platform::macos::decode::devices as decode;
use crate::platform::macos::ms;

/// Section `devices`.
pub(super) fn devices(cx: &Context) -> Result<Devices, Gap> {
    let mut devices = Vec::new();
    let plane = ["-a", "-l", "-p", "IOUSB"];
    let usb = ask("/usr/sbin/ioreg", &plane).within(ms(3_000)).plist(cx)?;
    decode::usb(&usb, &mut devices);
    let pci = cx.note(registry(cx, "IOPCIDevice", "1")).unwrap_or_default();
    devices.extend(pci.iter().filter_map(decode::pci));
    const THUNDERBOLT: &str = "SPThunderboltDataType";
    if let Some(told) = cx.note(profile(cx)) {
        decode::thunderbolt(told.items(THUNDERBOLT), &mut devices);
    }
    devices.sort_by(|a, b| (&a.bus, &a.address).cmp(&(&b.bus, &b.address)));
    devices.dedup_by(|a, b| (&a.bus, &a.address) == (&b.bus, &b.address));
    Ok(Devices { devices })
}
