//! Batteries and mains: `/sys/class/power_supply`.

use befund_model::section::hardware::{Batteries, BatteriesState, Battery, BatteryState};

use crate::collector::{Context, Gap};

use super::dmi::said;

const SUPPLIES: &str = "/sys/class/power_supply";

/// Section `batteries`.
pub(crate) fn batteries(cx: &Context) -> Result<Batteries, Gap> {
    let battery = |name: String| {
        let said = |field: &str| {
            cx.line(&format!("{SUPPLIES}/{name}/{field}")).and_then(|value| said(&value))
        };
        Battery {
            vendor: said("manufacturer"),
            model: said("model_name"),
            serial: said("serial_number"),
            technology: said("technology"),
            design_mwh: energy(cx, &name, "full_design"),
            name,
        }
    };
    Ok(Batteries { batteries: names(cx)?.into_iter().map(battery).collect() })
}

/// Section `batteries.state`.
pub(crate) fn state(cx: &Context) -> Result<BatteriesState, Gap> {
    let battery = |name: String| {
        let number =
            |field: &str| number(cx, &name, field).and_then(|value| u32::try_from(value).ok());
        let full_mwh = energy(cx, &name, "full");
        let design = energy(cx, &name, "full_design").filter(|design| *design > 0);
        BatteryState {
            status: cx
                .line(&format!("{SUPPLIES}/{name}/status"))
                .map(|status| status.to_lowercase()),
            charge_percent: number("capacity"),
            full_mwh,
            health_percent: full_mwh
                .zip(design)
                .and_then(|(full, design)| u32::try_from(full * 100 / design).ok()),
            // Zero is what drivers say that do not count.
            cycles: number("cycle_count").filter(|cycles| *cycles > 0),
            name,
        }
    };
    let mains = cx.root.list(SUPPLIES)?.into_iter().filter(|name| kind(cx, name) == "Mains");
    let online: Vec<bool> =
        mains.filter_map(|name| Some(number(cx, &name, "online")? == 1)).collect();
    let on_mains = (!online.is_empty()).then(|| online.contains(&true));
    Ok(BatteriesState { on_mains, batteries: names(cx)?.into_iter().map(battery).collect() })
}

/// The machine's own batteries; those of mice and headsets say so in their scope.
fn names(cx: &Context) -> Result<Vec<String>, Gap> {
    let mut names = cx.root.list(SUPPLIES)?;
    let scope = |name: &str| cx.line(&format!("{SUPPLIES}/{name}/scope"));
    names.retain(|name| kind(cx, name) == "Battery" && scope(name).as_deref() != Some("Device"));
    Ok(names)
}

fn kind(cx: &Context, name: &str) -> String {
    cx.line(&format!("{SUPPLIES}/{name}/type")).unwrap_or_default()
}

/// In milliwatt hours: as energy in microwatt hours, or as charge in microampere hours times the
/// voltage that the battery was built for.
fn energy(cx: &Context, name: &str, what: &str) -> Option<u64> {
    if let Some(uwh) = number(cx, name, &format!("energy_{what}")) {
        return Some(uwh / 1000);
    }
    let uah = number(cx, name, &format!("charge_{what}"))?;
    let uv = number(cx, name, "voltage_min_design")?;
    u64::try_from(u128::from(uah) * u128::from(uv) / 1_000_000_000).ok()
}

fn number(cx: &Context, name: &str, field: &str) -> Option<u64> {
    // Drivers answer with all kinds of errors while a battery is being changed.
    cx.root.number(&format!("{SUPPLIES}/{name}/{field}")).ok().flatten()
}
