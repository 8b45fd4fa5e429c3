//! `net.mtu`: the largest packet that reaches a target in one piece. docs/probes.md: less than 1400
//! bytes is worth a look, less than 1280 (which IPv6 needs, RFC 8200, 5) a failure.
//!
//! By echoes that must not be taken apart, until the largest is found that comes back. A target that
//! answers no echoes leaves what the kernel has learnt of the way to it, which misses a router that
//! throws away what is too large for it without a word.

use std::net::{SocketAddr, UdpSocket};

use befund_model::probe::path::MtuFacts;
use befund_model::probe::{Parameters, Verdict};

use super::platform::echo::{PATIENCE, Pieces};
use super::platform::{self, Echo};
use super::{Context, Measured, Outcome, Unmeasured, reach, targets};

mod search;

const WARN_BELOW: u32 = 1_400;
const FAIL_BELOW: u32 = 1_280;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let picked = parameters.name("target");
    let chosen = context
        .targets
        .tcp
        .iter()
        .find(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()));
    let (name, target) = chosen
        .ok_or_else(|| Unmeasured::unsupported("the policy lists no targets under targets.tcp"))?;
    let mut facts = MtuFacts { name: name.clone(), ..MtuFacts::default() };
    let found = targets::host_and_port(target, None)
        .ok_or_else(|| format!("{target:?} is not host:port"))
        .and_then(|(host, port)| reach::resolve(context, host, port));
    match found {
        Err(error) => facts.error = Some(error),
        Ok(addresses) => {
            if let Some(at) = addresses.first() {
                measure(context, &mut facts, *at);
            }
        }
    }
    let (verdict, summary) = judge(&facts);
    context.say(&summary);
    let measured = Measured::new(verdict, summary.clone(), &facts)?;
    Ok(if facts.mtu.is_none() { measured.partial(summary) } else { measured })
}

fn measure(context: &Context<'_>, facts: &mut MtuFacts, at: SocketAddr) {
    facts.address = Some(at.ip());
    facts.interface_mtu = interface_mtu(context, at);
    let echo = Echo::open(at.ip(), 0, Pieces::Forbidden);
    let echoed = echo.map_err(|error| format!("echoes cannot be sent: {error}"));
    let left = |cap| context.left(cap).map_err(|late| late.reason);
    let echoed = echoed.and_then(|echo| search::largest(&echo, facts, at.ip(), left));
    let Err(error) = echoed else { return };
    facts.error = Some(error);
    let (attempt, stream) = reach::connect(context, at, PATIENCE);
    match stream.map(|stream| platform::path_mtu(&stream)) {
        Some(Ok(mtu)) => {
            facts.method = Some("kernel".to_owned());
            facts.mtu = Some(mtu);
        }
        Some(Err(error)) => {
            let told = facts.error.take().unwrap_or_default();
            facts.error = Some(format!("{told}; the system does not say what it knows: {error}"));
        }
        None => {
            let told = facts.error.take().unwrap_or_default();
            let why = attempt.error.unwrap_or_default();
            facts.error = Some(format!("{told}; it takes no connection either: {why}"));
        }
    }
}

/// The MTU of the interface that packets to there leave by.
fn interface_mtu(context: &Context<'_>, at: SocketAddr) -> Option<u32> {
    let any: SocketAddr = if at.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    // Nothing is sent: the kernel only chooses the way.
    socket.connect(at).ok()?;
    let local = socket.local_addr().ok()?.ip();
    let index = platform::addresses().ok()?.into_iter().find(|one| one.address == local)?.index;
    platform::interface_mtu(context, index)
}

fn judge(facts: &MtuFacts) -> (Verdict, String) {
    let Some(mtu) = facts.mtu else {
        let why = facts.error.as_deref().unwrap_or("nothing answered");
        return (Verdict::Unknown, format!("{}: {why}", facts.name));
    };
    let told = format!("packets of {mtu} bytes reach {}", facts.name);
    if mtu < FAIL_BELOW {
        (Verdict::Fail, format!("{told}, which is too little"))
    } else if facts.black_hole == Some(true) {
        (
            Verdict::Warn,
            format!("{told}; larger ones vanish without a word, so that connections hang"),
        )
    } else if mtu < WARN_BELOW {
        (Verdict::Warn, format!("{told}, which is little"))
    } else if facts.method.as_deref() == Some("icmp") {
        (Verdict::Pass, told)
    } else {
        (
            Verdict::Unknown,
            format!("{told} as far as the system knows; it answers no echoes to tell for sure"),
        )
    }
}
