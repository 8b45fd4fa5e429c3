//! `net.dns`: asks each configured server by itself, so that one dead server among three is seen.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use befund_model::probe::network::{DnsFacts, DnsLookup, DnsServer};
use befund_model::probe::{Parameters, Verdict};

use super::wire::{self, Record};
use super::{Context, Measured, Outcome, Unmeasured, micros, millis, platform};

/// docs/probes.md: a server slower than this is worth a look.
const SLOW: Duration = Duration::from_millis(500);
/// How long one attempt waits, and how many there are: what glibc does, shortened (resolv.conf(5):
/// 5 s, twice).
const ATTEMPT: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;
pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let (servers, search) = platform::name_servers(context)?;
    let behind = platform::upstream(context, &servers);
    if servers.is_empty() {
        return Measured::new(
            Verdict::Fail,
            "no DNS server is configured".to_owned(),
            &DnsFacts { search, ..DnsFacts::default() },
        );
    }
    let names: Vec<&str> = match parameters.name("name") {
        Some(name) => vec![name],
        None => context.targets.dns.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no names under targets.dns"));
    }
    context.left(ATTEMPT)?;
    let asked: Vec<_> = servers.iter().chain(&behind).copied().collect();
    let mut told = super::beside(&asked, |server| ask_server(context, *server, &names));
    let upstream = told.split_off(servers.len());
    let (mut verdict, mut summary) = judge(&told);
    let dead = upstream.iter().filter(|server| !server.answered).count();
    if dead > 0 && verdict == Verdict::Pass {
        verdict = Verdict::Warn;
        summary =
            format!("{summary}; {dead} of {} servers behind it do not answer", upstream.len());
    }
    Measured::new(verdict, summary, &DnsFacts { servers: told, search, upstream })
}

pub(super) fn shown(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

fn ask_server(context: &Context<'_>, server: SocketAddr, names: &[&str]) -> DnsServer {
    let mut lookups = Vec::with_capacity(names.len() * 2);
    for name in names {
        let four = lookup(context, server, name, Record::A);
        let exists = four.rcode.as_deref() == Some("NOERROR");
        lookups.push(four);
        if exists {
            lookups.push(lookup(context, server, name, Record::Aaaa));
        }
    }
    let answered = lookups
        .iter()
        .any(|lookup| matches!(lookup.rcode.as_deref(), Some("NOERROR" | "NXDOMAIN")));
    for lookup in &lookups {
        match (&lookup.rcode, lookup.latency_us, &lookup.error) {
            (Some(rcode), Some(us), _) => context.say(format_args!(
                "{} {} {}: {rcode}, {} in {}",
                shown(server),
                lookup.name,
                lookup.record,
                count(lookup.addresses.len(), "address", "addresses"),
                millis(us)
            )),
            (_, _, error) => context.say(format_args!(
                "{} {} {}: {}",
                shown(server),
                lookup.name,
                lookup.record,
                error.as_deref().unwrap_or("no answer")
            )),
        }
    }
    DnsServer { address: shown(server), answered, lookups }
}

/// Asks one server one question, twice if it must.
pub(super) fn lookup(
    context: &Context<'_>,
    server: SocketAddr,
    name: &str,
    record: Record,
) -> DnsLookup {
    let mut lookup = DnsLookup {
        name: name.to_owned(),
        record: record.name().to_owned(),
        ..DnsLookup::default()
    };
    for _ in 0..ATTEMPTS {
        match exchange(context, server, name, record) {
            Ok((response, latency)) => {
                lookup.rcode = Some(wire::rcode_name(response.rcode));
                lookup.addresses = response.addresses;
                lookup.latency_us = Some(micros(latency));
                lookup.error = None;
                return lookup;
            }
            Err(error) => {
                let again = matches!(&error, Failure::Io(_, error) if is_timeout(error));
                lookup.error = Some(error.to_string());
                if !again {
                    return lookup;
                }
            }
        }
    }
    lookup
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no time was left to ask")]
    Late,
    #[error("{}", if is_timeout(.1) { "no answer".to_owned() } else { format!("could not {}: {}", .0, .1) })]
    Io(&'static str, std::io::Error),
    #[error("{0}")]
    Wire(#[from] wire::WireError),
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn exchange(
    context: &Context<'_>,
    server: SocketAddr,
    name: &str,
    record: Record,
) -> Result<(wire::Response, Duration), Failure> {
    let question =
        wire::question(u16::from_be_bytes(befund_runtime::clock::random()), name, record)?;
    let local: SocketAddr =
        if server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let io = |verb| move |error| Failure::Io(verb, error);
    let socket = UdpSocket::bind(local).map_err(io("open a socket"))?;
    // Connected, so that an ICMP "port unreachable" comes back as an error and strangers' packets
    // do not come at all.
    socket.connect(server).map_err(io("find a route"))?;
    let started = Instant::now();
    let until = started + context.left(ATTEMPT).map_err(|_| Failure::Late)?;
    socket.send(&question).map_err(io("send"))?;
    let mut bytes = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Io("receive", std::io::ErrorKind::TimedOut.into()));
        }
        socket.set_read_timeout(Some(left)).map_err(io("wait"))?;
        let length = socket.recv(&mut bytes).map_err(io("receive"))?;
        match wire::response(&question, &bytes[..length]) {
            // Somebody else's, or a late answer to the attempt before.
            Err(wire::WireError::NotMine) => {}
            other => return Ok((other?, started.elapsed())),
        }
    }
}

fn judge(servers: &[DnsServer]) -> (Verdict, String) {
    let dead: Vec<_> = servers
        .iter()
        .filter(|server| !server.answered)
        .map(|server| server.address.as_str())
        .collect();
    let slowest = servers
        .iter()
        .flat_map(|server| &server.lookups)
        .filter_map(|lookup| lookup.latency_us)
        .max()
        .unwrap_or(0);
    let all = servers.len();
    if dead.len() == all {
        (Verdict::Fail, format!("no DNS server answers ({})", dead.join(", ")))
    } else if !dead.is_empty() {
        (
            Verdict::Warn,
            format!("{} of {all} DNS servers do not answer: {}", dead.len(), dead.join(", ")),
        )
    } else if slowest > micros(SLOW) {
        (Verdict::Warn, format!("all {all} DNS servers answer, the slowest in {}", millis(slowest)))
    } else {
        let servers = count(all, "DNS server answers", "DNS servers answer");
        (Verdict::Pass, format!("{servers}, the slowest in {}", millis(slowest)))
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
