//! Batteries and temperatures. Most sensors of a Mac only a driver of Apple's can read, and none of them is
//! told by a program that does not need minutes: what is left are those of battery and disks.

use befund_model::section::devices::{Sensors, Temperature};
use befund_model::section::hardware::{Batteries, BatteriesState};

use super::disks;
use crate::collector::{Context, Gap};
use crate::platform::macos::asked::registry;
use crate::platform::macos::decode::battery;

const CLASS: &str = "AppleSmartBattery";

fn none() -> Gap {
    Gap::unsupported("the registry of devices has no AppleSmartBattery")
}

/// Section `batteries`.
pub(super) fn batteries(cx: &Context) -> Result<Batteries, Gap> {
    let entries = registry(cx, CLASS, "1")?;
    let batteries: Vec<_> = entries.iter().filter_map(battery::built).collect();
    if batteries.is_empty() { Err(none()) } else { Ok(Batteries { batteries }) }
}

/// Section `batteries.state`.
pub(super) fn state(cx: &Context) -> Result<BatteriesState, Gap> {
    let entries = registry(cx, CLASS, "1")?;
    let (batteries, mains): (Vec<_>, Vec<_>) = entries.iter().filter_map(battery::state).unzip();
    if batteries.is_empty() {
        return Err(none());
    }
    Ok(BatteriesState { on_mains: mains.into_iter().flatten().next(), batteries })
}

/// Section `sensors`.
pub(super) fn sensors(cx: &Context) -> Result<Sensors, Gap> {
    let entries = cx.note(registry(cx, CLASS, "1")).unwrap_or_default();
    let mut temperatures: Vec<_> = entries.iter().filter_map(battery::temperature).collect();
    let disks = cx.note(disks::health(cx)).map(|health| health.disks).unwrap_or_default();
    temperatures.extend(disks.into_iter().filter_map(|disk| {
        let celsius = f64::from(disk.celsius?);
        Some(Temperature {
            chip: "nvme".into(),
            name: disk.name,
            celsius,
            ..Temperature::default()
        })
    }));
    if temperatures.is_empty() {
        return Err(Gap::unsupported("neither a battery nor a disk tells how warm it is"));
    }
    temperatures.sort_by(|a, b| (&a.chip, &a.name).cmp(&(&b.chip, &b.name)));
    Ok(Sensors { temperatures, fans: Vec::new() })
}
