//! PCI: `/sys/bus/pci/devices` (Documentation/ABI/testing/sysfs-bus-pci of the kernel).

use std::collections::BTreeSet;

use befund_model::section::devices::Device;

use crate::collector::Context;

use super::names::{Id, Names};
use super::{classes, driver, firmware, hex, names};

/// Where they are.
pub(crate) const DEVICES: &str = "/sys/bus/pci/devices";

/// A device by its numbers.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its place.
    pub(crate) address: String,
    /// Maker and model.
    pub(crate) id: Option<Id>,
    /// Class, subclass, interface.
    pub(crate) class: Option<u32>,
}

/// All devices; `None` where the machine has no such bus.
pub(super) fn devices(cx: &Context) -> Option<Vec<Device>> {
    let found = find(cx)?;
    let names = named(cx, &found);
    let mut complaints = None;
    let device = |device: Found| {
        let place = format!("{DEVICES}/{}", device.address);
        let driver = driver(cx, &place);
        let mut problem = None;
        let class = device.class.unwrap_or_default();
        // Virtual functions without a driver are kept for virtual machines.
        let vendor = device.id.map_or(0, |(vendor, _)| vendor);
        if classes::pci_wants_driver(class, vendor) && !cx.root.exists(&format!("{place}/physfn")) {
            let network = class >> 16 == 0x02;
            let idle = driver.is_none() || network && !cx.root.exists(&format!("{place}/net"));
            if idle {
                let complaints = complaints.get_or_insert_with(|| firmware::complaints(cx));
                if complaints.contains(&device.address) {
                    problem = Some("firmware missing".to_owned());
                } else if driver.is_none() {
                    problem = Some("no driver".to_owned());
                }
            }
        }
        Device {
            bus: "pci".to_owned(),
            class: device.class.and_then(classes::pci).map(str::to_owned),
            vendor: device.id.and_then(|id| names.vendor(id)),
            model: device.id.and_then(|id| names.model(id)),
            id: device.id.map(|(vendor, model)| format!("{vendor:04x}:{model:04x}")),
            serial: None,
            driver,
            problem,
            address: device.address,
        }
    };
    Some(found.into_iter().map(device).collect())
}

/// What there is on the bus.
pub(crate) fn find(cx: &Context) -> Option<Vec<Found>> {
    let addresses = cx.note(cx.root.list(DEVICES))?;
    let found = |address: String| {
        let number = |file: &str| hex(cx, &format!("{DEVICES}/{address}/{file}"));
        let id = |file: &str| number(file).and_then(|id| u16::try_from(id).ok());
        Found { id: id("vendor").zip(id("device")), class: number("class"), address }
    };
    Some(addresses.into_iter().map(found).collect())
}

/// The names of these.
pub(crate) fn named(cx: &Context, found: &[Found]) -> Names {
    let wanted: BTreeSet<Id> = found.iter().filter_map(|device| device.id).collect();
    names::look_up(cx, "pci", &wanted)
}
