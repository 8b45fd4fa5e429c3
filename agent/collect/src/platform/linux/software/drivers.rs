//! Drivers: modules of the kernel that have a device, those built into it that have one on a bus one can plug
//! into, and modules that do not come with the kernel.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use befund_model::section::maintenance::{Driver, Drivers};

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

/// Buses of which drivers are told even if they are part of the kernel. On others (`platform`, `acpi`,
/// `cpu`) those drive the board itself.
const BUSES: &[&str] =
    &["pci", "usb", "virtio", "vmbus", "xen", "sdio", "mmc", "nvme", "scsi", "hid"];
/// How many devices of a driver are named.
const MAX_DEVICES: usize = 64;
/// The most bytes of the list of modules that are read.
const MAX_LIST_BYTES: u64 = 8 << 20;

/// Section `drivers`.
pub(crate) fn drivers(cx: &Context) -> Result<Drivers, Gap> {
    const BUS: &str = "/sys/bus";
    let mut drivers: BTreeMap<String, Driver> = BTreeMap::new();
    for bus in cx.root.list(BUS)? {
        for name in cx.root.list(&format!("{BUS}/{bus}/drivers")).unwrap_or_default() {
            let folder = format!("{BUS}/{bus}/drivers/{name}");
            let Ok(entries) = cx.root.list(&folder) else { continue };
            let module = entries.iter().any(|entry| entry == "module");
            let module = if module { module_of(cx, &folder) } else { None };
            if module.is_none() && !BUSES.contains(&bus.as_str()) {
                continue;
            }
            let devices: Vec<String> =
                entries
                    .iter()
                    .filter(|entry| is_device(entry))
                    // A driver of USB has interfaces, `1-4:1.0`, of the device `1-4`.
                    .map(|entry| {
                        if bus == "usb" { entry.split(':').next().unwrap_or(entry) } else { entry }
                    })
                    .map(|entry| format!("{bus} {entry}"))
                    .collect();
            if devices.is_empty() {
                continue;
            }
            // One module may have several drivers.
            let name = module.unwrap_or(name);
            let driver = drivers.entry(name.clone()).or_insert_with(|| driver(cx, name));
            driver.devices.extend(devices);
        }
    }
    for module in cx.root.list("/sys/module").unwrap_or_default() {
        if drivers.contains_key(&module) {
            continue;
        }
        let driver = driver(cx, module);
        if driver.foreign {
            drivers.insert(driver.name.clone(), driver);
        }
    }
    files_of(cx, &mut drivers);
    let mut drivers: Vec<Driver> = drivers.into_values().collect();
    for driver in &mut drivers {
        driver.devices.sort_unstable();
        driver.devices.dedup();
        driver.devices.truncate(MAX_DEVICES);
    }
    Ok(Drivers { drivers })
}

/// What else is in a driver's folder are files to steer it with, none of which has a digit or a colon.
fn is_device(entry: &str) -> bool {
    !matches!(entry, "module" | "bind" | "unbind" | "uevent" | "new_id" | "remove_id")
        && entry.contains(|letter: char| letter.is_ascii_digit() || letter == ':')
}

fn module_of(cx: &Context, folder: &str) -> Option<String> {
    let link = cx.root.link(&format!("{folder}/module")).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

/// What the kernel says of a module. Its taint tells what it is: built outside of the kernel (`O`), without a
/// signature that the kernel knows (`E`) (`Documentation/admin-guide/tainted-kernels.rst`).
fn driver(cx: &Context, name: String) -> Driver {
    let folder = format!("/sys/module/{name}");
    let taint = cx.root.line(&format!("{folder}/taint")).ok().flatten();
    let letters = taint.as_deref().unwrap_or_default();
    // A kernel that looks at signatures says here what it does without one.
    let checks = cx.root.exists("/sys/module/module/parameters/sig_enforce");
    // What is built in has no such file.
    let is_module = cx.root.exists(&format!("{folder}/initstate"));
    Driver {
        version: cx.root.line(&format!("{folder}/version")).ok().flatten(),
        foreign: letters.contains('O'),
        signed: (checks && is_module).then(|| !letters.contains('E')),
        name,
        ..Driver::default()
    }
}

/// The files of the modules, by the running kernel's list of all there are. A module's name has `_` where
/// its file's may have `-`.
fn files_of(cx: &Context, drivers: &mut BTreeMap<String, Driver>) {
    let Some(release) = cx.line("/proc/sys/kernel/osrelease") else { return };
    let folder = format!("/lib/modules/{release}");
    let Ok(list) = files::open(cx, &format!("{folder}/modules.dep")) else { return };
    for line in BufReader::new(list.take(MAX_LIST_BYTES)).split(b'\n') {
        let Ok(line) = line else { return };
        let Some(end) = line.iter().position(|byte| *byte == b':') else { continue };
        let Ok(path) = std::str::from_utf8(&line[..end]) else { continue };
        let file = path.rsplit('/').next().unwrap_or_default();
        let name = file.split(".ko").next().unwrap_or_default().replace('-', "_");
        if let Some(driver) = drivers.get_mut(&name) {
            driver.file = Some(format!("{folder}/{path}"));
        }
    }
}
