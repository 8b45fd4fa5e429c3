//! Thunderbolt and USB4: `/sys/bus/thunderbolt/devices`. A dock that nobody has allowed carries
//! nothing but power and picture.

use befund_model::section::devices::Device;

use crate::collector::Context;
use crate::platform::linux::hardware::dmi::said;

use super::hex;

const DEVICES: &str = "/sys/bus/thunderbolt/devices";

/// What is plugged in; `None` where the machine has no such bus.
pub(super) fn devices(cx: &Context) -> Option<Vec<Device>> {
    let mut devices = Vec::new();
    for address in cx.note(cx.root.list(DEVICES))? {
        // `0-0` is the machine's own end; domains, retimers and ports have other names.
        let (_, route) = match address.split_once('-') {
            Some(parts) if !address.contains([':', '.']) => parts,
            _ => continue,
        };
        if route == "0" || !route.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            continue;
        }
        let line = |file: &str| cx.root.line(&format!("{DEVICES}/{address}/{file}")).ok().flatten();
        let id = |file: &str| hex(cx, &format!("{DEVICES}/{address}/{file}"));
        let denied = line("authorized").as_deref() == Some("0");
        devices.push(Device {
            bus: "thunderbolt".to_owned(),
            class: None,
            vendor: line("vendor_name").and_then(|name| said(&name)),
            model: line("device_name").and_then(|name| said(&name)),
            id: id("vendor")
                .zip(id("device"))
                .map(|(vendor, model)| format!("{vendor:04x}:{model:04x}")),
            serial: None,
            driver: None,
            problem: denied.then(|| "not authorized".to_owned()),
            address,
        });
    }
    Some(devices)
}
