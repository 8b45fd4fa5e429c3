//! Batteries: device control on the interfaces of their class, and whether the machine hangs on the mains.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::hardware::{Batteries, BatteriesState, Battery, BatteryState};
use windows::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows::Win32::System::Power::{
    GUID_DEVICE_BATTERY, GetSystemPowerStatus, IOCTL_BATTERY_QUERY_INFORMATION,
    IOCTL_BATTERY_QUERY_STATUS, IOCTL_BATTERY_QUERY_TAG, SYSTEM_POWER_STATUS,
};

use super::super::win32::{self, Open};
use super::plugged::interfaces;
use crate::collector::{Context, Gap};
use crate::platform::decode::battery as decode;

/// Levels of `BATTERY_QUERY_INFORMATION_LEVEL`.
const INFORMATION: u32 = 0;
const DEVICE_NAME: u32 = 4;
const MANUFACTURER: u32 = 6;
const SERIAL: u32 = 8;

/// A battery that is in its place.
struct Placed {
    name: String,
    open: Open,
    tag: u32,
}

impl Placed {
    fn ask(&self, level: u32, room: usize) -> Option<Vec<u8>> {
        let query = [self.tag, level, 0].map(u32::to_le_bytes).concat();
        win32::control(&self.open, IOCTL_BATTERY_QUERY_INFORMATION, &query, room).ok()
    }

    fn text(&self, level: u32) -> Option<String> {
        let bytes = self.ask(level, 512)?;
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        crate::smbios::said(&win32::text(&units))
    }

    fn information(&self) -> Option<decode::Information> {
        decode::information(&self.ask(INFORMATION, 36)?)
    }
}

/// The batteries, named in the order in which the system lists them.
fn placed(cx: &Context) -> Result<Vec<Placed>, Gap> {
    let mut paths = interfaces(&GUID_DEVICE_BATTERY)?;
    paths.sort_unstable();
    let mut batteries = Vec::new();
    for path in paths {
        cx.root.trail().at(&path);
        let open = match win32::device(&path, GENERIC_READ.0 | GENERIC_WRITE.0) {
            Ok(open) => open,
            Err(error) => {
                cx.gap(win32::gap("CreateFile of a battery", &error));
                continue;
            }
        };
        // How long to wait for one to be put in: not at all. Without one there is no tag.
        let tag = win32::control(&open, IOCTL_BATTERY_QUERY_TAG, &0_u32.to_le_bytes(), 4);
        let tag = tag.ok().and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
        if let Some(tag) = tag.filter(|tag| *tag != 0) {
            let name = format!("BAT{}", batteries.len());
            batteries.push(Placed { name, open, tag });
        }
    }
    Ok(batteries)
}

/// Section `batteries`.
pub(crate) fn batteries(cx: &Context) -> Result<Batteries, Gap> {
    let battery = |placed: Placed| {
        let told = placed.information();
        // Those of mice and of power supplies are not the machine's.
        let own = told.as_ref().is_none_or(|told| told.of_the_system);
        own.then(|| Battery {
            vendor: placed.text(MANUFACTURER),
            model: placed.text(DEVICE_NAME),
            serial: placed.text(SERIAL),
            technology: told.as_ref().and_then(|told| told.chemistry.clone()),
            design_mwh: told.and_then(|told| told.design_mwh),
            name: placed.name,
        })
    };
    Ok(Batteries { batteries: placed(cx)?.into_iter().filter_map(battery).collect() })
}

/// Section `batteries.state`.
pub(crate) fn state(cx: &Context) -> Result<BatteriesState, Gap> {
    let mut power = SYSTEM_POWER_STATUS::default();
    // SAFETY: there is room for the answer.
    let asked = unsafe { GetSystemPowerStatus(&raw mut power) };
    let known = cx.note(asked.map_err(|error| win32::gap("GetSystemPowerStatus", &error)));
    let on_mains = match (known, power.ACLineStatus) {
        (Some(()), 0) => Some(false),
        (Some(()), 1) => Some(true),
        _ => None,
    };
    let battery = |placed: Placed| {
        let told = placed.information();
        // A tag, and four numbers that mean: answer at once.
        let query = [placed.tag, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
        let status = win32::control(&placed.open, IOCTL_BATTERY_QUERY_STATUS, &query, 16).ok();
        let status = status.and_then(|bytes| decode::status(&bytes));
        let full = told.as_ref().and_then(|told| told.full_mwh);
        let design = told.as_ref().and_then(|told| told.design_mwh);
        let share = |part: u64, whole: u64| u32::try_from(part * 100 / whole.max(1)).ok();
        BatteryState {
            status: status.as_ref().map(|status| status.words.to_owned()),
            charge_percent: status
                .and_then(|status| status.capacity_mwh)
                .zip(full)
                .and_then(|(now, full)| share(now, full))
                .map(|percent| percent.min(100)),
            full_mwh: full,
            health_percent: full.zip(design).and_then(|(full, design)| share(full, design)),
            cycles: told.and_then(|told| told.cycles),
            name: placed.name,
        }
    };
    let mut placed = placed(cx)?;
    placed.retain(|placed| placed.information().is_none_or(|told| told.of_the_system));
    Ok(BatteriesState { on_mains, batteries: placed.into_iter().map(battery).collect() })
}
