//! `devices.unblock`: the software block of a camera or microphone removed: a USB device that was barred, the
//! switch of a laptop's driver, a capture channel that is off.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const USB: &str = "/sys/bus/usb/devices";
/// Documentation/ABI/testing/sysfs-platform-ideapad-laptop of the kernel.
const IDEAPAD: &str = "/sys/bus/platform/drivers/ideapad_acpi";
/// USB classes (usb.org, "Defined Class Codes"): audio, video.
const AUDIO: &str = "01";
const VIDEO: &str = "0e";

/// What was blocked, and is blocked again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Blocked {
    /// Files of the kernel that say 0, and are to say 1.
    files: Vec<String>,
    /// Cards of ALSA whose capture channel is off.
    cards: Vec<u32>,
}

fn look(context: &Context<'_>, device: &str) -> Outcome<Blocked> {
    let root = context.root;
    let class = if device == "camera" { VIDEO } else { AUDIO };
    let mut blocked = Blocked::default();
    let is_off = |path: &str| root.line(path).as_deref() == Some("0");
    let usb = root.names(USB);
    for name in &usb {
        let path = format!("{USB}/{name}/authorized");
        // An interface is `DEVICE:CONFIGURATION.NUMBER`. A device that is barred has none, and may be of any
        // kind: it is freed if its own class says what it is, or if one of its interfaces is barred.
        let shown = root.line(&format!("{USB}/{name}/bInterfaceClass"));
        let shown = shown.or_else(|| root.line(&format!("{USB}/{name}/bDeviceClass")));
        if shown.as_deref() == Some(class) && is_off(&path) {
            blocked.files.push(path);
        }
    }
    if device == "camera" {
        for name in root.names(IDEAPAD) {
            let path = format!("{IDEAPAD}/{name}/camera_power");
            if is_off(&path) {
                blocked.files.push(path);
            }
        }
    } else if let Some(amixer) = context.programs.find("amixer") {
        for card in cards(context) {
            let asked = context.ask(&amixer, &["-c", &card.to_string(), "sget", "Capture"])?;
            if asked.is_ok() && is_switched_off(&asked.text) {
                blocked.cards.push(card);
            }
        }
    }
    Ok(blocked)
}

fn cards(context: &Context<'_>) -> Vec<u32> {
    let names = context.root.names("/proc/asound");
    names.iter().filter_map(|name| name.strip_prefix("card")?.parse().ok()).collect()
}

/// Whether amixer says that a channel is off: every line that tells of a switch says `[off]`.
pub(super) fn is_switched_off(text: &str) -> bool {
    let has = |word: &str| text.lines().any(|line| line.trim_end().ends_with(word));
    has("[off]") && !has("[on]")
}

pub(super) fn plan(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let device = parameters.needed("device")?;
    let blocked = look(context, device)?;
    let mut lines: Vec<String> =
        blocked.files.iter().map(|path| format!("write 1 to {path}")).collect();
    lines.extend(blocked.cards.iter().map(|card| format!("switch on what card {card} records")));
    if lines.is_empty() {
        return Ok(Plan::already(format!(
            "no block of a {device} that software could remove was found"
        )));
    }
    Plan::changes(lines, "").noting(blocked)
}

pub(super) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let device = parameters.needed("device")?;
    set(context, &noted(&plan.before)?, "1", "cap")?;
    Ok(format!("the block of the {device} was removed"))
}

pub(super) fn undo(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let device = parameters.needed("device")?;
    set(context, &noted(before)?, "0", "nocap")?;
    Ok(format!("the {device} is blocked as before"))
}

fn set(context: &Context<'_>, blocked: &Blocked, to: &str, channel: &str) -> Outcome<()> {
    for path in &blocked.files {
        // It comes back from the journal: files of these folders, and no others.
        let known = [USB, IDEAPAD].iter().any(|folder| path.starts_with(folder));
        if !known || path.contains("..") {
            return Err(Trouble::failed(format!("{path} is no switch of a device")));
        }
        context
            .root
            .write(path, to.as_bytes())
            .map_err(|error| Trouble::io(format_args!("write {to} to {path}"), &error))?;
    }
    for card in &blocked.cards {
        let amixer = context.program("amixer")?;
        context.must(&amixer, &["-c", &card.to_string(), "sset", "Capture", channel])?;
    }
    Ok(())
}
