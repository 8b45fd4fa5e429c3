//! What the kernel's wireless stack tells over generic netlink (linux/nl80211.h): which network a
//! station is in, and how good the connection is. Neighbouring networks are not asked for.

use std::fmt::Write as _;
use std::io;

use rustix::net::netlink::GENERIC;

use super::netlink::{attributes, dump, number};

/// Of linux/genetlink.h.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// Of linux/nl80211.h.
const CMD_GET_INTERFACE: u8 = 5;
const CMD_GET_STATION: u8 = 17;
const ATTR_IFINDEX: u16 = 3;
const ATTR_IFNAME: u16 = 4;
const ATTR_IFTYPE: u16 = 5;
const ATTR_MAC: u16 = 6;
const ATTR_STA_INFO: u16 = 21;
const ATTR_WIPHY_FREQ: u16 = 38;
const ATTR_SSID: u16 = 52;
const STA_INFO_SIGNAL: u16 = 7;
const STA_INFO_TX_BITRATE: u16 = 8;
const STA_INFO_SIGNAL_AVG: u16 = 13;
const STA_INFO_RX_BITRATE: u16 = 14;
const RATE_INFO_BITRATE: u16 = 1;
const RATE_INFO_BITRATE32: u16 = 5;
const IFTYPE_STATION: u32 = 2;

/// A message's own header, before its attributes.
const HEADER: usize = 4;

/// An interface that is a station, and its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    index: u32,
    pub(crate) name: String,
    /// None while it is not connected.
    pub(crate) ssid: Option<String>,
    pub(crate) bssid: Option<String>,
    pub(crate) frequency_mhz: Option<u32>,
    pub(crate) signal_dbm: Option<i32>,
    pub(crate) rx_rate_kbit: Option<u32>,
    pub(crate) tx_rate_kbit: Option<u32>,
}

/// The stations of this system and their connections.
///
/// # Errors
/// `NotFound` if the kernel has no nl80211.
pub(crate) fn links() -> io::Result<Vec<Link>> {
    let id = number_of(b"nl80211\0")?.ok_or(io::ErrorKind::NotFound)?;
    let mut links = Vec::new();
    let request = [CMD_GET_INTERFACE, 0, 0, 0];
    dump(Some(GENERIC), id, &request, |_, message| links.extend(interface(message)))?;
    for link in &mut links {
        let mut request = vec![CMD_GET_STATION, 0, 0, 0, 8, 0];
        request.extend_from_slice(&ATTR_IFINDEX.to_ne_bytes());
        request.extend_from_slice(&link.index.to_ne_bytes());
        // An interface that went meanwhile is told as it was.
        let _ = dump(Some(GENERIC), id, &request, |_, message| station(message, link));
    }
    Ok(links)
}

/// The number of this family of messages, if the kernel has it.
pub(crate) fn number_of(name: &[u8]) -> io::Result<Option<u16>> {
    let mut id = None;
    let request = [CTRL_CMD_GETFAMILY, 1, 0, 0];
    dump(Some(GENERIC), GENL_ID_CTRL, &request, |_, message| id = id.or(family(message, name)))?;
    Ok(id)
}

/// The number of the family of this name, if this is its description.
pub(crate) fn family(message: &[u8], name: &[u8]) -> Option<u16> {
    let (mut id, mut ours) = (None, false);
    for (kind, value) in attributes(message.get(HEADER..)?) {
        match kind {
            CTRL_ATTR_FAMILY_ID => id = value.try_into().ok().map(u16::from_ne_bytes),
            CTRL_ATTR_FAMILY_NAME => ours = value == name,
            _ => {}
        }
    }
    id.filter(|_| ours)
}

/// An answer to `GET_INTERFACE`; `None` for what is no station (an access point, a monitor).
pub(crate) fn interface(message: &[u8]) -> Option<Link> {
    let mut link = Link::default();
    let mut kind_of = None;
    for (kind, value) in attributes(message.get(HEADER..)?) {
        match kind {
            ATTR_IFINDEX => link.index = number(value)?,
            ATTR_IFNAME => {
                let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
                link.name = String::from_utf8_lossy(name).into_owned();
            }
            ATTR_IFTYPE => kind_of = number(value),
            ATTR_WIPHY_FREQ => link.frequency_mhz = number(value).filter(|mhz| *mhz > 0),
            ATTR_SSID => link.ssid = Some(network_name(value)).filter(|name| !name.is_empty()),
            _ => {}
        }
    }
    (kind_of == Some(IFTYPE_STATION) && !link.name.is_empty()).then_some(link)
}

/// An answer to `GET_STATION` of a station: its access point.
pub(crate) fn station(message: &[u8], link: &mut Link) {
    for (kind, value) in attributes(message.get(HEADER..).unwrap_or_default()) {
        match kind {
            ATTR_MAC => link.bssid = hardware_address(value),
            ATTR_STA_INFO => {
                for (kind, value) in attributes(value) {
                    match kind {
                        STA_INFO_SIGNAL => link.signal_dbm = link.signal_dbm.or(dbm(value)),
                        // The better measure: the last frame alone says little.
                        STA_INFO_SIGNAL_AVG => link.signal_dbm = dbm(value).or(link.signal_dbm),
                        STA_INFO_TX_BITRATE => link.tx_rate_kbit = rate(value),
                        STA_INFO_RX_BITRATE => link.rx_rate_kbit = rate(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn dbm(value: &[u8]) -> Option<i32> {
    value.first().map(|byte| i32::from(byte.cast_signed())).filter(|dbm| *dbm < 0)
}

/// A rate, told in 100 kbit/s, in kbit/s. The wide field is there also where the narrow is not.
fn rate(value: &[u8]) -> Option<u32> {
    let (mut narrow, mut wide) = (None, None);
    for (kind, value) in attributes(value) {
        match kind {
            RATE_INFO_BITRATE => narrow = value.try_into().ok().map(u16::from_ne_bytes),
            RATE_INFO_BITRATE32 => wide = number(value),
            _ => {}
        }
    }
    wide.or(narrow.map(u32::from)).filter(|rate| *rate > 0)?.checked_mul(100)
}

fn hardware_address(value: &[u8]) -> Option<String> {
    let six: [u8; 6] = value.try_into().ok()?;
    Some(six.map(|byte| format!("{byte:02x}")).join(":"))
}

/// A network's name is up to 32 bytes of anything; control characters are shown as what they are.
fn network_name(value: &[u8]) -> String {
    let mut name = String::new();
    for letter in String::from_utf8_lossy(value).chars() {
        if letter.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(name, "{}", letter.escape_default());
        } else {
            name.push(letter);
        }
    }
    name
}
