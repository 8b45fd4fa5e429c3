//! The readers of answers in here, for [`crate::fuzzing`].

use super::{clock, http, netlink, wire};

/// Reads a response to a question for the address of `name`; how many it holds, if it is one.
#[must_use]
pub fn dns(name: &str, response: &[u8]) -> Option<usize> {
    let question = wire::question(0x1234, name, wire::Record::A).ok()?;
    let response = wire::response(&question, response).ok()?;
    let _ = wire::rcode_name(response.rcode);
    Some(response.addresses.len())
}

/// Reads a time server's packet: the offset and the round trip, if it answers this nonce.
#[must_use]
pub fn time(packet: &[u8], nonce: [u8; 8]) -> Option<(i64, i64)> {
    clock::read(packet, nonce)
}

/// Reads an HTTP answer: its status, and the host that it sends to.
#[must_use]
pub fn http(answer: &[u8]) -> Option<(u16, Option<String>)> {
    http::read(answer)
}

/// Reads a datagram of rtnetlink's; how many entries it holds.
#[must_use]
pub fn netlink(datagram: &[u8]) -> usize {
    netlink::count(datagram)
}
