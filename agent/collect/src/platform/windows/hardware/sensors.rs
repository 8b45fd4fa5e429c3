//! Temperatures, as far as the firmware tells Windows any: ACPI's thermal zones.

use befund_model::section::devices::{Sensors, Temperature};

use super::super::wmi::Wmi;
use crate::collector::{Context, Gap};

/// Section `sensors`.
pub(crate) fn sensors(cx: &Context) -> Result<Sensors, Gap> {
    const QUERY: &str = "SELECT InstanceName, CurrentTemperature, CriticalTripPoint \
        FROM MSAcpi_ThermalZoneTemperature";
    let rows = Wmi::open(cx, r"root\wmi")?.query(cx, QUERY)?;
    let mut temperatures: Vec<Temperature> = rows
        .iter()
        .filter_map(|row| {
            Some(Temperature {
                chip: "acpi".into(),
                name: row.text("InstanceName")?,
                celsius: celsius(row.number("CurrentTemperature")?)?,
                high: None,
                critical: row.number("CriticalTripPoint").and_then(celsius),
            })
        })
        .collect();
    if temperatures.is_empty() {
        return Err(Gap::unsupported("the firmware tells Windows of no thermal zone"));
    }
    temperatures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Sensors { temperatures, fans: Vec::new() })
}

/// Tenths of Kelvin; zones that measure nothing say zero or what cannot be.
fn celsius(tenths: u64) -> Option<f64> {
    let tenths = u32::try_from(tenths).ok().filter(|tenths| (2_332..=4_232).contains(tenths))?;
    Some(f64::from(i32::try_from(tenths).ok()? - 2_732) / 10.0)
}
