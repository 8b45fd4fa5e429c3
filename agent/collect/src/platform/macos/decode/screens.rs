//! Graphics adapters and monitors, by the system profiler's `SPDisplaysDataType`.

use befund_model::section::devices::{Displays, GraphicsAdapter, Monitor};

use super::memory::size_of;
use super::plist::Value;

/// Reads both.
pub(crate) fn displays(items: &[Value]) -> Displays {
    let mut displays = Displays::default();
    for item in items {
        let Some(name) = item.owned("_name") else { continue };
        let vendor = item.text("spdisplays_vendor").map(maker);
        let device = item.text("spdisplays_device-id").and_then(hexadecimal);
        let ids = vendor.as_ref().and_then(|(_, id)| *id).zip(device);
        let memory = item.text("spdisplays_vram").and_then(size_of);
        displays.adapters.push(GraphicsAdapter {
            name: name.clone(),
            vendor: vendor.map(|(name, _)| name),
            model: item.owned("sppci_model"),
            id: ids.map(|(vendor, device)| format!("{vendor:04x}:{device:04x}")),
            driver: None,
            driver_version: None,
            memory_bytes: memory,
        });
        displays.monitors.extend(item.list("spdisplays_ndrvs").iter().filter_map(monitor));
    }
    displays.adapters.sort_by(|a, b| a.name.cmp(&b.name));
    displays.monitors.sort_by(|a, b| (&a.name, &a.serial).cmp(&(&b.name, &b.serial)));
    displays
}

/// `sppci_vendor_Apple`, `Intel`, `AMD (0x1002)`: the name, and the number if it is told.
fn maker(text: &str) -> (String, Option<u32>) {
    let text = text.strip_prefix("sppci_vendor_").unwrap_or(text);
    match text.split_once(" (") {
        Some((name, id)) => (name.to_owned(), hexadecimal(id.trim_end_matches(')'))),
        None => (text.to_owned(), None),
    }
}

fn hexadecimal(text: &str) -> Option<u32> {
    let digits = text.trim();
    u32::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).ok()
}

fn monitor(told: &Value) -> Option<Monitor> {
    let model = told.owned("_name");
    let id = told.owned("_spdisplays_displayID");
    let pixels =
        told.text("_spdisplays_pixels").or_else(|| told.text("spdisplays_pixelresolution"));
    let size = pixels.and_then(|pixels| {
        let (width, height) = pixels.split_once(" x ")?;
        let height = height.split(|letter: char| !letter.is_ascii_digit()).next()?;
        Some((width.trim().parse().ok()?, height.parse().ok()?))
    });
    let serial = ["spdisplays_display-serial-number", "_spdisplays_display-serial-number2"];
    let serial = serial.iter().find_map(|name| told.text(name));
    let year = told.number("_spdisplays_display-year").and_then(|year| u16::try_from(year).ok());
    Some(Monitor {
        name: format!("display{}", id.or_else(|| model.clone())?),
        vendor: told
            .text("_spdisplays_display-vendor-id")
            .and_then(hexadecimal)
            .and_then(|letters| u16::try_from(letters).ok())
            .and_then(letters),
        model,
        serial: serial.filter(|serial| !matches!(*serial, "0" | "00000000")).map(str::to_owned),
        made: year.filter(|year| (1990..2100).contains(year)),
        width_px: size.map(|(width, _)| width),
        height_px: size.map(|(_, height)| height),
        width_mm: None,
        height_mm: None,
        internal: told.text("spdisplays_connection_type") == Some("spdisplays_internal"),
    })
}

/// The three letters of a maker, five bits each (EDID 1.4, 3.4.1).
fn letters(number: u16) -> Option<String> {
    [10, 5, 0]
        .iter()
        .map(|shift| {
            let letter = u8::try_from(number >> shift & 31).ok()?;
            (1..=26).contains(&letter).then(|| char::from(b'A' + letter - 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_and_monitors_are_read() {
        // Apple silicon with macOS 13, and an Intel's second adapter.
        let text = "<plist><array><dict><key>_name</key><string>Apple M1 Pro</string><key>spdisplays_vendor</key><string>sppci_vendor_Apple</string><key>sppci_model</key><string>Apple M1 Pro</string><key>spdisplays_ndrvs</key><array><dict><key>_name</key><string>Color LCD</string><key>_spdisplays_display-vendor-id</key><string>610</string><key>_spdisplays_displayID</key><string>1</string><key>_spdisplays_pixels</key><string>3024 x 1964</string><key>spdisplays_connection_type</key><string>spdisplays_internal</string></dict><dict><key>_name</key><string>DELL U2720Q</string><key>_spdisplays_display-vendor-id</key><string>10ac</string><key>_spdisplays_displayID</key><string>2</string><key>_spdisplays_pixels</key><string>3840 x 2160 @ 60.00Hz</string><key>_spdisplays_display-year</key><string>2021</string><key>spdisplays_display-serial-number</key><string>ABC123</string></dict></array></dict><dict><key>_name</key><string>kHW_AMDRadeonPro5500MItem</string><key>spdisplays_vendor</key><string>AMD (0x1002)</string><key>spdisplays_device-id</key><string>0x7340</string><key>spdisplays_vram</key><string>4 GB</string></dict></array></plist>";
        let told = Value::parse(text.as_bytes()).expect("a list");
        let Displays { adapters, monitors } = displays(told.items());
        assert_eq!(adapters[0].vendor.as_deref(), Some("Apple"));
        assert_eq!(adapters[1].id.as_deref(), Some("1002:7340"));
        assert_eq!(adapters[1].memory_bytes, Some(4 << 30));
        assert_eq!((monitors[0].vendor.as_deref(), monitors[0].internal), (Some("APP"), true));
        assert_eq!((monitors[1].vendor.as_deref(), monitors[1].made), (Some("DEL"), Some(2021)));
        assert_eq!((monitors[1].width_px, monitors[1].height_px), (Some(3840), Some(2160)));
    }
}
