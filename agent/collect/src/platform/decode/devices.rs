//! Devices: their places, numbers, and what is wrong with them.

/// A place on the PCI bus, out of `@System32\drivers\pci.sys,#65536;PCI bus %1, device %2, function
/// %3;(0,31,3)`, whose words are in the system's language, or `PCI bus 0, device 31, function 3`; in
/// the form of other systems. USB's places (`Port_#0004.Hub_#0001`) stay as they are.
pub(crate) fn location(text: &str) -> Option<String> {
    if let Some(numbers) = text.rsplit_once(";(").and_then(|(_, rest)| rest.strip_suffix(')')) {
        let numbers: Vec<u32> =
            numbers.split(',').map_while(|number| number.trim().parse().ok()).collect();
        return address(&numbers);
    }
    if text.starts_with("PCI") {
        let words = text.split(|letter: char| !letter.is_ascii_digit());
        let numbers: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
        return address(&numbers);
    }
    let text = text.trim();
    (!text.is_empty() && !text.starts_with('@')).then(|| text.to_owned())
}

fn address(numbers: &[u32]) -> Option<String> {
    let &[bus, device, function] = numbers else { return None };
    Some(format!("0000:{bus:02x}:{device:02x}.{function}"))
}

/// The numbers of maker and model in a device's name: `VEN_8086&DEV_A0C8`, `VID_046D&PID_C52B`.
pub(crate) fn numbers(id: &str) -> Option<String> {
    let id = id.to_ascii_lowercase();
    let after = |label: &str| {
        let (_, rest) = id.split_once(label)?;
        let digits = rest.get(..4)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| digits.to_owned())
    };
    let maker = after("ven_").or_else(|| after("vid_"))?;
    let model = after("dev_").or_else(|| after("pid_"))?;
    Some(format!("{maker}:{model}"))
}

/// The serial number of a USB device: the last part of its name, unless Windows has made it up, which
/// shows in its ampersands.
pub(crate) fn serial(id: &str) -> Option<String> {
    let mut parts = id.split('\\');
    let bus = parts.next()?;
    let last = parts.nth(1)?;
    let own = bus.eq_ignore_ascii_case("USB") && !last.contains('&');
    if own { crate::smbios::said(last) } else { None }
}

/// Windows' classes in the words of other systems, where there is one.
pub(crate) fn class(class: &str) -> String {
    match class {
        "Net" => "network controller",
        "Display" => "display controller",
        "MEDIA" | "Media" | "AudioEndpoint" => "audio",
        "USB" => "usb controller",
        "HDC" | "SCSIAdapter" => "storage controller",
        "DiskDrive" => "mass storage",
        "Bluetooth" => "bluetooth",
        "Camera" | "Image" => "camera",
        "HIDClass" | "Keyboard" | "Mouse" => "input",
        "Printer" => "printer",
        "Ports" => "serial port",
        "SmartCardReader" => "smart card reader",
        "Biometric" => "fingerprint reader",
        "Battery" => "battery",
        "Monitor" => "monitor",
        "Processor" => "processor",
        "System" => "system device",
        other => return other.to_lowercase(),
    }
    .to_owned()
}

/// Whether a driver's file was copied beside Windows' own (`oem12.inf`).
pub(crate) fn added(file: &str) -> bool {
    let file = file.to_ascii_lowercase();
    let number = file.strip_prefix("oem").and_then(|rest| rest.strip_suffix(".inf"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A problem in words, by the numbers of the device manager (`CM_PROB_…` of cfg.h).
pub(crate) fn problem(code: u32) -> String {
    let words = match code {
        1 => "not configured",
        3 => "driver damaged or out of memory",
        9 | 16 => "not identified",
        10 => "cannot start",
        12 => "not enough free resources",
        14 => "needs a restart",
        18 => "driver has to be installed again",
        19 => "its registry entry is damaged",
        21 => "being removed",
        22 => "disabled",
        24 => "not there or not working",
        28 => "no driver",
        29 => "disabled by the firmware",
        31 => "driver does not work",
        32 => "its driver is disabled",
        33 => "resources could not be determined",
        35 => "the firmware is too old for it",
        36 => "needs another interrupt",
        37 => "driver did not start",
        38 => "an earlier driver is still loaded",
        39 => "driver damaged or missing",
        40 => "the driver's registry entry is damaged",
        41 => "not found by its driver",
        42 => "there is one of the same name",
        43 => "stopped because it reported problems",
        44 => "stopped by a program",
        45 => "not connected",
        46 | 47 => "about to be removed",
        48 => "driver blocked as harmful",
        49 => "the registry is too large",
        50 => "waits for another device's settings",
        51 => "waits for another device",
        52 => "driver not signed",
        53 => "reserved for the debugger",
        54 => "failed and is being reset",
        55 | 56 => "blocked by a policy",
        _ => return format!("problem code {code}"),
    };
    format!("{words} (code {code})")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_numbers_and_problems_are_read() {
        let text = r"@System32\drivers\pci.sys,#65536;PCI-Bus %1, Gerät %2, Funktion %3;(0,31,3)";
        assert_eq!(location(text).as_deref(), Some("0000:00:1f.3"));
        assert_eq!(location("PCI bus 2, device 0, function 1").as_deref(), Some("0000:02:00.1"));
        assert_eq!(location("Port_#0004.Hub_#0001").as_deref(), Some("Port_#0004.Hub_#0001"));
        assert_eq!(
            numbers(r"PCI\VEN_8086&DEV_A0C8&SUBSYS_1&REV_20\3&11583659&0&FB").as_deref(),
            Some("8086:a0c8")
        );
        assert_eq!(numbers(r"USB\VID_046D&PID_C52B\5&1").as_deref(), Some("046d:c52b"));
        assert_eq!(numbers(r"ACPI\PNP0303\4&1"), None);
        assert_eq!(serial(r"USB\VID_0781&PID_5581\4C530001234"), Some("4C530001234".into()));
        assert_eq!(serial(r"USB\VID_046D&PID_C52B\5&2c4f1a2&0&3"), None);
        assert_eq!(problem(28), "no driver (code 28)");
        assert_eq!(problem(99), "problem code 99");
        assert!(added("oem12.inf"));
        assert!(!added("netrtx.inf"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = (location(&text), numbers(&text), serial(&text), class(&text), added(&text));
        }
    }
}
