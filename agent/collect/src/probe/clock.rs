//! `clock.offset`: this machine's clock against time servers (SNTP, RFC 4330).

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use befund_model::probe::remote::{ClockFacts, TimeServer};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, reach, targets};

/// docs/probes.md: worth a look beyond 5 s; beyond 300 s Kerberos refuses (RFC 4120, 5.2.3
/// names 5 minutes).
const WARN_US: i64 = 5_000_000;
const FAIL_US: i64 = 300_000_000;
/// How long a server may take.
const ATTEMPT: Duration = Duration::from_secs(3);
const PORT: u16 = 123;
/// The length of a packet without extensions.
const PACKET: usize = 48;
/// From 1900, NTP's beginning, to 1970, in seconds (RFC 5905, figure 4).
const EPOCH: i64 = 2_208_988_800;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let chosen: Vec<&str> = match parameters.name("server") {
        Some(name) => vec![name],
        None => context.targets.ntp.iter().map(String::as_str).collect(),
    };
    if chosen.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no time servers under targets.ntp"));
    }
    let servers = super::beside(&chosen, |name| {
        let mut server = TimeServer { server: (*name).to_owned(), ..TimeServer::default() };
        if let Err(error) = ask(context, name, &mut server) {
            server.error = Some(error);
        }
        server
    });
    for server in &servers {
        match (server.offset_us, &server.error) {
            (Some(us), _) => context.say(format_args!("{}: off by {}", server.server, seconds(us))),
            (None, error) => {
                let error = error.as_deref().unwrap_or("no time");
                context.say(format_args!("{}: {error}", server.server));
            }
        }
    }
    let mut offsets: Vec<i64> = servers.iter().filter_map(|server| server.offset_us).collect();
    offsets.sort_unstable();
    let offset_us = offsets.get(offsets.len() / 2).copied();
    let facts = ClockFacts { servers, offset_us };
    match offset_us {
        None => {
            let summary = "no time server answers".to_owned();
            Ok(Measured::new(Verdict::Unknown, summary.clone(), &facts)?.partial(summary))
        }
        Some(us) => {
            Measured::new(judge(us), format!("the clock is off by {}", seconds(us)), &facts)
        }
    }
}

const fn judge(offset_us: i64) -> Verdict {
    match offset_us.unsigned_abs() {
        us if us > FAIL_US.unsigned_abs() => Verdict::Fail,
        us if us > WARN_US.unsigned_abs() => Verdict::Warn,
        _ => Verdict::Pass,
    }
}

fn seconds(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "+" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

fn ask(context: &Context<'_>, name: &str, server: &mut TimeServer) -> Result<(), String> {
    let (host, port) =
        targets::host_and_port(name, Some(PORT)).ok_or_else(|| "it is not a host".to_owned())?;
    let address = reach::resolve(context, host, port)?
        .into_iter()
        .next()
        .ok_or_else(|| format!("{host} has no address"))?;
    server.address = Some(address.to_string());
    let any: SocketAddr =
        if address.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let io = |verb: &'static str| {
        move |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer".to_owned(),
            _ => format!("could not {verb} {address}: {error}"),
        }
    };
    let socket = UdpSocket::bind(any).map_err(io("reach"))?;
    socket.connect(address).map_err(io("reach"))?;
    let until = Instant::now() + context.left(ATTEMPT).map_err(|late| late.reason)?;
    // A nonce in place of the time: it comes back as the originate timestamp, and tells nobody
    // this machine's clock (draft-ietf-ntp-data-minimization).
    let nonce: [u8; 8] = befund_runtime::clock::random();
    let sent_at = context.clock.now();
    let sent = Instant::now();
    socket.send(&question(nonce)).map_err(io("write to"))?;
    let mut bytes = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no answer".to_owned());
        }
        socket.set_read_timeout(Some(left)).map_err(io("wait for"))?;
        let length = socket.recv(&mut bytes).map_err(io("read from"))?;
        let round = sent.elapsed();
        let Some(reply) = Reply::parse(&bytes[..length], nonce) else { continue };
        if reply.stratum == 0 {
            return Err("the server says that it will not answer (kiss of death)".to_owned());
        }
        if reply.unsynchronised {
            return Err("the server says that its own clock is not set".to_owned());
        }
        let (offset, round_trip) = offset(sent_at, round, &reply);
        server.offset_us = Some(offset);
        server.round_trip_us = Some(round_trip);
        server.stratum = Some(reply.stratum);
        return Ok(());
    }
}

fn question(nonce: [u8; 8]) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    // Version 4, mode 3: a client.
    packet[0] = 0x23;
    packet[40..].copy_from_slice(&nonce);
    packet
}

#[derive(Debug, PartialEq, Eq)]
struct Reply {
    stratum: u8,
    unsynchronised: bool,
    /// Unix microseconds.
    received: i64,
    transmitted: i64,
}

impl Reply {
    /// Reads a server's packet; `None` for anything but an answer to this question.
    fn parse(bytes: &[u8], nonce: [u8; 8]) -> Option<Self> {
        let packet = bytes.get(..PACKET)?;
        let server = packet[0] & 0x07 == 4;
        (server && packet[24..32] == nonce).then_some(Self {
            stratum: packet[1],
            unsynchronised: packet[0] >> 6 == 3,
            received: unix_us(&packet[32..40])?,
            transmitted: unix_us(&packet[40..48])?,
        })
    }
}

/// An NTP timestamp as Unix microseconds. Seconds with the highest bit clear are those after 2036
/// (RFC 4330, 3).
fn unix_us(bytes: &[u8]) -> Option<i64> {
    let (seconds, fraction) = bytes.split_at_checked(4)?;
    let seconds = u32::from_be_bytes(seconds.try_into().ok()?);
    let fraction = u32::from_be_bytes(fraction.try_into().ok()?);
    let era: i64 = if seconds & 0x8000_0000 == 0 { 1 << 32 } else { 0 };
    let micros = i64::try_from((u64::from(fraction) * 1_000_000) >> 32).ok()?;
    Some((i64::from(seconds) + era - EPOCH) * 1_000_000 + micros)
}

/// RFC 4330, 5: ((T2 - T1) + (T3 - T4)) / 2 and (T4 - T1) - (T3 - T2). The time between T1 and T4
/// is taken from the monotonic clock.
fn offset(sent_at: Timestamp, round: Duration, reply: &Reply) -> (i64, i64) {
    let t1 = sent_at.as_microsecond();
    let t4 = t1.saturating_add(i64::try_from(round.as_micros()).unwrap_or(i64::MAX));
    let there = reply.received.saturating_sub(t1);
    let back = reply.transmitted.saturating_sub(t4);
    let round = t4.saturating_sub(t1);
    let held = reply.transmitted.saturating_sub(reply.received);
    (there.saturating_add(back) / 2, round.saturating_sub(held))
}

/// Reads a packet that came at once at the epoch: the offset and the round trip, microseconds.
pub(super) fn read(bytes: &[u8], nonce: [u8; 8]) -> Option<(i64, i64)> {
    let reply = Reply::parse(bytes, nonce)?;
    Some(offset(Timestamp::UNIX_EPOCH, Duration::ZERO, &reply))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thresholds() {
        assert_eq!(judge(-4_999_999), Verdict::Pass);
        assert_eq!(judge(5_000_001), Verdict::Warn);
        assert_eq!(judge(-300_000_001), Verdict::Fail);
        assert_eq!(seconds(-90_500_000), "-90.500 s");
    }

    #[test]
    fn the_era_after_2036_is_understood() {
        assert_eq!(unix_us(&[0x83, 0xaa, 0x7e, 0x80, 0, 0, 0, 0]), Some(0));
        assert_eq!(unix_us(&[0, 0, 0, 0, 0x80, 0, 0, 0]), Some(2_085_978_496_500_000));
    }

    #[test]
    fn the_offset_is_half_of_both_ways() {
        let t1 = Timestamp::from_second(1_000).expect("a time");
        let reply = Reply {
            stratum: 1,
            unsynchronised: false,
            received: 1_010_000_000 + 50_000,
            transmitted: 1_010_000_000 + 60_000,
        };
        let (offset, round) = offset(t1, Duration::from_micros(110_000), &reply);
        assert_eq!((offset, round), (10_000_000, 100_000));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..80), nonce: [u8; 8]) {
            if let Some(reply) = Reply::parse(&bytes, nonce) {
                offset(Timestamp::UNIX_EPOCH, Duration::ZERO, &reply);
            }
        }
    }
}
