//! What is plugged in: devices and their drivers, screens, sound, cameras, printers, sensors.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;
use crate::redaction::Redacted;

/// Section `devices`: what is attached, each with its driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Devices {
    /// The devices, sorted by bus and address.
    pub devices: Vec<Device>,
}

/// A device on one of the machine's buses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// `pci`, `usb` or `thunderbolt`.
    pub bus: String,
    /// Its place on the bus, in the system's words (`0000:00:1f.3`, `1-4.2`); the same as long as it is
    /// plugged in at the same place.
    pub address: String,
    /// What it is, by the class code that it carries (`ethernet controller`, `mass storage`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The numbers of maker and model, four hexadecimal digits each (`8086:a0c8`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its serial number; absent if the maker filled in a placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The driver that has it; several, sorted and with commas between them, where each has a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Why it does not work (`no driver`, `disabled`, `firmware missing`, `not configured`, `not authorized`;
    /// Windows: the problem code in words), if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Section `displays`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Displays {
    /// The graphics adapters, sorted by name.
    pub adapters: Vec<GraphicsAdapter>,
    /// The monitors that are connected, sorted by name.
    pub monitors: Vec<Monitor>,
}

/// What draws the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphicsAdapter {
    /// The system's name for it (`card0`, `\\\\.\\DISPLAY1`).
    pub name: String,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The numbers of maker and model, as in `devices`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The driver's version, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<String>,
    /// Memory of its own, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// A monitor, as it describes itself (EDID).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Monitor {
    /// Where it is plugged in (`card0-HDMI-A-1`).
    pub name: String,
    /// Its maker's three letters (`DEL`), as the UEFI forum registers them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The year in which it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<u16>,
    /// The width that it prefers, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// The height that it prefers, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// The width of its picture, in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_mm: Option<u32>,
    /// The height of its picture, in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_mm: Option<u32>,
    /// Whether it is built into the machine.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
}

/// Section `media`: sound and cameras as they are built in or plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// The sound devices, sorted by name.
    pub sound: Vec<SoundDevice>,
    /// The cameras, sorted by name.
    pub cameras: Vec<Camera>,
}

/// A sound card, or one end of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoundDevice {
    /// Its name for people (`HDA Intel PCH`).
    pub name: String,
    /// The system's name for it (`card0`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Whether something can be heard through it.
    pub plays: bool,
    /// Whether it has a microphone's input.
    pub records: bool,
}

/// A camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Camera {
    /// Its name for people (`Integrated Camera`).
    pub name: String,
    /// The system's name for it (`video0`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// Section `media.state`: what sound goes through, and who has the camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaState {
    /// What mixes sound (`pipewire`, `pulseaudio`, `windows audio`), if it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The device that is heard by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether that is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_muted: Option<bool>,
    /// Its volume in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_percent: Option<u32>,
    /// The microphone by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Whether that is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_muted: Option<bool>,
    /// Devices that a program has open, sorted by device and program.
    #[serde(skip_serializing_if = "absent")]
    pub busy: Vec<MediaUse>,
    /// What the system's privacy settings keep from programs (`microphone`, `camera`), sorted.
    #[serde(skip_serializing_if = "absent")]
    pub denied: Vec<String>,
}

/// A device in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaUse {
    /// The system's name for it (`video0`).
    pub device: String,
    /// The program's name.
    pub program: String,
}

/// Section `printers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Printers {
    /// The print queues, sorted by name.
    pub printers: Vec<Printer>,
}

/// A print queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Printer {
    /// Its name.
    pub name: String,
    /// The printer's maker and model, or the driver's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Where it prints to (`ipp://…`, a port's name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<Redacted>,
    /// Where it stands, in the words of whoever set it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whether it is the default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// Whether other machines may print through this one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// Section `printers.state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrintersState {
    /// Whether the print service runs: `active`, `inactive`, `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The queues, sorted by name.
    pub printers: Vec<PrinterState>,
}

/// A print queue as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrinterState {
    /// Its name.
    pub name: String,
    /// `idle`, `printing` or `stopped` (RFC 8011, 5.4.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why, in IPP's words (`toner-low`, `offline`, `media-empty`), sorted.
    #[serde(skip_serializing_if = "absent")]
    pub reasons: Vec<String>,
    /// What the print service, or whoever stopped the queue, says of it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Redacted>,
    /// Whether it takes jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepting: Option<bool>,
    /// How many jobs wait or print.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u32>,
    /// How many of them are held back, by somebody or until somebody signs in for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<u32>,
    /// Since when the oldest of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_job_at: Option<Timestamp>,
}

/// Section `sensors`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sensors {
    /// Temperatures, sorted by chip and name.
    pub temperatures: Vec<Temperature>,
    /// Fans, sorted by chip and name.
    #[serde(skip_serializing_if = "absent")]
    pub fans: Vec<Fan>,
}

/// A temperature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Temperature {
    /// What measures it (`coretemp`, `nvme`, `acpitz`).
    pub chip: String,
    /// What it is of (`Package id 0`, `Composite`).
    pub name: String,
    /// How warm it is, in degrees Celsius.
    pub celsius: f64,
    /// From where on the maker calls it too warm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where the machine switches itself off or damage begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
}

/// A fan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fan {
    /// What measures it.
    pub chip: String,
    /// Which one.
    pub name: String,
    /// Revolutions a minute.
    pub rpm: u32,
}
