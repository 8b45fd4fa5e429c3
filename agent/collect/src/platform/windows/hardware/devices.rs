//! What is attached: PCI and USB devices, whatever else has a problem; screens, sound, cameras.

use befund_model::section::devices::{
    Camera, Device, Devices, Displays, GraphicsAdapter, Media, Monitor, SoundDevice,
};
use befund_model::section::maintenance::{Driver, Drivers};

use super::super::registry;
use super::plugged::{Plugged, plugged};
use crate::collector::{Context, Gap};
use crate::platform::decode::devices as decode;
use crate::platform::decode::text::described;
use crate::platform::edid;

/// Section `devices`.
pub(crate) fn devices(cx: &Context) -> Result<Devices, Gap> {
    let mut devices: Vec<Device> = plugged(cx)?.iter().filter_map(device).collect();
    devices.sort_by(|a, b| (&a.bus, &a.address).cmp(&(&b.bus, &b.address)));
    Ok(Devices { devices })
}

fn device(plugged: &Plugged) -> Option<Device> {
    let bus = plugged.enumerator().to_ascii_lowercase();
    let problem = plugged.problem();
    let attached = matches!(bus.as_str(), "pci" | "usb");
    // Of the many others only what does not work is worth a word; 45 is that it is not there.
    if !attached && problem.is_none_or(|problem| problem == 45) {
        return None;
    }
    let place = plugged.text("LocationInformation");
    let rest = plugged.id.split_once('\\').map_or("", |(_, rest)| rest).to_owned();
    Some(Device {
        address: place.and_then(|place| decode::location(&place)).unwrap_or(rest),
        class: plugged.text("Class").map(|class| decode::class(&class)),
        vendor: plugged.text("Mfg").and_then(|text| described(&text)),
        model: plugged.name(),
        id: decode::numbers(&plugged.id),
        serial: decode::serial(&plugged.id),
        driver: plugged.text("Service"),
        problem: problem.map(decode::problem),
        bus,
    })
}

/// Section `displays`.
pub(crate) fn displays(cx: &Context) -> Result<Displays, Gap> {
    let mut displays = Displays::default();
    for plugged in plugged(cx)? {
        if plugged.enumerator().eq_ignore_ascii_case("DISPLAY") {
            let parameters = registry::under(cx, &plugged.key, "Device Parameters");
            let bytes = parameters.and_then(|key| registry::bytes(&key, "EDID"));
            let name = plugged.id.split_once('\\').map_or("", |(_, rest)| rest).to_owned();
            let monitor = match bytes.as_deref().map(edid::parse) {
                Some(Some(monitor)) => monitor,
                Some(None) => {
                    cx.gap(Gap::failed(format!("the EDID of {name} could not be understood")));
                    Monitor::default()
                }
                None => Monitor::default(),
            };
            displays.monitors.push(Monitor { name, ..monitor });
        } else if plugged.text("Class").as_deref() == Some("Display") {
            displays.adapters.push(adapter(cx, &plugged));
        }
    }
    displays.adapters.sort_by(|a, b| a.name.cmp(&b.name));
    displays.monitors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(displays)
}

fn adapter(cx: &Context, plugged: &Plugged) -> GraphicsAdapter {
    let key = plugged.driver(cx);
    let memory = key.as_ref().and_then(|key| {
        let large = key.get_u64("HardwareInformation.qwMemorySize").ok();
        large.or_else(|| registry::number(key, "HardwareInformation.MemorySize").map(u64::from))
    });
    GraphicsAdapter {
        name: plugged.id.clone(),
        vendor: plugged.text("Mfg").and_then(|text| described(&text)),
        model: plugged.name(),
        id: decode::numbers(&plugged.id),
        driver: plugged.text("Service"),
        driver_version: key.and_then(|key| registry::text(&key, "DriverVersion")),
        memory_bytes: memory.filter(|bytes| *bytes > 0),
    }
}

/// Section `media`.
pub(crate) fn media(cx: &Context) -> Result<Media, Gap> {
    let mut media = Media::default();
    for plugged in plugged(cx)? {
        let (id, driver) = (Some(plugged.id.clone()), plugged.text("Service"));
        let Some(name) = plugged.name() else { continue };
        match plugged.text("Class").as_deref() {
            // The ends of sound cards: `{0.0.0.…}` is heard, `{0.0.1.…}` hears.
            Some("AudioEndpoint") => media.sound.push(SoundDevice {
                name,
                plays: plugged.id.contains("{0.0.0."),
                records: plugged.id.contains("{0.0.1."),
                id,
                driver,
            }),
            Some("Camera") => media.cameras.push(Camera { name, id, driver }),
            // Before Windows 10 cameras were of this class, as scanners are still.
            Some("Image") if driver.as_deref() == Some("usbvideo") => {
                media.cameras.push(Camera { name, id, driver });
            }
            _ => {}
        }
    }
    media.sound.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    media.cameras.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(media)
}

/// Section `drivers`: those of the devices that are there.
pub(crate) fn drivers(cx: &Context) -> Result<Drivers, Gap> {
    let mut drivers: Vec<Driver> = Vec::new();
    for plugged in plugged(cx)? {
        let Some(key) = plugged.driver(cx) else { continue };
        let text = |name: &str| registry::text(&key, name);
        let (Some(name), provider) = (text("DriverDesc"), text("ProviderName")) else { continue };
        let (version, file) = (text("DriverVersion"), text("InfPath"));
        let bus = plugged.enumerator().to_ascii_lowercase();
        let device = matches!(bus.as_str(), "pci" | "usb").then(|| {
            let place = plugged.text("LocationInformation");
            let rest = plugged.id.split_once('\\').map_or("", |(_, rest)| rest).to_owned();
            let place = place.and_then(|place| decode::location(&place)).unwrap_or(rest);
            format!("{bus} {place}")
        });
        let same = drivers
            .iter_mut()
            .find(|driver| driver.name == name && driver.version == version && driver.file == file);
        match same {
            Some(driver) => driver.devices.extend(device),
            None => drivers.push(Driver {
                // What is not Windows' own was copied under such a name.
                foreign: file.as_ref().is_some_and(|file| decode::added(file)),
                provider: provider.and_then(|text| described(&text)),
                devices: device.into_iter().collect(),
                signed: None,
                name,
                version,
                file,
            }),
        }
    }
    for driver in &mut drivers {
        driver.devices.sort_unstable();
    }
    drivers.sort_by(|a, b| (&a.name, &a.version, &a.file).cmp(&(&b.name, &b.version, &b.file)));
    Ok(Drivers { drivers })
}
