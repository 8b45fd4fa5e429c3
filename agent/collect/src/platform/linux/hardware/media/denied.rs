//! What keeps programs away from microphone and camera: switches of laptops as far as their drivers
//! tell, the desktop's settings where the machine's owner has locked them, and modules that are barred.

use std::collections::BTreeSet;

use crate::collector::Context;

/// `camera`, `microphone`.
pub(super) fn denied(cx: &Context) -> Vec<String> {
    let mut denied = BTreeSet::new();
    switches(cx, &mut denied);
    desktop(cx, &mut denied);
    barred(cx, &mut denied);
    denied.into_iter().map(str::to_owned).collect()
}

/// Documentation/ABI/testing/sysfs-platform-ideapad-laptop and sysfs-platform-dell-privacy-wmi of the
/// kernel.
fn switches(cx: &Context, denied: &mut BTreeSet<&'static str>) {
    const IDEAPAD: &str = "/sys/bus/platform/drivers/ideapad_acpi";
    const DELL: &str = "/sys/bus/wmi/drivers/dell-privacy";
    for device in cx.root.list(IDEAPAD).unwrap_or_default() {
        let power = cx.root.line(&format!("{IDEAPAD}/{device}/camera_power")).ok().flatten();
        if power.as_deref() == Some("0") {
            denied.insert("camera");
        }
    }
    for device in cx.root.list(DELL).unwrap_or_default() {
        let state = cx.root.text(&format!("{DELL}/{device}/dell_privacy_current_state"));
        for line in state.unwrap_or_default().lines() {
            // `[Microphone] [muted]`, `[Camera Shutter] [unmuted]`.
            let line = line.to_ascii_lowercase();
            if !line.contains("[muted]") {
                continue;
            }
            if line.contains("microphone") {
                denied.insert("microphone");
            } else if line.contains("camera") {
                denied.insert("camera");
            }
        }
    }
}

/// GNOME's privacy settings in the machine's own key files; those of a person are in a database.
fn desktop(cx: &Context, denied: &mut BTreeSet<&'static str>) {
    const DATABASES: &str = "/etc/dconf/db";
    for database in cx.root.list(DATABASES).unwrap_or_default() {
        if !database.ends_with(".d") {
            continue;
        }
        let folder = format!("{DATABASES}/{database}");
        for file in cx.root.list(&folder).unwrap_or_default() {
            let text = cx.root.text(&format!("{folder}/{file}")).unwrap_or_default();
            let mut privacy = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with('[') {
                    privacy = line == "[org/gnome/desktop/privacy]";
                } else if privacy && line.ends_with("true") {
                    if line.starts_with("disable-camera") {
                        denied.insert("camera");
                    } else if line.starts_with("disable-microphone") {
                        denied.insert("microphone");
                    }
                }
            }
        }
    }
}

/// The module of all USB cameras, barred in modprobe's configuration and not there (modprobe.d(5)).
fn barred(cx: &Context, denied: &mut BTreeSet<&'static str>) {
    if cx.root.exists("/sys/module/uvcvideo") {
        return;
    }
    for folder in ["/etc/modprobe.d", "/run/modprobe.d"] {
        for file in cx.root.list(folder).unwrap_or_default() {
            let text = cx.root.text(&format!("{folder}/{file}")).unwrap_or_default();
            let bars = |line: &str| {
                let words: Vec<&str> = line.split_ascii_whitespace().collect();
                match words.as_slice() {
                    ["blacklist", "uvcvideo"] => true,
                    ["install", "uvcvideo", program, ..] => {
                        program.ends_with("/false") || program.ends_with("/true")
                    }
                    _ => false,
                }
            };
            if file.ends_with(".conf") && text.lines().any(bars) {
                denied.insert("camera");
            }
        }
    }
}
