//! `net.loss`: lost packets and latency, to the gateway and to a target. docs/probes.md: 1 % lost or
//! 100 ms is worth a look, 5 % a failure; of the gateway more than 2 % is worth a look.
//!
//! By echoes, which no privilege is needed for where the system allows it; who does not answer them
//! is asked by connections, where being refused is an answer as well.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use befund_model::probe::path::{Hop, LossFacts};
use befund_model::probe::remote::PortState;
use befund_model::probe::{Parameters, Verdict};

use super::platform::echo::{Echoes, Heard, PATIENCE, Pieces};
use super::platform::{self, Echo};
use super::{Context, Measured, Outcome, Unmeasured, micros, millis, reach, targets};

const TARGET_WARN_PERCENT: f64 = 1.0;
const TARGET_FAIL_PERCENT: f64 = 5.0;
const TARGET_WARN_US: u64 = 100_000;
const GATEWAY_WARN_PERCENT: f64 = 2.0;
/// From one packet to the next.
const PACE: Duration = Duration::from_millis(50);
/// Ports that routers listen on or refuse.
const GATEWAY_PORTS: &[u16] = &[80, 443, 53, 22];
/// How many connections are tried at a time.
const BESIDE: usize = 4;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let count = u16::try_from(parameters.number("count")).unwrap_or(20);
    let picked = parameters.name("target");
    let chosen = context
        .targets
        .tcp
        .iter()
        .find(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()));
    let (name, target) = chosen
        .ok_or_else(|| Unmeasured::unsupported("the policy lists no targets under targets.tcp"))?;
    context.left(PATIENCE)?;
    let mut asked = Vec::new();
    let mut routes = platform::default_routes().unwrap_or_default();
    routes.sort_by_key(|route| (route.metric, route.six));
    if let Some((route, address)) = routes.iter().find_map(|one| Some((one, one.gateway?))) {
        let hop = Hop {
            what: "gateway".to_owned(),
            name: address.to_string(),
            address: Some(address),
            ..Hop::default()
        };
        asked.push((hop, route.index, GATEWAY_PORTS.to_vec()));
    }
    let mut hop = Hop { what: "target".to_owned(), name: name.clone(), ..Hop::default() };
    let mut ports = Vec::new();
    let found = targets::host_and_port(target, None)
        .ok_or_else(|| format!("{target:?} is not host:port"))
        .and_then(|(host, port)| Ok((reach::resolve(context, host, port)?, port)));
    match found {
        Ok((addresses, port)) => {
            hop.address = addresses.first().map(SocketAddr::ip);
            ports.push(port);
        }
        Err(error) => hop.error = Some(error),
    }
    asked.push((hop, 0, ports));
    let hops = super::beside(&asked, |(hop, scope, ports)| {
        let mut hop = hop.clone();
        if let Some(address) = hop.address {
            measure(context, &mut hop, address, *scope, ports, count);
        }
        hop
    });
    for hop in &hops {
        context.say(line(hop));
    }
    let (verdict, summary) = judge(&hops);
    Measured::new(verdict, summary, &LossFacts { hops })
}

fn measure(
    context: &Context<'_>,
    hop: &mut Hop,
    address: IpAddr,
    scope: u32,
    ports: &[u16],
    count: u16,
) {
    match Echo::open(address, scope, Pieces::Allowed) {
        Ok(echo) => {
            let (times, astray) = by_echo(&echo, count, context.deadline);
            if times.iter().any(Option::is_some) {
                return tell(hop, "icmp", &times);
            }
            // Nobody need answer an echo; but somebody on the way may have said something.
            hop.error = astray;
        }
        Err(error) => hop.error = Some(format!("echoes cannot be sent: {error}")),
    }
    for port in ports {
        let at = SocketAddr::new(address, *port);
        if knock(context, with_scope(at, scope)).is_some() {
            let rounds: Vec<u16> = (0..count).collect();
            let chunk = rounds.len().div_ceil(BESIDE).max(1);
            let chunks: Vec<&[u16]> = rounds.chunks(chunk).collect();
            let times = super::beside(&chunks, |chunk| {
                let round = |_: &u16| {
                    std::thread::sleep(PACE);
                    knock(context, with_scope(at, scope))
                };
                chunk.iter().map(round).collect::<Vec<_>>()
            });
            hop.error = None;
            return tell(hop, "tcp", &times.concat());
        }
    }
    hop.sent = u32::from(count);
}

fn with_scope(at: SocketAddr, scope: u32) -> SocketAddr {
    match at {
        SocketAddr::V6(mut six) => {
            six.set_scope_id(scope);
            six.into()
        }
        four @ SocketAddr::V4(_) => four,
    }
}

/// How long each echo took, none for those that did not come back; and why the last one that went
/// astray did.
fn by_echo(
    echo: &impl Echoes,
    count: u16,
    deadline: Instant,
) -> (Vec<Option<Duration>>, Option<String>) {
    const DATA: usize = 56;
    let mut sent = Vec::with_capacity(usize::from(count));
    let mut times = vec![None; usize::from(count)];
    let mut astray = None;
    let last = Instant::now() + PACE * u32::from(count) + PATIENCE;
    let last = last.min(deadline);
    while Instant::now() < last {
        if sent.len() < usize::from(count) {
            let sequence = u16::try_from(sent.len()).unwrap_or(u16::MAX);
            sent.push(Instant::now());
            // One that could not be sent counts as lost, whoever is to blame.
            if let Err(error) = echo.send(sequence, DATA) {
                astray = Some(format!("echoes cannot be sent: {error}"));
            }
        } else if times.iter().all(Option::is_some) {
            break;
        }
        let next = match sent.len() < usize::from(count) {
            true => sent.last().map_or(last, |sent| *sent + PACE).min(last),
            false => last,
        };
        loop {
            let left = next.saturating_duration_since(Instant::now());
            match echo.receive(left) {
                None => break,
                // That tells of one packet; the others are still waited for.
                Some(Heard::Astray { why }) => astray = Some(why),
                Some(Heard::TooLarge { .. }) => {}
                Some(Heard::Back { sequence, took }) => {
                    let at = usize::from(sequence);
                    if let (Some(sent), Some(time)) = (sent.get(at), times.get_mut(at)) {
                        *time = time.or(took).or(Some(sent.elapsed()));
                    }
                }
            }
            if sent.len() == times.len() && times.iter().all(Option::is_some) {
                break;
            }
        }
    }
    times.truncate(sent.len());
    (times, astray)
}

/// How long a connection took to stand or to be refused.
fn knock(context: &Context<'_>, at: SocketAddr) -> Option<Duration> {
    let (attempt, _) = reach::connect(context, at, PATIENCE);
    match attempt.state {
        PortState::Open | PortState::Closed => attempt.latency_us.map(Duration::from_micros),
        PortState::Filtered | PortState::Unreachable => None,
    }
}

fn tell(hop: &mut Hop, method: &str, times: &[Option<Duration>]) {
    let came: Vec<u64> = times.iter().flatten().map(|time| micros(*time)).collect();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    hop.method = Some(method.to_owned());
    (hop.sent, hop.received) = (number(times.len()), number(came.len()));
    let lost = f64::from(hop.sent - hop.received) * 100.0 / f64::from(hop.sent.max(1));
    hop.loss_percent = Some((lost * 10.0).round() / 10.0);
    hop.min_us = came.iter().min().copied();
    hop.max_us = came.iter().max().copied();
    let mean = |sum: u64, count: usize| sum.checked_div(u64::try_from(count).unwrap_or(0));
    hop.mean_us = mean(came.iter().sum(), came.len());
    let apart: Vec<u64> = came.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
    hop.jitter_us = mean(apart.iter().sum(), apart.len());
}

fn line(hop: &Hop) -> String {
    let who = match (hop.what.as_str(), hop.address) {
        ("gateway", Some(address)) => format!("the gateway {address}"),
        (_, Some(address)) => format!("{} ({address})", hop.name),
        (_, None) => hop.name.clone(),
    };
    match (&hop.method, hop.loss_percent, hop.mean_us) {
        (Some(_), Some(lost), Some(mean)) => {
            format!("{who} loses {lost} % of {} and takes {}", hop.sent, millis(mean))
        }
        _ => match &hop.error {
            Some(error) => format!("{who} does not answer: {error}"),
            None => format!("{who} does not answer"),
        },
    }
}

/// A gateway that answers nothing at all says nothing of the way behind it.
fn judge(hops: &[Hop]) -> (Verdict, String) {
    let lost = |hop: &Hop| hop.loss_percent.unwrap_or(100.0);
    let of = |what: &str| hops.iter().find(|hop| hop.what == what);
    let gateway = of("gateway").filter(|hop| hop.method.is_some());
    let lossy = gateway.filter(|hop| lost(hop) > GATEWAY_WARN_PERCENT);
    let Some(target) = of("target") else { return (Verdict::Unknown, String::new()) };
    let mut summary = line(target);
    let mut verdict = match lost(target) {
        lost if lost >= TARGET_FAIL_PERCENT => Verdict::Fail,
        lost if lost >= TARGET_WARN_PERCENT => Verdict::Warn,
        _ if target.mean_us.is_some_and(|mean| mean > TARGET_WARN_US) => Verdict::Warn,
        _ => Verdict::Pass,
    };
    if let Some(gateway) = lossy {
        summary = format!("{}; {summary}", line(gateway));
        if verdict == Verdict::Pass {
            verdict = Verdict::Warn;
        }
    } else if verdict != Verdict::Pass && gateway.is_some() {
        summary = format!("{summary}; the gateway is well, so that it is further out");
    }
    (verdict, summary)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    /// A way on which all echoes come back once the last is sent, the last one first, and twice.
    struct Mirror {
        all: usize,
        sent: Cell<usize>,
        waiting: RefCell<Vec<u16>>,
    }

    impl Echoes for Mirror {
        fn send(&self, sequence: u16, _: usize) -> std::io::Result<()> {
            self.sent.set(self.sent.get() + 1);
            self.waiting.borrow_mut().extend([sequence, sequence]);
            Ok(())
        }

        fn receive(&self, _: Duration) -> Option<Heard> {
            if self.sent.get() < self.all {
                return None;
            }
            let sequence = self.waiting.borrow_mut().pop()?;
            let took = Some(Duration::from_micros(u64::from(sequence) + 1));
            Some(Heard::Back { sequence, took })
        }
    }

    #[test]
    fn each_echo_is_counted_once_in_whatever_order_they_come() {
        let mirror = Mirror { all: 7, sent: Cell::default(), waiting: RefCell::default() };
        let deadline = Instant::now() + Duration::from_secs(20);
        let (times, astray) = by_echo(&mirror, 7, deadline);
        let expected: Vec<_> = (1..=7).map(|us| Some(Duration::from_micros(us))).collect();
        assert_eq!((times, astray), (expected, None));
    }

    /// A system that sends nothing.
    struct Forbidden;

    impl Echoes for Forbidden {
        fn send(&self, _: u16, _: usize) -> std::io::Result<()> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }

        fn receive(&self, _: Duration) -> Option<Heard> {
            None
        }
    }

    #[test]
    fn that_none_could_be_sent_is_told() {
        let (times, astray) = by_echo(&Forbidden, 5, Instant::now() + Duration::from_millis(10));
        assert!(times.iter().all(Option::is_none), "{times:?}");
        assert!(astray.is_some_and(|why| why.contains("cannot be sent")));
    }

    fn hop(what: &str, received: u64, us: u64) -> Hop {
        let mut hop = Hop { what: what.to_owned(), name: "web".to_owned(), ..Hop::default() };
        let came = |number| (number < received).then(|| Duration::from_micros(us + number));
        let times: Vec<_> = (0..20).map(came).collect();
        if received > 0 {
            tell(&mut hop, "icmp", &times);
        }
        hop
    }

    #[test]
    fn loss_and_latency_are_counted() {
        let hop = hop("target", 19, 1_000);
        assert_eq!((hop.sent, hop.received, hop.loss_percent), (20, 19, Some(5.0)));
        assert_eq!((hop.min_us, hop.mean_us, hop.max_us), (Some(1_000), Some(1_009), Some(1_018)));
        assert_eq!(hop.jitter_us, Some(1));
    }

    #[test]
    fn the_target_decides_and_the_gateway_explains() {
        let judged =
            |gateway, target, us| judge(&[hop("gateway", gateway, 900), hop("target", target, us)]);
        assert_eq!(judged(20, 20, 9_000).0, Verdict::Pass);
        assert_eq!(judged(20, 20, 150_000).0, Verdict::Warn);
        let (verdict, summary) = judged(20, 18, 9_000);
        assert_eq!(verdict, Verdict::Fail);
        assert!(summary.contains("further out"), "{summary}");
        let (verdict, summary) = judged(15, 15, 9_000);
        assert_eq!(verdict, Verdict::Fail);
        assert!(summary.starts_with("web loses 25 %"), "{summary}");
        assert_eq!(judged(19, 20, 9_000).0, Verdict::Warn);
        assert_eq!(judged(0, 20, 9_000).0, Verdict::Pass, "a gateway that never answers");
        assert_eq!(judged(20, 0, 9_000).0, Verdict::Fail);
    }
}
