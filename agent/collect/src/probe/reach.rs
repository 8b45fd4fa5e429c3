//! Getting at a host of the policy: its addresses, and a connection, both within a deadline.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use befund_model::probe::remote::{PortState, TcpAttempt};

use super::{Context, micros};

/// The most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 4;
/// How long the system's own resolver may take.
const RESOLVE: Duration = Duration::from_secs(6);

/// The addresses of a host, as the system's resolver gives them.
pub(super) fn resolve(
    context: &Context<'_>,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, String> {
    resolve_all(context, host, port, MAX_ADDRESSES)
}

/// As [`resolve`], with this many addresses at most.
pub(super) fn resolve_all(
    context: &Context<'_>,
    host: &str,
    port: u16,
    most: usize,
) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let within = context.left(RESOLVE).map_err(|error| error.reason)?;
    let (tell, told) = sync_channel(1);
    let name = host.to_owned();
    // The system's resolver takes no deadline, so it is left behind when it is late.
    std::thread::Builder::new()
        .spawn(move || {
            let found = (name.as_str(), port)
                .to_socket_addrs()
                .map(|found| found.take(most).collect::<Vec<_>>());
            // Nobody waits any more after the deadline.
            let _ = tell.send(found);
        })
        .map_err(|error| format!("could not look up {host}: {error}"))?;
    match told.recv_timeout(within) {
        Ok(Ok(found)) if !found.is_empty() => Ok(found),
        Ok(Ok(_)) => Err(format!("{host} has no address")),
        Ok(Err(error)) => Err(format!("could not look up {host}: {error}")),
        Err(_) => Err(format!("could not look up {host} within {} s", within.as_secs())),
    }
}

/// Connects to one address; what came of it, and the connection if it stands.
pub(super) fn connect(
    context: &Context<'_>,
    address: SocketAddr,
    cap: Duration,
) -> (TcpAttempt, Option<TcpStream>) {
    let attempt =
        |state, latency_us, error: Option<String>| TcpAttempt { address, state, latency_us, error };
    let within = match context.left(cap) {
        Ok(within) => within,
        Err(late) => return (attempt(PortState::Unreachable, None, Some(late.reason)), None),
    };
    let started = Instant::now();
    match TcpStream::connect_timeout(&address, within) {
        Ok(stream) => {
            (attempt(PortState::Open, Some(micros(started.elapsed())), None), Some(stream))
        }
        Err(error) => {
            let (state, latency) = match error.kind() {
                ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {
                    (PortState::Closed, Some(micros(started.elapsed())))
                }
                ErrorKind::TimedOut | ErrorKind::WouldBlock => (PortState::Filtered, None),
                _ => (PortState::Unreachable, None),
            };
            (attempt(state, latency, Some(error.to_string())), None)
        }
    }
}

/// Connects to the first of a host's addresses that takes the connection.
pub(super) fn connect_host(
    context: &Context<'_>,
    host: &str,
    port: u16,
    cap: Duration,
) -> Result<TcpStream, String> {
    let mut last = String::new();
    for address in resolve(context, host, port)? {
        let (attempt, stream) = connect(context, address, cap);
        if let Some(stream) = stream {
            return Ok(stream);
        }
        last = format!("could not connect to {address}: {}", attempt.error.unwrap_or_default());
    }
    Err(last)
}
