//! `net.gateway`: whether the default gateway answers on the link.
//!
//! A gateway need not answer any packet, so it is nudged (which makes the kernel resolve it) and
//! then two things are watched: whether it answers the nudge, and what the kernel says of the
//! neighbour. docs/probes.md: unresolved is a failure; a ping alone proves nothing.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use befund_model::probe::network::{Gateway, GatewayFacts, Neighbor};
use befund_model::probe::{Parameters, Verdict};

use super::netlink::{DefaultRoute, State};
use super::{Context, Measured, Outcome, Unmeasured, platform};

/// Ports that routers listen on or refuse: either is an answer.
const TCP_PORTS: [u16; 3] = [53, 80, 443];
/// A port that hardly anything listens on (traceroute's first), so that the answer is a refusal.
const UDP_PORT: u16 = 33_434;
/// How long to hope for an answer before the kernel's word for the neighbour is enough.
const HOPE: Duration = Duration::from_secs(1);
/// How long the kernel takes to give up a neighbour: 5 s of delay and three probes of 1 s
/// (arp(7): `delay_first_probe_time`, `ucast_solicit`, `retrans_time_ms`), and some.
const VERDICT: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK: Duration = Duration::from_millis(50);
/// Gateways beyond these are left out.
const MAX_GATEWAYS: usize = 4;

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let ask = |error| Unmeasured::io("ask the kernel for", "routes", &error);
    let names = platform::links().map_err(ask)?;
    let mut routes = platform::default_routes().map_err(ask)?;
    routes.sort_by_key(|route| route.metric);
    routes.dedup();
    routes.truncate(MAX_GATEWAYS);
    let until = Instant::now() + context.left(VERDICT)?;
    let gateways = super::beside(&routes, |route| ask_gateway(route, &names, until));
    for gateway in &gateways {
        let state = word(gateway.neighbor);
        context.say(format_args!("{} on {}: {state}", gateway.address, gateway.interface));
    }
    let neighbor = gateways.iter().map(|gateway| gateway.neighbor).max().unwrap_or_default();
    let facts = GatewayFacts { gateways, neighbor };
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

fn ask_gateway(route: &DefaultRoute, names: &BTreeMap<u32, String>, until: Instant) -> Gateway {
    let interface = names.get(&route.index).cloned().unwrap_or_else(|| route.index.to_string());
    let told = |address, neighbor, shown_by: Option<&str>| Gateway {
        address,
        interface: interface.clone(),
        metric: route.metric,
        neighbor,
        shown_by: shown_by.map(str::to_owned),
    };
    let Some(address) = route.gateway else {
        return told(std::net::Ipv4Addr::UNSPECIFIED.into(), Neighbor::NotNeeded, None);
    };
    let answers = nudge(address, route.index);
    let hope = (Instant::now() + HOPE).min(until);
    let mut last = None;
    loop {
        match answers.recv_timeout(LOOK) {
            Ok(how) => return told(address, Neighbor::Reachable, Some(how)),
            // Every nudge has ended without an answer.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = Instant::now();
        last = platform::neighbours()
            .ok()
            .and_then(|all| all.get(&(route.index, address)).copied())
            .or(last);
        let judged = match last {
            Some(State::Failed) => Some(Neighbor::Failed),
            Some(State::Reachable | State::Fixed) if now >= hope => Some(Neighbor::Reachable),
            _ if now < until => None,
            Some(State::Stale) => Some(Neighbor::Stale),
            Some(State::Reachable | State::Fixed) => Some(Neighbor::Reachable),
            Some(State::Incomplete) | None => Some(Neighbor::Failed),
        };
        if let Some(neighbor) = judged {
            let shown = (neighbor == Neighbor::Reachable).then_some("neighbour");
            return told(address, neighbor, shown);
        }
    }
}

/// Sends something to the gateway; how it answered comes out of the channel.
fn nudge(address: IpAddr, index: u32) -> Receiver<&'static str> {
    let (tell, told) = sync_channel(TCP_PORTS.len() + 1);
    for port in TCP_PORTS {
        let at = socket_address(address, index, port);
        thread(&tell, move |tell| {
            let connected = TcpStream::connect_timeout(&at, VERDICT);
            if connected.map_or_else(|error| error.kind() == ErrorKind::ConnectionRefused, |_| true)
            {
                // Nobody waits any more once another one has answered.
                let _ = tell.try_send("tcp");
            }
        });
    }
    let at = socket_address(address, index, UDP_PORT);
    thread(&tell, move |tell| {
        if udp_refused(at).unwrap_or(false) {
            let _ = tell.try_send("udp");
        }
    });
    told
}

/// Runs a nudge aside. It ends by itself within its own time, at the latest with the child.
fn thread(
    tell: &SyncSender<&'static str>,
    run: impl FnOnce(SyncSender<&'static str>) + Send + 'static,
) {
    let tell = tell.clone();
    // Without a thread there is one nudge fewer.
    let _ = std::thread::Builder::new().spawn(move || run(tell));
}

fn socket_address(address: IpAddr, index: u32, port: u16) -> SocketAddr {
    match address {
        IpAddr::V4(four) => SocketAddr::from((four, port)),
        // A link-local gateway, as IPv6's are, needs its link.
        IpAddr::V6(six) => std::net::SocketAddrV6::new(six, port, 0, index).into(),
    }
}

/// Whether an "unreachable port" comes back.
fn udp_refused(at: SocketAddr) -> std::io::Result<bool> {
    let any: SocketAddr = if at.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(at)?;
    socket.set_read_timeout(Some(VERDICT))?;
    socket.send(&[])?;
    match socket.recv(&mut [0; 16]) {
        Ok(_) => Ok(true),
        // Windows tells it as a reset.
        Err(error) => {
            Ok(matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset))
        }
    }
}

const fn word(neighbor: Neighbor) -> &'static str {
    match neighbor {
        Neighbor::None => "none",
        Neighbor::Failed => "does not answer",
        Neighbor::Stale => "was there before, not confirmed in time",
        Neighbor::NotNeeded => "a link without neighbours",
        Neighbor::Reachable => "answers",
    }
}

fn judge(facts: &GatewayFacts) -> (Verdict, String) {
    let shown = |gateway: &Gateway| {
        format!("gateway {} on {} {}", gateway.address, gateway.interface, word(gateway.neighbor))
    };
    let all: Vec<_> = facts.gateways.iter().map(shown).collect();
    match facts.neighbor {
        Neighbor::Reachable | Neighbor::NotNeeded => (Verdict::Pass, all.join(", ")),
        Neighbor::Failed => (Verdict::Fail, all.join(", ")),
        Neighbor::None => (Verdict::Fail, "there is no default route".to_owned()),
        Neighbor::Stale => (Verdict::Unknown, all.join(", ")),
    }
}
