//! Whether an address is of a network, as in `10.1.0.0/16` or `2001:db8::/32`.

use std::net::IpAddr;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads it; an address alone is a network of one.
    pub(in crate::store) fn parse(text: &str) -> Option<Self> {
        let (base, bits) = match text.trim().split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse().ok()?)),
            None => (text.trim(), None),
        };
        let base: IpAddr = base.parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { base, bits })
    }

    /// Whether the address is in it. An IPv4 address that came over an IPv6 socket is an IPv4 one.
    pub(in crate::store) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_a_network_by_its_leading_bits() {
        let of = |network: &str, address: &str| {
            Network::parse(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(of("10.1.0.0/16", "10.1.200.3"));
        assert!(!of("10.1.0.0/16", "10.2.0.1"));
        assert!(of("10.1.0.0/16", "::ffff:10.1.0.9"));
        assert!(of("0.0.0.0/0", "203.0.113.9"));
        assert!(!of("0.0.0.0/0", "2001:db8::1"));
        assert!(of("2001:db8::/32", "2001:db8:7::1"));
        assert!(of("192.0.2.7", "192.0.2.7"));
        assert!(!of("192.0.2.7", "192.0.2.8"));
        assert_eq!(Network::parse("10.0.0.0/33"), None);
        assert_eq!(Network::parse("office"), None);
    }
}
