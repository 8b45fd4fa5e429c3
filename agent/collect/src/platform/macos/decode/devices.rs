//! Devices on the buses, as the registry of devices and the system profiler have them; sound and cameras.

use befund_model::section::devices::{Camera, Device, SoundDevice};

use super::plist::Value;

/// Everything on the USB, from the plane `IOUSB` of the registry.
pub(crate) fn usb(root: &Value, into: &mut Vec<Device>) {
    let mut open = vec![root];
    while let Some(entry) = open.pop() {
        open.extend(entry.list("IORegistryEntryChildren"));
        open.extend(entry.items());
        let id = |vendor: &str, product: &str| Some((entry.size(vendor)?, entry.size(product)?));
        let Some((vendor, product)) = id("idVendor", "idProduct") else { continue };
        let Some(place) = entry.number("locationID") else { continue };
        let name = |new: &str, old: &str| entry.owned(new).or_else(|| entry.owned(old));
        into.push(Device {
            bus: "usb".into(),
            address: format!("{:#010x}", place & 0xffff_ffff),
            class: entry.number("bDeviceClass").and_then(usb_class).map(str::to_owned),
            vendor: name("USB Vendor Name", "kUSBVendorString"),
            model: name("USB Product Name", "kUSBProductString")
                .or_else(|| entry.owned("IORegistryEntryName")),
            id: Some(format!("{:04x}:{:04x}", vendor & 0xffff, product & 0xffff)),
            serial: name("USB Serial Number", "kUSBSerialNumberString"),
            driver: None,
            problem: None,
        });
    }
}

/// USB-IF's base classes of devices; most say 0, which leaves it to their interfaces.
const fn usb_class(class: i64) -> Option<&'static str> {
    Some(match class {
        1 => "audio",
        2 => "communications",
        3 => "input device",
        7 => "printer",
        8 => "mass storage",
        9 => "hub",
        0x0e => "video",
        0xe0 => "wireless controller",
        _ => return None,
    })
}

/// A device on PCI, an `IOPCIDevice` of the registry.
pub(crate) fn pci(entry: &Value) -> Option<Device> {
    let (vendor, product) = (entry.little("vendor-id")?, entry.little("device-id")?);
    // `0:31:3`, and behind a bridge `(1:0)` after it.
    let address = entry.told("pcidebug")?;
    Some(Device {
        bus: "pci".into(),
        address: address.split('(').next().unwrap_or(&address).to_owned(),
        class: entry.little("class-code").and_then(pci_class).map(str::to_owned),
        vendor: (vendor == 0x106b).then(|| "Apple".to_owned()),
        model: entry.told("model").or_else(|| entry.told("device_type")),
        id: Some(format!("{:04x}:{:04x}", vendor & 0xffff, product & 0xffff)),
        serial: None,
        driver: None,
        problem: None,
    })
}

/// Base class and subclass, by the PCI Code and ID Assignment Specification 1.11.
const fn pci_class(code: u32) -> Option<&'static str> {
    Some(match (code >> 16 & 0xff, code >> 8 & 0xff) {
        (1, 8) => "nvme controller",
        (1, _) => "mass storage controller",
        (2, 0) => "ethernet controller",
        (2, _) => "network controller",
        (3, _) => "graphics controller",
        (4, 3) => "audio device",
        (4, _) => "multimedia controller",
        (6, 4) => "pci bridge",
        (6, _) => "bridge",
        (0x0c, 3) => "usb controller",
        (0x0c, _) => "serial bus controller",
        (0x0d, _) => "wireless controller",
        (8, _) => "system peripheral",
        _ => return None,
    })
}

/// What hangs on Thunderbolt, by the system profiler.
pub(crate) fn thunderbolt(buses: &[Value], into: &mut Vec<Device>) {
    let mut open: Vec<&Value> = buses.iter().flat_map(|bus| bus.list("_items")).collect();
    while let Some(device) = open.pop() {
        open.extend(device.list("_items"));
        let Some(address) = device.owned("switch_uid_key") else { continue };
        into.push(Device {
            bus: "thunderbolt".into(),
            address,
            vendor: device.owned("vendor_name_key"),
            model: device.owned("device_name_key").or_else(|| device.owned("_name")),
            ..Device::default()
        });
    }
}

/// Sound devices of `SPAudioDataType`, and the names of those that are heard and recorded from by default.
pub(crate) fn sound(items: &[Value]) -> (Vec<SoundDevice>, Option<String>, Option<String>) {
    let (mut devices, mut output, mut input) = (Vec::new(), None, None);
    for device in items.iter().flat_map(|item| item.list("_items")) {
        let Some(name) = device.owned("_name") else { continue };
        let channels = |name: &str| device.number(name).is_some_and(|count| count > 0);
        let is = |name: &str| device.text(name) == Some("spaudio_yes");
        if is("coreaudio_default_audio_output_device") {
            output = Some(name.clone());
        }
        if is("coreaudio_default_audio_input_device") {
            input = Some(name.clone());
        }
        devices.push(SoundDevice {
            name,
            id: None,
            driver: None,
            plays: channels("coreaudio_device_output"),
            records: channels("coreaudio_device_input"),
        });
    }
    devices.sort_by(|a, b| (&a.name, a.plays, a.records).cmp(&(&b.name, b.plays, b.records)));
    (devices, output, input)
}

/// Cameras of `SPCameraDataType`.
pub(crate) fn cameras(items: &[Value]) -> Vec<Camera> {
    let camera = |camera: &Value| {
        let id = camera.owned("spcamera_unique-id");
        Some(Camera { name: camera.owned("_name")?, id, driver: None })
    };
    let mut cameras: Vec<_> = items.iter().filter_map(camera).collect();
    cameras.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    cameras
}

/// `output volume:50, input volume:75, alert volume:100, output muted:false`: volume and whether muted.
/// Devices without a control of their own tell `missing value`.
pub(crate) fn volume(text: &str) -> (Option<u32>, Option<bool>) {
    let after = |name: &str| {
        let rest = text.split_once(name)?.1;
        rest.split([',', '\n']).next().map(str::trim)
    };
    let percent = after("output volume:").and_then(|percent| percent.parse().ok());
    (percent, after("output muted:").and_then(|muted| muted.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(format!("<plist>{text}</plist>").as_bytes()).expect("a list")
    }

    #[test]
    fn devices_of_the_buses_are_read() {
        // macOS 13; shortened.
        let told = value(
            "<dict><key>IORegistryEntryName</key><string>Root</string><key>IORegistryEntryChildren</key><array><dict><key>IORegistryEntryName</key><string>AppleT8103USBXHCI@00000000</string><key>IORegistryEntryChildren</key><array><dict><key>USB Product Name</key><string>USB Receiver</string><key>USB Vendor Name</key><string>Logitech</string><key>idVendor</key><integer>1133</integer><key>idProduct</key><integer>50475</integer><key>locationID</key><integer>1048576</integer><key>bDeviceClass</key><integer>0</integer></dict></array></dict></array></dict>",
        );
        let mut devices = Vec::new();
        usb(&told, &mut devices);
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].address, "0x00100000");
        assert_eq!(devices[0].id.as_deref(), Some("046d:c52b"));
        let told = value(
            "<dict><key>vendor-id</key><data>axAAAA==</data><key>device-id</key><data>BSAAAA==</data><key>class-code</key><data>AggBAA==</data><key>pcidebug</key><string>3:0:0</string></dict>",
        );
        let device = pci(&told).expect("a device");
        assert_eq!((device.address.as_str(), device.id.as_deref()), ("3:0:0", Some("106b:2005")));
        assert_eq!(device.class.as_deref(), Some("nvme controller"));
    }

    #[test]
    fn sound_is_read() {
        let told = value(
            "<array><dict><key>_name</key><string>coreaudio_device</string><key>_items</key><array><dict><key>_name</key><string>MacBook Pro Microphone</string><key>coreaudio_default_audio_input_device</key><string>spaudio_yes</string><key>coreaudio_device_input</key><integer>1</integer></dict><dict><key>_name</key><string>MacBook Pro Speakers</string><key>coreaudio_default_audio_output_device</key><string>spaudio_yes</string><key>coreaudio_device_output</key><integer>2</integer></dict></array></dict></array>",
        );
        let (devices, output, input) = sound(told.items());
        assert!(devices[1].plays && devices[0].records && !devices[0].plays);
        assert_eq!(output.as_deref(), Some("MacBook Pro Speakers"));
        assert_eq!(input.as_deref(), Some("MacBook Pro Microphone"));
        let told = "output volume:44, input volume:75, alert volume:100, output muted:true\n";
        assert_eq!(volume(told), (Some(44), Some(true)));
        assert_eq!(volume("output volume:missing value, output muted:missing value"), (None, None));
    }
}
