//! nl80211's messages, laid out as linux/nl80211.h says: this kernel has no radio, real or simulated.

use proptest::prelude::*;

use crate::platform::linux::network::nl80211::{
    Link, family, interface, links, number_of, station,
};

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).expect("short");
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn nested(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
    // NLA_F_NESTED, which newer kernels set.
    attribute(kind | 0x8000, &attributes.concat())
}

fn message(command: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    [vec![command, 1, 0, 0], attributes.concat()].concat()
}

fn of_type(kind: u32, ssid: &[u8]) -> Vec<u8> {
    message(
        7,
        &[
            attribute(3, &4_u32.to_ne_bytes()),
            attribute(4, b"wlp0s20f3\0"),
            attribute(1, &0_u32.to_ne_bytes()),
            attribute(5, &kind.to_ne_bytes()),
            attribute(6, &[0x84, 0x5c, 0xf3, 0xaa, 0xbb, 0xcc]),
            attribute(38, &5_180_u32.to_ne_bytes()),
            attribute(159, &3_u32.to_ne_bytes()),
            attribute(52, ssid),
        ],
    )
}

fn access_point(rate: &[Vec<u8>]) -> Vec<u8> {
    let signal = |dbm: i8| dbm.cast_unsigned().to_ne_bytes();
    message(
        19,
        &[
            attribute(3, &4_u32.to_ne_bytes()),
            attribute(6, &[0x02, 0, 0x5e, 0x10, 0, 0x01]),
            nested(
                21,
                &[
                    attribute(1, &20_u32.to_ne_bytes()),
                    attribute(7, &signal(-61)),
                    attribute(13, &signal(-58)),
                    nested(8, rate),
                    nested(14, &[attribute(1, &1_300_u16.to_ne_bytes())]),
                ],
            ),
        ],
    )
}

#[test]
fn a_station_and_its_access_point_are_read() {
    let mut link = interface(&of_type(2, "Café 5G".as_bytes())).expect("a station");
    assert_eq!((link.name.as_str(), link.ssid.as_deref()), ("wlp0s20f3", Some("Café 5G")));
    assert_eq!((link.frequency_mhz, link.signal_dbm), (Some(5_180), None));

    // Rates above 6.5 Gbit/s have no place in the narrow field.
    station(&access_point(&[attribute(5, &86_470_u32.to_ne_bytes())]), &mut link);

    assert_eq!(link.bssid.as_deref(), Some("02:00:5e:10:00:01"));
    assert_eq!(link.signal_dbm, Some(-58), "the average, not the last frame");
    assert_eq!((link.tx_rate_kbit, link.rx_rate_kbit), (Some(8_647_000), Some(130_000)));
}

#[test]
fn what_is_no_station_is_left_out_and_names_cannot_play_with_a_terminal() {
    for other in [3_u32, 6, 10] {
        assert_eq!(interface(&of_type(other, b"ours")), None);
    }
    let link = interface(&of_type(2, b"\x1b[2Jx\xff")).expect("a station");
    assert_eq!(link.ssid.as_deref(), Some("\\u{1b}[2Jx\u{fffd}"));
    let apart = interface(&of_type(2, b"")).expect("a station");
    assert_eq!(apart.ssid, None);
}

#[test]
fn the_family_is_found_by_its_name() {
    let named =
        |name: &[u8]| message(1, &[attribute(2, name), attribute(1, &28_u16.to_ne_bytes())]);
    assert_eq!(family(&named(b"nl80211\0"), b"nl80211\0"), Some(28));
    assert_eq!(family(&named(b"nlctrl\0"), b"nl80211\0"), None);
}

/// With a radio or without: the kernel's answer is understood. One family is always there.
#[test]
fn the_running_kernel_is_asked() {
    assert_eq!(number_of(b"nlctrl\0").expect("an answer"), Some(16));
    match links() {
        Ok(links) => assert!(links.iter().all(|link| !link.name.is_empty())),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        family(&bytes, b"nl80211\0");
        interface(&bytes);
        station(&bytes, &mut Link::default());
    }

    #[test]
    fn no_damage_breaks_the_reader(at in 0_usize..120, byte: u8, end in 0_usize..140) {
        let mut damaged = access_point(&[attribute(1, &540_u16.to_ne_bytes())]);
        if let Some(place) = damaged.get_mut(at) {
            *place = byte;
        }
        damaged.truncate(end);
        station(&damaged, &mut Link::default());
        interface(&damaged);
    }
}
