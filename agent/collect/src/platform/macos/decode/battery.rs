//! The battery, as `AppleSmartBattery` in the registry of devices tells of it.

use befund_model::section::devices::Temperature;
use befund_model::section::hardware::{Battery, BatteryState};

use super::plist::Value;

/// The system's name for the one that there is.
const NAME: &str = "InternalBattery-0";

/// The battery as it was built; `None` if none is put in.
pub(crate) fn built(entry: &Value) -> Option<Battery> {
    is_in(entry)?;
    Some(Battery {
        name: NAME.into(),
        vendor: entry.owned("Manufacturer").or_else(|| nested(entry)?.owned("Manufacturer")),
        model: entry.owned("DeviceName"),
        serial: entry.owned("Serial").or_else(|| entry.owned("BatterySerialNumber")),
        technology: None,
        // The registry tells of charge (mAh) and of no voltage that it was built for.
        design_mwh: None,
    })
}

/// The battery as it is, and whether a power supply is plugged in.
pub(crate) fn state(entry: &Value) -> Option<(BatteryState, Option<bool>)> {
    is_in(entry)?;
    let mains = entry.flag("ExternalConnected");
    let status = match (entry.flag("FullyCharged"), entry.flag("IsCharging"), mains) {
        (Some(true), _, Some(true)) => Some("full"),
        (_, Some(true), _) => Some("charging"),
        (_, Some(false), Some(true)) => Some("not charging"),
        (_, _, Some(false)) => Some("discharging"),
        _ => None,
    };
    // Apple silicon tells both in percent, Intel both in mAh.
    let charge = percent(entry.size("CurrentCapacity"), entry.size("MaxCapacity"));
    let design = entry.size("DesignCapacity").or_else(|| nested(entry)?.size("DesignCapacity"));
    // `MaxCapacity` is 100 on Apple silicon, which is no charge.
    let full = entry
        .size("AppleRawMaxCapacity")
        .or_else(|| entry.size("MaxCapacity").filter(|charge| *charge > 100));
    let state = BatteryState {
        name: NAME.into(),
        status: status.map(str::to_owned),
        charge_percent: charge.map(|percent| percent.min(100)),
        full_mwh: None,
        health_percent: percent(full, design),
        cycles: entry.size("CycleCount").and_then(|count| count.try_into().ok()),
    };
    Some((state, mains))
}

/// How warm it is, which the registry tells in hundredths of a degree Celsius.
pub(crate) fn temperature(entry: &Value) -> Option<Temperature> {
    is_in(entry)?;
    let hundredths = entry.number("Temperature")?;
    (-5_000..15_000).contains(&hundredths).then(|| Temperature {
        chip: "battery".into(),
        name: NAME.into(),
        celsius: hundredths as f64 / 100.0,
        high: None,
        critical: None,
    })
}

/// Newer versions keep some of it one floor down.
fn nested(entry: &Value) -> Option<&Value> {
    entry.get("BatteryData")
}

fn is_in(entry: &Value) -> Option<()> {
    entry.flag("BatteryInstalled").unwrap_or(true).then_some(())
}

fn percent(of: Option<u64>, all: Option<u64>) -> Option<u32> {
    let (of, all) = (of?, all.filter(|all| *all > 0)?);
    u32::try_from(of.checked_mul(100)? / all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Value {
        let whole = format!("<plist><dict>{text}</dict></plist>");
        Value::parse(whole.as_bytes()).expect("a list")
    }

    #[test]
    fn batteries_of_both_kinds_are_read() {
        // Apple silicon, macOS 14.
        let m1 = entry(
            "<key>AppleRawMaxCapacity</key><integer>5103</integer><key>MaxCapacity</key><integer>100</integer><key>CurrentCapacity</key><integer>81</integer><key>DesignCapacity</key><integer>6075</integer><key>CycleCount</key><integer>212</integer><key>ExternalConnected</key><true/><key>IsCharging</key><false/><key>FullyCharged</key><false/><key>Temperature</key><integer>3045</integer><key>Serial</key><string>F5D1234</string>",
        );
        let (state, mains) = state(&m1).expect("a battery");
        assert_eq!((state.status.as_deref(), mains), (Some("not charging"), Some(true)));
        assert_eq!((state.charge_percent, state.health_percent), (Some(81), Some(84)));
        assert_eq!(temperature(&m1).map(|told| told.celsius), Some(30.45));
        // Intel, macOS 10.15.
        let intel = entry(
            "<key>MaxCapacity</key><integer>4000</integer><key>CurrentCapacity</key><integer>2000</integer><key>DesignCapacity</key><integer>8000</integer><key>ExternalConnected</key><false/><key>IsCharging</key><false/><key>BatteryInstalled</key><true/><key>Manufacturer</key><string>SMP</string>",
        );
        let (state, _) = super::state(&intel).expect("a battery");
        assert_eq!(state.status.as_deref(), Some("discharging"));
        assert_eq!((state.charge_percent, state.health_percent), (Some(50), Some(50)));
        assert!(built(&entry("<key>BatteryInstalled</key><false/>")).is_none());
    }
}
