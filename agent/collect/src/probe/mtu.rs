//! `net.mtu`: the largest packet that reaches a target in one piece. docs/probes.md: less than 1400
//! bytes is worth a look, less than 1280 (which IPv6 needs, RFC 8200, 5) a failure.
//!
//! By echoes that must not be taken apart, until the largest is found that comes back. A target that
//! answers no echoes leaves what the kernel has learnt of the way to it, which misses a router that
//! throws away what is too large for it without a word.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use befund_model::probe::path::MtuFacts;
use befund_model::probe::{Parameters, Verdict};

use super::platform::{self, Echo};
use super::{Context, Measured, Outcome, Unmeasured, reach, targets};

const WARN_BELOW: u32 = 1_400;
const FAIL_BELOW: u32 = 1_280;
/// The least that is tried: every way carries it (RFC 791, 3.2; RFC 8200, 5).
const LEAST_V4: u32 = 576;
const LEAST_V6: u32 = 1_280;
/// Larger frames than the usual ones are told of their own network only.
const MOST: u32 = 1_500;
/// How long the first echoes are waited for, and later ones at least.
const FIRST: Duration = Duration::from_millis(1_000);
const LATER: Duration = Duration::from_millis(250);
/// How often a size is tried before it counts as too large: a lost packet is no large one.
const ATTEMPTS: u32 = 3;
/// ICMP's own head.
const ICMP: u32 = 8;

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
    let echo = Echo::open(at.ip(), 0).and_then(|echo| echo.whole().map(|()| echo));
    let echoed = echo.map_err(|error| format!("echoes cannot be sent: {error}"));
    let echoed = echoed.and_then(|echo| by_echo(context, facts, &echo, at.ip()));
    let Err(error) = echoed else { return };
    facts.error = Some(error);
    let (attempt, stream) = reach::connect(context, at, FIRST);
    match stream.map(|stream| platform::path_mtu(&stream)) {
        Some(Ok(mtu)) => {
            facts.method = Some("kernel".to_owned());
            facts.mtu = Some(mtu);
        }
        Some(Err(error)) => facts.error = Some(error.to_string()),
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
    let name = platform::links().ok()?.remove(&index)?;
    context.read(&format!("/sys/class/net/{name}/mtu")).ok()?.trim().parse().ok()
}

fn by_echo(
    context: &Context<'_>,
    facts: &mut MtuFacts,
    echo: &Echo,
    address: IpAddr,
) -> Result<(), String> {
    let (head, least) =
        if address.is_ipv4() { (20 + ICMP, LEAST_V4) } else { (40 + ICMP, LEAST_V6) };
    let mut sequence = 0;
    let mut patience = FIRST;
    let mut fits = |size: u32, facts: &mut MtuFacts| -> Result<Sized, String> {
        let data = usize::try_from(size.saturating_sub(head)).unwrap_or(0);
        for _ in 0..ATTEMPTS {
            let within = context.left(patience).map_err(|late| late.reason)?;
            sequence += 1;
            facts.sent += 1;
            let started = Instant::now();
            match echo.send(sequence, data) {
                Ok(()) => {}
                Err(error) if too_large(&error) => return Ok(Sized::Told),
                Err(error) => return Err(format!("echoes cannot be sent: {error}")),
            }
            loop {
                let left = within.saturating_sub(started.elapsed());
                match echo.receive(left) {
                    Ok(Some(number)) if number == sequence => {
                        patience = (started.elapsed() * 4).clamp(LATER, FIRST);
                        return Ok(Sized::Fits);
                    }
                    // A late answer to one before.
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) if too_large(&error) => return Ok(Sized::Told),
                    Err(_) => break,
                }
            }
        }
        Ok(Sized::Lost)
    };
    if fits(least, facts)? != Sized::Fits && fits(head, facts)? != Sized::Fits {
        return Err(format!("{address} answers no echoes"));
    }
    facts.method = Some("icmp".to_owned());
    let most = facts.interface_mtu.unwrap_or(MOST).clamp(least, MOST);
    let mut silent = false;
    let (mut low, mut high) = (least, most + 1);
    // The largest first: it mostly fits, and there is nothing to look for.
    let mut next = most;
    while low + 1 < high {
        match fits(next, facts)? {
            Sized::Fits => low = next,
            Sized::Told => high = next,
            Sized::Lost => {
                silent = true;
                high = next;
            }
        }
        next = low + (high - low) / 2;
    }
    // Not even the least may fit, on a way that should not be.
    if low == least && fits(least, facts)? != Sized::Fits {
        facts.mtu = Some(least - 1);
    } else {
        facts.mtu = Some(low);
    }
    facts.black_hole = Some(silent && low < most);
    Ok(())
}

/// What came of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sized {
    Fits,
    /// Somebody said that it is too large.
    Told,
    /// Nobody said anything.
    Lost,
}

fn too_large(error: &std::io::Error) -> bool {
    /// `EMSGSIZE` on Linux, `WSAEMSGSIZE` on Windows.
    const NUMBERS: [i32; 2] = [90, 10_040];
    error.raw_os_error().is_some_and(|number| NUMBERS.contains(&number))
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
