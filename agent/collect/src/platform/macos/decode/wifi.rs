//! Wi-Fi: `wdutil info`, which administrators get quickly, else the system profiler, which first looks around.
//! Names of networks are withheld from whoever may not know where the machine is (15.6 and newer write
//! `<redacted>`).

use befund_model::section::network::{Radio, WifiInterface, WifiNetwork};

use super::lines::{mac, value};
use super::plist::Value;

/// What is known of the wireless interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) interface: WifiInterface,
    pub(crate) radio: Option<Radio>,
    pub(crate) network: Option<WifiNetwork>,
    /// Whether the network has a name that is withheld.
    pub(crate) withheld: bool,
}

/// Reads `wdutil info`: the lines between the heads `WIFI` and `BLUETOOTH`.
pub(crate) fn utility(text: &str) -> Option<Told> {
    let (_, rest) = text.split_once("\nWIFI\n")?;
    let part = rest.split("\nBLUETOOTH\n").next().unwrap_or(rest);
    let said = |name: &str| value(part, name, ':').filter(|told| !matches!(*told, "None" | "none"));
    let name = said("Interface Name")?.to_owned();
    let first = |name: &str| said(name)?.split(' ').next();
    let on = said("Power").map(|power| power.starts_with("On"));
    let signal: Option<i32> = first("RSSI").and_then(|text| text.parse().ok());
    let connected = signal.is_some_and(|signal| signal < 0);
    let rate: Option<f64> = first("Tx Rate").and_then(|text| text.parse().ok());
    let told = network(&name, said("SSID"), said("BSSID")).filter(|_| connected);
    Some(Told {
        interface: WifiInterface {
            state: Some(if connected { "up" } else { "down" }.into()),
            signal_dbm: signal.filter(|_| connected),
            noise_dbm: first("Noise").and_then(|text| text.parse().ok()).filter(|noise| *noise < 0),
            frequency_mhz: said("Channel").and_then(frequency).filter(|_| connected),
            tx_rate_kbit: rate.filter(|_| connected).and_then(kilobits),
            name: name.clone(),
            ..WifiInterface::default()
        },
        radio: on.map(|on| radio(&name, on)),
        withheld: connected && said("SSID").is_some_and(is_withheld),
        network: told,
    })
}

/// Reads an interface of `SPAirPortDataType`.
pub(crate) fn profiled(told: &Value) -> Option<Told> {
    let name = told.text("_name")?.to_owned();
    let status = told.text("spairport_status_information").unwrap_or_default();
    let connected = status.ends_with("connected") && !status.ends_with("disconnected");
    let current = told.get("spairport_current_network_information").filter(|_| connected);
    let said = |name: &str| current.and_then(|current| current.text(name));
    // `-50 dBm / -92 dBm`.
    let (signal, noise) =
        said("spairport_signal_noise").and_then(|both| both.split_once('/')).unzip();
    let decibels = |text: &str| text.trim().split(' ').next()?.parse::<i32>().ok();
    let rate = current.and_then(|current| current.get("spairport_network_rate")?.as_real());
    Some(Told {
        interface: WifiInterface {
            state: Some(if connected { "up" } else { "down" }.into()),
            signal_dbm: signal.and_then(decibels).filter(|signal| *signal < 0),
            noise_dbm: noise.and_then(decibels).filter(|noise| *noise < 0),
            frequency_mhz: said("spairport_network_channel").and_then(frequency),
            tx_rate_kbit: rate.and_then(kilobits),
            name: name.clone(),
            ..WifiInterface::default()
        },
        radio: (!status.is_empty()).then(|| radio(&name, !status.ends_with("_off"))),
        withheld: said("_name").is_some_and(is_withheld),
        network: network(&name, said("_name"), said("spairport_network_bssid")),
    })
}

fn radio(name: &str, on: bool) -> Radio {
    Radio { name: name.to_owned(), kind: "wlan".into(), soft_blocked: !on, hard_blocked: false }
}

fn is_withheld(name: &str) -> bool {
    matches!(name, "<redacted>" | "<SSID Redacted>")
}

fn network(interface: &str, name: Option<&str>, station: Option<&str>) -> Option<WifiNetwork> {
    let ssid = name.filter(|name| !is_withheld(name) && !name.is_empty())?;
    Some(WifiNetwork {
        interface: interface.to_owned(),
        ssid: ssid.to_owned(),
        bssid: station.and_then(mac),
    })
}

/// What `ipconfig getsummary en0` says of the network: ` SSID : Office`, ` BSSID : <redacted>`.
pub(crate) fn summary(interface: &str, text: &str) -> (Option<WifiNetwork>, bool) {
    let name = value(text, "SSID", ':');
    (network(interface, name, value(text, "BSSID", ':')), name.is_some_and(is_withheld))
}

fn kilobits(megabits: f64) -> Option<u32> {
    (0.1..4e6).contains(&megabits).then_some((megabits * 1000.0) as u32)
}

/// The frequency of a channel in MHz (IEEE 802.11-2020, annex E): `44 (5GHz, 80MHz)`, `5g44/80`, `6`.
fn frequency(channel: &str) -> Option<u32> {
    let (band, rest) = match channel.split_once('g') {
        Some((band, rest)) if band.len() == 1 => (band.parse::<u32>().ok(), rest),
        _ => (None, channel),
    };
    let number: u32 = rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
    let band = band.or_else(|| {
        ["2GHz", "5GHz", "6GHz"]
            .iter()
            .zip([2, 5, 6])
            .find(|(sign, _)| channel.contains(*sign))
            .map(|(_, band)| band)
    });
    match (band, number) {
        (Some(6), 1..=233) => Some(5950 + 5 * number),
        (Some(2) | None, 14) => Some(2484),
        (Some(2) | None, 1..=13) => Some(2407 + 5 * number),
        (Some(5) | None, 32..=177) => Some(5000 + 5 * number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_utility_is_read() {
        // macOS 14; shortened.
        let text = "————\nNETWORK\n————\n    Primary IPv4 : en0\n————\nWIFI\n————\n    MAC Address          : a4:83:e7:01:02:03 (hw=a4:83:e7:01:02:03)\n    Interface Name       : en0\n    Power                : On [On]\n    Op Mode              : STA\n    SSID                 : <redacted>\n    BSSID                : <redacted>\n    RSSI                 : -50 dBm\n    CCA                  : 5 %\n    Noise                : -92 dBm\n    Tx Rate              : 866.0 Mbps\n    Security             : WPA2 Personal\n    PHY Mode             : 11ac\n    Channel              : 5g44/80\n————\nBLUETOOTH\n————\n    Power                : On\n";
        let told = utility(text).expect("an interface");
        assert_eq!((told.interface.signal_dbm, told.interface.noise_dbm), (Some(-50), Some(-92)));
        assert_eq!(
            (told.interface.frequency_mhz, told.interface.tx_rate_kbit),
            (Some(5220), Some(866_000))
        );
        assert_eq!((told.network, told.withheld), (None, true));
        assert_eq!(told.radio.map(|radio| radio.soft_blocked), Some(false));
        let off = "x\nWIFI\n————\n    Interface Name       : en0\n    Power                : Off [Off]\n    SSID                 : None\n    RSSI                 : 0 dBm\n";
        let told = utility(off).expect("an interface");
        assert_eq!((told.interface.signal_dbm, told.withheld), (None, false));
        assert_eq!(told.radio.map(|radio| radio.soft_blocked), Some(true));
    }

    #[test]
    fn the_profiler_is_read() {
        // macOS 12.
        let text = "<plist><dict><key>_name</key><string>en0</string><key>spairport_status_information</key><string>spairport_status_connected</string><key>spairport_current_network_information</key><dict><key>_name</key><string>Office</string><key>spairport_network_channel</key><string>36 (5GHz, 80MHz)</string><key>spairport_network_rate</key><integer>400</integer><key>spairport_signal_noise</key><string>-71 dBm / -90 dBm</string></dict></dict></plist>";
        let told = profiled(&Value::parse(text.as_bytes()).expect("a list")).expect("an interface");
        assert_eq!(told.interface.signal_dbm, Some(-71));
        assert_eq!(told.interface.frequency_mhz, Some(5180));
        assert_eq!(told.network.map(|network| network.ssid).as_deref(), Some("Office"));
        let summary_ = "<dictionary> {\n  BSSID : 0:1:2:3:4:5\n  SSID : Office\n}\n";
        let (network, _) = summary("en0", summary_);
        assert_eq!(network.and_then(|network| network.bssid).as_deref(), Some("00:01:02:03:04:05"));
        assert_eq!(frequency("6g37/160"), Some(6135));
        assert_eq!(frequency("6 (2GHz, 20MHz)"), Some(2437));
    }
}
