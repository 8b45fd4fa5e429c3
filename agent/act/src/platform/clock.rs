//! `time.resync`: the clock set by the policy's time servers, if they agree.

use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::sntp::{self, Judgement, judge, seconds};
use crate::trouble::{Outcome, Trouble};

/// How long a name may take to be found, and a server to answer.
const ATTEMPT: Duration = Duration::from_secs(3);
/// A name may stand for many servers, as `pool.ntp.org` does; this many are asked.
const OF_ONE_NAME: usize = 4;
const MAX_SERVERS: usize = 8;

pub(crate) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    match asked(context)? {
        Judgement::Right(us) => Ok(Plan::already(format!("the clock is off by {}", seconds(us)))),
        Judgement::Set(us) => Ok(Plan::change(format!("set the clock by {}", seconds(us)))),
        Judgement::Refused(why) => Err(Trouble::failed(why)),
    }
}

/// Asks again: what the plan was made of may be old by now.
pub(crate) fn perform(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    let us = match asked(context)? {
        Judgement::Right(us) | Judgement::Set(us) => us,
        Judgement::Refused(why) => return Err(Trouble::failed(why)),
    };
    let then = context
        .clock
        .now()
        .checked_add(SignedDuration::from_micros(us))
        .map_err(|_| Trouble::failed(format!("no clock can be off by {}", seconds(us))))?;
    context
        .clock
        .set(then)
        .map_err(|error| Trouble::io(format_args!("set the clock to {then}"), &error))?;
    Ok(format!("the clock was set by {}", seconds(us)))
}

fn asked(context: &Context<'_>) -> Outcome<Judgement> {
    let names = &context.order.machine.time_servers;
    if names.is_empty() {
        return Err(Trouble::unsupported("the policy lists no time servers under targets.ntp"));
    }
    let mut servers: Vec<SocketAddr> = Vec::new();
    for name in names {
        match resolve(name, context.left()?.min(ATTEMPT)) {
            Ok(addresses) => servers.extend(addresses.into_iter().take(OF_ONE_NAME)),
            Err(why) => context.say(format!("{name}: {why}")),
        }
    }
    servers.truncate(MAX_SERVERS);
    let until = Instant::now() + context.left()?.min(ATTEMPT);
    let offsets: Vec<Result<i64, String>> = thread::scope(|scope| {
        let clock = context.clock.now();
        let begun = Instant::now();
        let asked: Vec<_> = servers
            .iter()
            .map(|server| scope.spawn(move || ask(*server, until, clock, begun)))
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap_or_else(|_| Err("no answer".to_owned())))
            .collect()
    });
    for (server, offset) in servers.iter().zip(&offsets) {
        match offset {
            Ok(us) => context.say(format!("{server}: the clock is off by {}", seconds(*us))),
            Err(why) => context.say(format!("{server}: {why}")),
        }
    }
    let offsets: Vec<i64> = offsets.into_iter().flatten().collect();
    Ok(judge(&offsets, context.clock.now(), context.order.machine.not_before))
}

/// The system's resolver knows no deadline: a thread that hangs is left behind.
fn resolve(name: &str, within: Duration) -> Result<Vec<SocketAddr>, String> {
    let target = match name.parse::<std::net::IpAddr>() {
        Ok(address) => return Ok(vec![SocketAddr::new(address, sntp::PORT)]),
        Err(_) if name.contains(':') => name.to_owned(),
        Err(_) => format!("{name}:{}", sntp::PORT),
    };
    let (send, found) = sync_channel(1);
    thread::spawn(move || {
        let _ = send.send(target.to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    });
    match found.recv_timeout(within) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Ok(_)) => Err("it has no address".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its name was not found in time".to_owned()),
    }
}

/// Asks one server. The clock's time is counted on from when all were begun, so that they are judged alike.
fn ask(
    server: SocketAddr,
    until: Instant,
    clock: jiff::Timestamp,
    begun: Instant,
) -> Result<i64, String> {
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => error.to_string(),
    };
    let any: SocketAddr =
        if server.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).map_err(told)?;
    socket.connect(server).map_err(told)?;
    let nonce: [u8; 8] = befund_runtime::clock::random();
    let sent = Instant::now();
    let passed = SignedDuration::try_from(sent - begun).unwrap_or_default();
    let sent_at = clock.checked_add(passed).unwrap_or(clock);
    socket.send(&sntp::question(nonce)).map_err(told)?;
    let mut bytes = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no answer".to_owned());
        }
        socket.set_read_timeout(Some(left)).map_err(told)?;
        let length = socket.recv(&mut bytes).map_err(told)?;
        if let Some(offset) = sntp::offset(&bytes[..length], nonce, sent_at, sent.elapsed()) {
            return offset.map_err(str::to_owned);
        }
    }
}
