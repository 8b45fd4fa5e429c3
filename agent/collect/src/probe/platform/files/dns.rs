//! DNS servers by resolv.conf(5).

use std::net::{IpAddr, SocketAddr};

use crate::probe::{Context, Unmeasured};

/// resolv.conf(5) takes 3 (MAXNS); more are listed by some, and asked nevertheless.
const MAX_SERVERS: usize = 8;

/// The servers that this machine is configured to ask (a stub, if it has one), and its search domains.
pub(in crate::probe) fn name_servers(
    context: &Context<'_>,
) -> Result<(Vec<SocketAddr>, Vec<String>), Unmeasured> {
    Ok(configuration(&context.read("/etc/resolv.conf")?))
}

/// The servers behind a local stub, as systemd-resolved tells them.
pub(in crate::probe) fn upstream(context: &Context<'_>, servers: &[SocketAddr]) -> Vec<SocketAddr> {
    const STUBS: [[u8; 4]; 2] = [[127, 0, 0, 53], [127, 0, 0, 54]];
    if !servers.iter().any(|server| STUBS.iter().any(|stub| server.ip() == IpAddr::from(*stub))) {
        return Vec::new();
    }
    let text = context.read("/run/systemd/resolve/resolv.conf").unwrap_or_default();
    configuration(&text).0
}

/// The `nameserver` and `search` lines. A port behind `#` is systemd's and unbound's way; the C
/// library knows none.
fn configuration(text: &str) -> (Vec<SocketAddr>, Vec<String>) {
    let (mut servers, mut search) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                let Some(word) = words.next() else { continue };
                let (address, port) = word.split_once('#').unwrap_or((word, "53"));
                let address = address.split('%').next().unwrap_or(address);
                if let (Ok(address), Ok(port)) = (address.parse::<IpAddr>(), port.parse()) {
                    let server = SocketAddr::new(address, port);
                    if !servers.contains(&server) && servers.len() < MAX_SERVERS {
                        servers.push(server);
                    }
                }
            }
            Some("search" | "domain") => search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    (servers, search)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_read_as_the_c_library_does() {
        let text = "# made by hand\nsearch a.example b.example\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n;nameserver 9.9.9.9\nnameserver 127.0.0.1#5353\nnameserver 192.0.2.1\noptions edns0\n";
        let (servers, search) = configuration(text);
        assert_eq!(search, ["a.example", "b.example"]);
        assert_eq!(
            servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["192.0.2.1:53", "[fe80::1]:53", "127.0.0.1:5353"]
        );
    }
}
