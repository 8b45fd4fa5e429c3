//! What the IP Helper answers to an echo: `ICMP_ECHO_REPLY` and `ICMPV6_ECHO_REPLY`, and the numbers of
//! `IP_STATUS` in them, which are those of its errors as well.

use super::storage::double;

/// Where the status stands behind the address: 4 bytes of IPv4; of IPv6 26 of `IPV6_ADDRESS_EX`, and 2
/// to fill up.
const STATUS_V4: usize = 4;
const STATUS_V6: usize = 28;
/// `IP_STATUS_BASE` and `MAX_IP_STATUS`.
const STATUSES: std::ops::RangeInclusive<u32> = 11_000..=11_050;

/// What became of an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It came back.
    Back,
    /// Somebody on the way, or this machine, says that it is too large (`IP_PACKET_TOO_BIG`).
    TooLarge,
    /// Nothing was heard of it (`IP_REQ_TIMED_OUT`).
    Unheard,
    /// Somebody on the way said why it could not be delivered.
    Astray(&'static str),
    /// No status of an echo: an error of the system, or what nobody knows.
    Unknown,
}

/// The status in an answer; `None` if it is too short for one.
pub(crate) fn status(reply: &[u8], six: bool) -> Option<u32> {
    double(reply, if six { STATUS_V6 } else { STATUS_V4 })
}

/// What a status says. Of IPv6 the numbers 11003 and 11004 are about the host as well, in other words.
pub(crate) fn fate(status: u32) -> Fate {
    match status {
        0 => Fate::Back,
        11_009 => Fate::TooLarge,
        11_010 => Fate::Unheard,
        11_002 => Fate::Astray("the network cannot be reached"),
        11_003 => Fate::Astray("the host cannot be reached"),
        11_004 => Fate::Astray("the way to the host is closed"),
        11_005 => Fate::Astray("the port cannot be reached"),
        11_006 => Fate::Astray("this machine has no room left to send"),
        11_012 => Fate::Astray("there is no route to it"),
        11_013 | 11_014 => Fate::Astray("it went from router to router for too long"),
        11_016 => Fate::Astray("a router on the way has too much to do"),
        11_018 => Fate::Astray("it is no address of a host"),
        other if STATUSES.contains(&other) => Fate::Astray("it could not be delivered"),
        _ => Fate::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_status_stands_behind_the_address() {
        // As `ping 192.0.2.1` gets it: the address, the status, and 3 ms.
        let mut four = vec![192, 0, 2, 1, 0x01, 0x2b, 0, 0, 3, 0, 0, 0];
        four.resize(40, 0);
        assert_eq!(status(&four, false), Some(11_009));
        let mut six = vec![0; 28];
        six.extend([0, 0, 0, 0, 9, 0, 0, 0]);
        assert_eq!(status(&six, true), Some(0));
        assert_eq!(status(&six[..30], true), None, "cut off");
    }

    #[test]
    fn what_somebody_said_is_told_from_silence() {
        assert_eq!(fate(0), Fate::Back);
        assert_eq!(fate(11_009), Fate::TooLarge);
        assert_eq!(fate(11_010), Fate::Unheard);
        assert_eq!(fate(11_002), Fate::Astray("the network cannot be reached"));
        assert_eq!(fate(11_050), Fate::Astray("it could not be delivered"));
        // ERROR_ACCESS_DENIED is none of them.
        assert_eq!(fate(5), Fate::Unknown);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), six: bool) {
            let status = status(&bytes, six);
            prop_assert_eq!(status.is_some(), bytes.len() >= if six { 32 } else { 8 });
        }

        #[test]
        fn every_status_is_judged_and_nothing_else(number: u32) {
            let is_one = number == 0 || (11_000..=11_050).contains(&number);
            prop_assert_eq!(fate(number) != Fate::Unknown, is_one);
        }
    }
}
