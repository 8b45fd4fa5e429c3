//! Addresses given by DHCP: the answer of the server as ipconfig(8) prints it, and the file of the client.

use std::net::Ipv4Addr;

use befund_model::section::reach::Lease;
use jiff::SignedDuration;

use super::lines::value;
use super::plist::Value;

/// Reads `ipconfig getpacket en0`, which says nothing where there is no lease.
pub(crate) fn packet(interface: &str, text: &str) -> Option<Lease> {
    let address: Ipv4Addr = value(text, "yiaddr", '=')?.parse().ok()?;
    if address.is_unspecified() {
        return None;
    }
    let said = |name: &str| value(text, name, ':').map(str::to_owned);
    let list = |name: &str| -> Vec<String> {
        let inside = value(text, name, ':').map(|list| list.trim_matches(['{', '}']));
        let parts = inside.unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    Some(Lease {
        interface: interface.to_owned(),
        address: address.to_string(),
        server: said("server_identifier (ip)"),
        since: None,
        until: None,
        router: list("router (ip_mult)").into_iter().next(),
        dns: list("domain_name_server (ip_mult)"),
        domain: said("domain_name (string)"),
    })
}

/// How long the address was given for, in seconds: `lease_time (uint32): 0x15180`. All bits set is for good.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    let digits = value(text, "lease_time (uint32)", ':')?.strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok().filter(|seconds| *seconds != u32::MAX)
}

/// Completes a lease by the client's file on it, if that is of the same address.
pub(crate) fn timed(lease: &mut Lease, file: &Value, seconds: Option<u32>) {
    if file.text("IPAddress").is_some_and(|address| address != lease.address) {
        return;
    }
    lease.since = file.date("LeaseStartDate");
    let told = file.number("LeaseLength").and_then(|length| u32::try_from(length).ok());
    let told = told.filter(|length| *length != u32::MAX).or(seconds);
    lease.until = lease.since.zip(told).and_then(|(since, seconds)| {
        since.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// macOS 10.12 to 15.
    const PACKET: &str = "op = BOOTREPLY\nhtype = 1\nflags = 0\nciaddr = 0.0.0.0\nyiaddr = 192.168.1.17\nsiaddr = 192.168.1.1\ngiaddr = 0.0.0.0\nchaddr = a4:83:e7:1:2:3\nsname = \nfile = \noptions:\nOptions count is 9\ndhcp_message_type (uint8): ACK 0x5\nserver_identifier (ip): 192.168.1.1\nlease_time (uint32): 0x15180\nrenewal_t1_time_value (uint32): 0xa8c0\nsubnet_mask (ip): 255.255.255.0\nrouter (ip_mult): {192.168.1.1}\ndomain_name_server (ip_mult): {192.168.1.1, 192.168.1.2}\ndomain_name (string): fritz.box\nend (none): \n";

    #[test]
    fn a_lease_is_read_and_timed() {
        let mut lease = packet("en0", PACKET).expect("a lease");
        assert_eq!(lease.dns, ["192.168.1.1", "192.168.1.2"]);
        assert_eq!(
            (lease.server.as_deref(), lease.domain.as_deref()),
            (Some("192.168.1.1"), Some("fritz.box"))
        );
        let file = "<plist><dict><key>IPAddress</key><string>192.168.1.17</string><key>LeaseLength</key><integer>86400</integer><key>LeaseStartDate</key><date>2024-05-01T08:00:00Z</date></dict></plist>";
        let file = Value::parse(file.as_bytes()).expect("a list");
        timed(&mut lease, &file, seconds(PACKET));
        let until = lease.until.map(|at| at.to_string());
        assert_eq!(until.as_deref(), Some("2024-05-02T08:00:00Z"));
        assert_eq!(packet("en1", ""), None);
        assert_eq!(seconds("lease_time (uint32): 0xffffffff\n"), None);
    }
}
