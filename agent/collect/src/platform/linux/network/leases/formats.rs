//! The forms in which leases are kept. No I/O.

use std::net::{IpAddr, Ipv4Addr};

use befund_model::Timestamp;
use befund_model::section::reach::Lease;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::platform::linux::software::os;

/// A lease, and for how many seconds it was given where that is told instead of an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) lease: Lease,
    pub(crate) seconds: Option<u32>,
}

fn address(text: &str) -> Option<String> {
    let text = text.split(['/', '%', '#']).next()?.trim_matches(['[', ']']);
    text.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified()).map(|a| a.to_string())
}

fn addresses(text: &str) -> Vec<String> {
    text.split([' ', ',', '\t']).filter_map(address).collect()
}

fn seconds(text: &str) -> Option<Timestamp> {
    text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// Reads `NAME=value` lines: what systemd's DHCP client writes (systemd-networkd's files, and
/// NetworkManager's since 1.20; since 1.36 of the address alone), and wicked's, which names the same
/// things otherwise.
pub(crate) fn settings(text: &str) -> Option<Told> {
    let mut told = Told::default();
    let lease = &mut told.lease;
    let mut found = false;
    for (name, value) in os::settings(text) {
        match name.as_str() {
            "ADDRESS" | "IPADDR" => {
                lease.address = address(&value)?;
                found = true;
            }
            "SERVER_ADDRESS" | "SERVERID" => lease.server = address(&value),
            "ROUTER" | "GATEWAYS" => lease.router = addresses(&value).into_iter().next(),
            "DNS" | "DNSSERVERS" => lease.dns = addresses(&value),
            "DOMAINNAME" | "DNSDOMAIN" => {
                lease.domain = Some(value).filter(|value| !value.is_empty());
            }
            "LIFETIME" | "LEASETIME" => told.seconds = value.parse().ok(),
            "ACQUIRED" => lease.since = seconds(&value),
            _ => {}
        }
    }
    found.then_some(told)
}

/// The interface in the name of NetworkManager's file: `internal-UUID-eth0.lease`.
pub(crate) fn managed_interface(file: &str) -> Option<&str> {
    let rest = file.strip_suffix(".lease")?.strip_prefix("internal-")?;
    rest.get(36..)?.strip_prefix('-').filter(|name| !name.is_empty())
}

/// Reads a message of RFC 2131 with options of RFC 2132, as dhcpcd keeps the server's answer.
pub(crate) fn bootp(bytes: &[u8]) -> Option<Told> {
    const COOKIE: [u8; 4] = [99, 130, 83, 99];
    const OPTIONS: usize = 240;
    if bytes.get(236..OPTIONS)? != COOKIE {
        return None;
    }
    let four = |bytes: &[u8]| -> Option<Ipv4Addr> {
        let four: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
        Some(four.into()).filter(|address: &Ipv4Addr| !address.is_unspecified())
    };
    let mut told = Told::default();
    told.lease.address = four(&bytes[16..])?.to_string();
    let mut rest = &bytes[OPTIONS..];
    while let Some((&option, after)) = rest.split_first() {
        match option {
            0 => rest = after,
            255 => break,
            _ => {
                let length = usize::from(*after.first()?);
                let Some(value) = after.get(1..1 + length) else { break };
                rest = &after[1 + length..];
                let lease = &mut told.lease;
                match option {
                    3 => lease.router = four(value).map(|router| router.to_string()),
                    6 => {
                        let servers = value.chunks_exact(4).filter_map(four);
                        lease.dns = servers.map(|server| server.to_string()).collect();
                    }
                    15 => {
                        let text = String::from_utf8_lossy(value);
                        let text = text.trim_end_matches('\0');
                        lease.domain = (!text.is_empty()).then(|| text.to_owned());
                    }
                    51 => told.seconds = value.try_into().ok().map(u32::from_be_bytes),
                    54 => lease.server = four(value).map(|server| server.to_string()),
                    _ => {}
                }
            }
        }
    }
    Some(told)
}

/// Reads dhclient.leases(5). It is appended to, so of each interface the last lease counts.
pub(crate) fn dhclient(text: &str) -> Vec<Lease> {
    let mut leases: Vec<Lease> = Vec::new();
    let mut reader = Words { rest: text };
    while let Some(word) = reader.next() {
        let lease = match word {
            "lease" if reader.next() == Some("{") => block(&mut reader),
            "lease6" if reader.next() == Some("{") => block(&mut reader),
            _ => continue,
        };
        // The file was cut in the middle of it, or it has no address.
        let Some(lease) = lease.filter(|lease| !lease.address.is_empty()) else { continue };
        let same = |known: &Lease| {
            known.interface == lease.interface
                && known.address.contains(':') == lease.address.contains(':')
        };
        leases.retain(|known| !same(known));
        leases.push(lease);
    }
    leases
}

/// What stands between the braces: statements that end with `;`, or have braces of their own.
fn block(reader: &mut Words<'_>) -> Option<Lease> {
    let mut lease = Lease::default();
    let (mut depth, mut statement): (usize, Vec<&str>) = (1, Vec::new());
    let mut given = None;
    for word in reader.by_ref() {
        match word {
            "{" => {
                // `ia-na ID { iaaddr ADDRESS { … } }` of IPv6.
                if let &["iaaddr", text] = statement.as_slice() {
                    lease.address = address(text)?;
                }
                statement.clear();
                depth += 1;
            }
            "}" => {
                statement.clear();
                depth -= 1;
                if depth == 0 {
                    if lease.since.is_none()
                        && let (Some(until), Some(given)) = (lease.until, given)
                    {
                        lease.since = until.checked_sub(SignedDuration::from_secs(given)).ok();
                    }
                    if lease.until.is_none() && depth == 0 {
                        lease.until = super::ends(
                            lease.since,
                            given.and_then(|given| u32::try_from(given).ok()),
                        );
                    }
                    return Some(lease);
                }
            }
            ";" => {
                stated(&statement, &mut lease, &mut given);
                statement.clear();
            }
            other => statement.push(other),
        }
    }
    None
}

fn stated(statement: &[&str], lease: &mut Lease, given: &mut Option<i64>) {
    match statement {
        ["interface", name] => lease.interface = (*name).to_owned(),
        ["fixed-address", text] => lease.address = address(text).unwrap_or_default(),
        ["option", "routers", first, ..] => lease.router = address(first),
        ["option", "dhcp-server-identifier", server] => lease.server = address(server),
        ["option", "domain-name", name] => {
            lease.domain = Some((*name).to_owned()).filter(|name| !name.is_empty());
        }
        ["option", "domain-name-servers" | "dhcp6.name-servers", servers @ ..] => {
            lease.dns = servers.iter().filter_map(|server| address(server)).collect();
        }
        ["option", "dhcp-lease-time", time] => *given = time.parse().ok(),
        // The longest that an address of IPv6 is good for.
        ["max-life", time] => *given = time.parse().ok(),
        ["starts", time] => lease.since = seconds(time),
        ["expire", "epoch", time] => lease.until = seconds(time),
        // The day of the week stands first; the time is UTC (dhclient.leases(5)).
        ["expire", _, day, time] => lease.until = moment(day, time),
        _ => {}
    }
}

/// `2024/05/02 10:00:00`.
fn moment(day: &str, time: &str) -> Option<Timestamp> {
    let at: DateTime = format!("{}T{time}", day.replace('/', "-")).parse().ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// The words of a file in ISC's manner: bare ones, quoted ones without their quotes, and the signs `{`,
/// `}`, `;` by themselves. A comma only parts words; `#` begins a comment.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.rest =
                self.rest.trim_start_matches(|sign: char| sign.is_whitespace() || sign == ',');
            let Some(comment) = self.rest.strip_prefix('#') else { break };
            self.rest = comment.split_once('\n').map_or("", |(_, after)| after);
        }
        let first = self.rest.chars().next()?;
        let end = match first {
            '{' | '}' | ';' => 1,
            '"' => {
                let inner = &self.rest[1..];
                let end = inner.find('"').unwrap_or(inner.len());
                self.rest = inner.get(end + 1..).unwrap_or_default();
                return Some(&inner[..end]);
            }
            _ => self
                .rest
                .find(|sign: char| {
                    sign.is_whitespace() || matches!(sign, '{' | '}' | ';' | ',' | '"')
                })
                .unwrap_or(self.rest.len()),
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word)
    }
}
