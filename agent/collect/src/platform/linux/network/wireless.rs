//! Wireless: signal and switches by `/proc/net/wireless` and `/sys/class/rfkill`, the connection by
//! nl80211 on the running system.

use befund_model::section::network::{Radio, Wifi, WifiInterface, WifiNetwork, WifiNetworks};

use crate::collector::{Context, Gap};

use super::interfaces::{NET, is_wireless, names};
use super::nl80211::{self, Link};

/// Section `wifi`.
pub(crate) fn wifi(cx: &Context) -> Result<Wifi, Gap> {
    let radios = radios(cx);
    let mut interfaces: Vec<WifiInterface> = names(cx)?
        .into_iter()
        .filter(|name| is_wireless(cx, name))
        .map(|name| WifiInterface {
            state: cx.line(&format!("{NET}/{name}/operstate")),
            name,
            ..WifiInterface::default()
        })
        .collect();
    if interfaces.is_empty() && radios.is_empty() {
        return Err(Gap::unsupported("there is no wireless interface"));
    }
    let text = cx.root.text("/proc/net/wireless").ok();
    let links = links(cx).and_then(Result::ok);
    if text.is_none() && links.is_none() {
        cx.gap(Gap::unsupported(
            "neither /proc/net/wireless nor nl80211 is there, so the signal is not known",
        ));
    }
    for interface in &mut interfaces {
        measured(text.as_deref().unwrap_or_default(), interface);
        let link = links.iter().flatten().find(|link| link.name == interface.name);
        if let Some(link) = link {
            interface.signal_dbm = link.signal_dbm.or(interface.signal_dbm);
            interface.frequency_mhz = link.frequency_mhz;
            interface.rx_rate_kbit = link.rx_rate_kbit;
            interface.tx_rate_kbit = link.tx_rate_kbit;
        }
    }
    Ok(Wifi { interfaces, radios })
}

/// Section `wifi.network`: the network in use. Those around are not looked for.
pub(crate) fn network(cx: &Context) -> Result<WifiNetworks, Gap> {
    if !names(cx)?.iter().any(|name| is_wireless(cx, name)) {
        return Err(Gap::unsupported("there is no wireless interface"));
    }
    let links = links(cx)
        .ok_or_else(|| {
            Gap::unsupported("only the running system can be asked which network it is in")
        })?
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Gap::unsupported("the driver does not tell by nl80211 which network it is in")
            }
            std::io::ErrorKind::PermissionDenied => {
                Gap::denied("nl80211 may not be asked by this account")
            }
            _ => Gap::failed(format!("nl80211 could not be asked: {error}")),
        })?;
    let mut networks: Vec<WifiNetwork> = links
        .into_iter()
        .filter_map(|link| {
            Some(WifiNetwork { interface: link.name, ssid: link.ssid?, bssid: link.bssid })
        })
        .collect();
    networks.sort_by(|a, b| a.interface.cmp(&b.interface));
    Ok(WifiNetworks { networks })
}

/// What nl80211 tells; `None` of a recorded tree.
fn links(cx: &Context) -> Option<std::io::Result<Vec<Link>>> {
    cx.root.is_live().then(|| {
        cx.root.trail().at("nl80211");
        nl80211::links()
    })
}

/// Reads `/proc/net/wireless`: name, status, quality, signal, noise, four kinds of discarded
/// packets before the retries, missed beacons.
fn measured(text: &str, interface: &mut WifiInterface) {
    let line = text.lines().find_map(|line| {
        line.trim_start().strip_prefix(interface.name.as_str())?.strip_prefix(':')
    });
    let fields: Vec<&str> = line.unwrap_or_default().split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.trim_end_matches('.').parse::<i64>().ok();
    let dbm = |index: usize| {
        number(index).filter(|dbm| (-200..0).contains(dbm)).and_then(|dbm| i32::try_from(dbm).ok())
    };
    interface.quality = number(1).and_then(|quality| u32::try_from(quality).ok());
    interface.signal_dbm = dbm(2);
    // -256 is what drivers say that do not measure it.
    interface.noise_dbm = dbm(3);
    interface.retries = number(7).and_then(|retries| u64::try_from(retries).ok());
    interface.missed_beacons = number(9).and_then(|missed| u64::try_from(missed).ok());
}

fn radios(cx: &Context) -> Vec<Radio> {
    const RFKILL: &str = "/sys/class/rfkill";
    let mut radios: Vec<Radio> = Vec::new();
    for switch in cx.root.list(RFKILL).unwrap_or_default() {
        let line = |file: &str| cx.line(&format!("{RFKILL}/{switch}/{file}"));
        radios.push(Radio {
            name: line("name").unwrap_or_else(|| switch.clone()),
            kind: line("type").unwrap_or_default(),
            soft_blocked: line("soft").as_deref() == Some("1"),
            hard_blocked: line("hard").as_deref() == Some("1"),
        });
    }
    radios.sort_by(|a, b| a.name.cmp(&b.name));
    radios
}
