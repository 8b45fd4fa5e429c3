//! `net.ipv6`: whether IPv6 connects where IPv4 does. docs/probes.md: a route for IPv6 without a
//! connection over it is a failure; programs try it first and wait.

use std::net::SocketAddr;
use std::time::Duration;

use befund_model::probe::path::{DualTarget, Ipv6Facts};
use befund_model::probe::remote::{PortState, TcpAttempt};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, platform, reach, targets};

/// How long one address may take.
const ATTEMPT: Duration = Duration::from_secs(3);
/// The most addresses of a name, and those of them that are tried of each family.
const MAX_ADDRESSES: usize = 32;
const MAX_TRIED: usize = 2;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let picked = parameters.name("target");
    let chosen: Vec<_> = context
        .targets
        .tcp
        .iter()
        .filter(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()))
        .collect();
    if chosen.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no targets under targets.tcp"));
    }
    let ask = |what| move |error| Unmeasured::io("ask the kernel for", what, &error);
    let addresses = platform::addresses().map_err(ask("addresses"))?;
    // `RT_SCOPE_UNIVERSE`.
    let address = addresses.iter().any(|one| one.address.is_ipv6() && one.scope == 0);
    let routes = platform::default_routes().map_err(ask("routes"))?;
    let route = routes.iter().any(|route| route.six);
    let targets = super::beside(&chosen, |(name, target)| try_both(context, name, target));
    for target in &targets {
        context.say(line(target));
    }
    let facts = Ipv6Facts { address, route, targets };
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

fn try_both(context: &Context<'_>, name: &str, target: &str) -> DualTarget {
    let mut told =
        DualTarget { name: name.to_owned(), target: target.to_owned(), ..DualTarget::default() };
    let found = targets::host_and_port(target, None)
        .ok_or_else(|| format!("{target:?} is not host:port"))
        .and_then(|(host, port)| reach::resolve_all(context, host, port, MAX_ADDRESSES));
    let addresses = match found {
        Ok(addresses) => addresses,
        Err(error) => {
            told.error = Some(error);
            return told;
        }
    };
    let of = |six: bool| addresses.iter().filter(move |at| at.is_ipv6() == six).take(MAX_TRIED);
    let tried: Vec<SocketAddr> = of(false).chain(of(true)).copied().collect();
    let attempts = super::beside(&tried, |at| reach::connect(context, *at, ATTEMPT).0);
    (told.v6, told.v4) = attempts.into_iter().partition(|attempt| attempt.address.is_ipv6());
    told
}

/// Refused is an answer, and so the way is there.
fn reaches(attempts: &[TcpAttempt]) -> bool {
    attempts.iter().any(|attempt| matches!(attempt.state, PortState::Open | PortState::Closed))
}

fn line(target: &DualTarget) -> String {
    let word = |attempts: &[TcpAttempt]| match attempts {
        [] => "no address",
        some if reaches(some) => "connects",
        _ => "does not connect",
    };
    match &target.error {
        Some(error) => format!("{}: {error}", target.target),
        None => format!("{}: IPv4 {}, IPv6 {}", target.target, word(&target.v4), word(&target.v6)),
    }
}

fn judge(facts: &Ipv6Facts) -> (Verdict, String) {
    let with: Vec<_> = facts.targets.iter().filter(|target| !target.v6.is_empty()).collect();
    let dead: Vec<_> = with.iter().filter(|target| !reaches(&target.v6)).collect();
    let four_only = || dead.iter().filter(|target| reaches(&target.v4)).map(|target| line(target));
    let told = || four_only().collect::<Vec<_>>().join(", ");
    match (facts.route, with.len(), dead.len()) {
        (false, ..) => {
            (Verdict::Pass, "there is no IPv6 here, and programs do not try it".to_owned())
        }
        (true, 0, _) => {
            (Verdict::Unknown, "no target has an IPv6 address to try the route with".to_owned())
        }
        (true, _, 0) => (Verdict::Pass, "IPv6 connects".to_owned()),
        (true, _, _) if told().is_empty() => {
            (Verdict::Unknown, "neither IPv6 nor IPv4 connects to what was tried".to_owned())
        }
        (true, all, dead) if dead == all => (
            Verdict::Fail,
            format!("there is a route for IPv6, but it does not connect: {}", told()),
        ),
        (true, ..) => (Verdict::Warn, told()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(v4: &[PortState], v6: &[PortState]) -> DualTarget {
        let attempts = |address: &str, states: &[PortState]| {
            let address = address.parse().expect("an address");
            states
                .iter()
                .map(|state| TcpAttempt { address, state: *state, latency_us: None, error: None })
                .collect()
        };
        DualTarget {
            target: "web:443".into(),
            v4: attempts("192.0.2.1:443", v4),
            v6: attempts("[2001:db8::1]:443", v6),
            ..DualTarget::default()
        }
    }

    #[test]
    fn a_route_without_a_connection_is_a_failure_only_where_ipv4_connects() {
        use PortState::{Closed, Filtered, Open, Unreachable};
        for (route, targets, verdict) in [
            (true, vec![target(&[Open], &[Open])], Verdict::Pass),
            (true, vec![target(&[Open], &[Closed])], Verdict::Pass),
            (true, vec![target(&[Open], &[Filtered])], Verdict::Fail),
            (true, vec![target(&[Open], &[Unreachable]), target(&[Open], &[Open])], Verdict::Warn),
            (true, vec![target(&[Filtered], &[Filtered])], Verdict::Unknown),
            (true, vec![target(&[Open], &[])], Verdict::Unknown),
            (false, vec![target(&[Open], &[Unreachable])], Verdict::Pass),
        ] {
            let facts = Ipv6Facts { address: route, route, targets };
            assert_eq!(judge(&facts).0, verdict, "{facts:?}");
        }
    }
}
