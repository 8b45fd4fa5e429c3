//! Wi-Fi.

use befund_model::section::network::{Wifi, WifiNetworks};

use super::interfaces::ports;
use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, profiled};
use crate::platform::macos::decode::ifconfig::is_wireless;
use crate::platform::macos::decode::wifi::{self, Told};
use crate::platform::macos::ms;

fn told(cx: &Context) -> Result<Vec<Told>, Gap> {
    // Only administrators may, and only since macOS 11 does it tell.
    let utility = ask("/usr/bin/wdutil", &["info"]).within(ms(3_000)).text(cx).ok();
    if let Some(told) = utility.as_deref().and_then(wifi::utility) {
        return Ok(vec![told]);
    }
    const KIND: &str = "SPAirPortDataType";
    let profile = profiled(cx, &[KIND])?;
    let interfaces = profile.items(KIND).iter();
    let interfaces = interfaces.flat_map(|item| item.list("spairport_airport_interfaces"));
    Ok(interfaces
        .filter_map(wifi::profiled)
        .filter(|told| is_station(&told.interface.name))
        .collect())
}

/// What Macs speak with one another by is no station.
fn is_station(name: &str) -> bool {
    !name.starts_with("awdl") && !name.starts_with("llw")
}

/// Section `wifi`.
pub(super) fn wifi(cx: &Context) -> Result<Wifi, Gap> {
    let told = told(cx)?;
    if told.is_empty() {
        return Err(Gap::unsupported("the system profiler tells of no wireless interface"));
    }
    let mut wifi = Wifi::default();
    for told in told {
        wifi.interfaces.push(told.interface);
        wifi.radios.extend(told.radio);
    }
    wifi.interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    wifi.radios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(wifi)
}

/// Section `wifi.network`.
pub(super) fn network(cx: &Context) -> Result<WifiNetworks, Gap> {
    let ports = ports(cx);
    let stations: Vec<&String> =
        ports.iter().filter(|(_, port)| is_wireless(port)).map(|(name, _)| name).collect();
    if stations.is_empty() {
        return Err(Gap::unsupported("networksetup tells of no port for Wi-Fi"));
    }
    let mut networks = Vec::new();
    for station in stations {
        let told = ask("/usr/sbin/ipconfig", &["getsummary", station]).text_at_any_end(cx)?;
        let (network, withheld) = wifi::summary(station, &told);
        if withheld {
            cx.gap(Gap::denied(format!(
                "the system withholds the name of {station}'s network from programs that may not know where the machine is"
            )));
        }
        networks.extend(network);
    }
    networks.sort_by(|a, b| a.interface.cmp(&b.interface));
    Ok(WifiNetworks { networks })
}
