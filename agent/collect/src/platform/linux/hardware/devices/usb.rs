//! USB: `/sys/bus/usb/devices` (Documentation/ABI/testing/sysfs-bus-usb of the kernel). A device has
//! interfaces, and it is these that have drivers.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::devices::Device;

use crate::collector::Context;
use crate::platform::linux::hardware::dmi::said;

use super::names::Id;
use super::{classes, driver, firmware, hex, names};

/// Where they are.
pub(crate) const DEVICES: &str = "/sys/bus/usb/devices";

/// What is plugged in; `None` where the machine has no such bus. The hub in each controller stands
/// for the controller, which is on PCI, and is left out.
pub(super) fn devices(cx: &Context) -> Option<Vec<Device>> {
    let mut addresses = Vec::new();
    let mut interfaces: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in cx.note(cx.root.list(DEVICES))? {
        match name.split_once(':') {
            Some((device, _)) => interfaces.entry(device.to_owned()).or_default().push(name),
            None if name.starts_with(|first: char| first.is_ascii_digit()) => addresses.push(name),
            None => {}
        }
    }
    let id = |address: &str| -> Option<Id> {
        let number = |file| u16::try_from(hex(cx, &format!("{DEVICES}/{address}/{file}"))?).ok();
        Some((number("idVendor")?, number("idProduct")?))
    };
    let ids: BTreeMap<&String, Id> =
        addresses.iter().filter_map(|address| Some((address, id(address)?))).collect();
    let names = names::look_up(cx, "usb", &ids.values().copied().collect());
    let mut complaints = None;
    let device = |address: &String| {
        let line = |file: &str| {
            said(&cx.root.line(&format!("{DEVICES}/{address}/{file}")).ok().flatten()?)
        };
        let id = ids.get(address).copied();
        let parts: Vec<Interface> = interfaces
            .get(address)
            .into_iter()
            .flatten()
            .map(|name| Interface::read(cx, name))
            .collect();
        let problem = problem(cx, address, &parts).map(|problem| {
            let complaints = complaints.get_or_insert_with(|| firmware::complaints(cx));
            let missing = interfaces.get(address).into_iter().flatten();
            let missing = missing.chain([address]).any(|name| complaints.contains(name.as_str()));
            if missing { "firmware missing" } else { problem }.to_owned()
        });
        Device {
            bus: "usb".to_owned(),
            class: class(cx, address, &parts),
            vendor: line("manufacturer").or_else(|| names.vendor(id?)),
            model: line("product").or_else(|| names.model(id?)),
            id: id.map(|(vendor, model)| format!("{vendor:04x}:{model:04x}")),
            serial: line("serial"),
            driver: drivers(&parts),
            problem,
            address: address.clone(),
        }
    };
    Some(addresses.iter().map(device).collect())
}

/// One function of a device.
struct Interface {
    class: u8,
    subclass: u8,
    protocol: u8,
    driver: Option<String>,
}

impl Interface {
    fn read(cx: &Context, name: &str) -> Self {
        let place = format!("{DEVICES}/{name}");
        let byte = |file: &str| {
            let number = hex(cx, &format!("{place}/{file}")).unwrap_or(0xff);
            u8::try_from(number).unwrap_or(0xff)
        };
        Self {
            class: byte("bInterfaceClass"),
            subclass: byte("bInterfaceSubClass"),
            protocol: byte("bInterfaceProtocol"),
            driver: driver(cx, &place),
        }
    }

    fn words(&self) -> Option<&'static str> {
        classes::usb(self.class, self.subclass, self.protocol)
    }
}

/// By the device's own class, or by those of its interfaces, each told once.
fn class(cx: &Context, address: &str, parts: &[Interface]) -> Option<String> {
    let byte = |file: &str| {
        let number = hex(cx, &format!("{DEVICES}/{address}/{file}"))?;
        u8::try_from(number).ok()
    };
    let own = byte("bDeviceClass")
        .and_then(|class| classes::usb(class, byte("bDeviceSubClass")?, byte("bDeviceProtocol")?));
    let words: BTreeSet<&str> = match own {
        Some(own) => [own].into(),
        None => parts.iter().filter_map(Interface::words).collect(),
    };
    joined(words)
}

fn drivers(parts: &[Interface]) -> Option<String> {
    joined(parts.iter().filter_map(|part| part.driver.as_deref()).collect())
}

fn joined(words: BTreeSet<&str>) -> Option<String> {
    (!words.is_empty()).then(|| words.into_iter().collect::<Vec<_>>().join(", "))
}

fn problem(cx: &Context, address: &str, parts: &[Interface]) -> Option<&'static str> {
    let line = |file: &str| cx.root.line(&format!("{DEVICES}/{address}/{file}")).ok().flatten();
    if line("authorized").as_deref() == Some("0") {
        return Some("disabled");
    }
    let idle = |part: &Interface| part.driver.is_none() && classes::usb_wants_driver(part.class);
    if parts.iter().any(idle) {
        // One that does part of its work is told by the drivers that it has.
        let works = parts.iter().any(|part| part.driver.is_some());
        return (!works).then_some("no driver");
    }
    // Without a configuration a device has no interfaces: more power is wanted than the hub gives.
    let unconfigured = cx.root.exists(&format!("{DEVICES}/{address}/bConfigurationValue"))
        && line("bConfigurationValue").is_none();
    unconfigured.then_some("not configured")
}
