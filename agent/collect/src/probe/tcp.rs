//! `net.tcp`: whether ports take connections. docs/probes.md: a refusal means closed, silence
//! means filtered.

use std::time::Duration;

use befund_model::probe::remote::{PortState, TcpFacts, TcpTarget};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, millis, reach, targets};

/// How long one address may take.
const ATTEMPT: Duration = Duration::from_secs(3);

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let picked = parameters.name("target");
    let chosen: Vec<_> = context
        .targets
        .tcp
        .iter()
        .filter(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()))
        .collect();
    if chosen.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no ports under targets.tcp"));
    }
    let targets = super::beside(&chosen, |(name, target)| ask(context, name, target));
    for target in &targets {
        context.say(line(target));
    }
    let worst = targets.iter().map(|target| target.state).min().unwrap_or(PortState::Unreachable);
    let verdict = if worst == PortState::Open { Verdict::Pass } else { Verdict::Fail };
    let summary = targets.iter().map(line).collect::<Vec<_>>().join(", ");
    Measured::new(verdict, summary, &TcpFacts { targets })
}

fn ask(context: &Context<'_>, name: &str, target: &str) -> TcpTarget {
    let told = |attempts, state, error| TcpTarget {
        name: name.to_owned(),
        target: target.to_owned(),
        attempts,
        state,
        error,
    };
    let found = targets::host_and_port(target, None)
        .ok_or_else(|| format!("{target:?} is not host:port"))
        .and_then(|(host, port)| reach::resolve(context, host, port));
    match found {
        Err(error) => told(Vec::new(), PortState::Unreachable, Some(error)),
        Ok(addresses) => {
            let attempts = super::beside(&addresses, |at| reach::connect(context, *at, ATTEMPT).0);
            let best = attempts.iter().map(|attempt| attempt.state).max();
            told(attempts, best.unwrap_or(PortState::Unreachable), None)
        }
    }
}

fn line(target: &TcpTarget) -> String {
    let fastest = target.attempts.iter().filter_map(|attempt| attempt.latency_us).min();
    let word = match target.state {
        PortState::Open => "open",
        PortState::Closed => "closed",
        PortState::Filtered => "filtered",
        PortState::Unreachable => "unreachable",
    };
    let of_attempt = target.attempts.iter().find_map(|attempt| attempt.error.as_deref());
    match (target.state, fastest, target.error.as_deref().or(of_attempt)) {
        (PortState::Open, Some(us), _) => format!("{} open in {}", target.target, millis(us)),
        (PortState::Unreachable, _, Some(error)) => format!("{} {word}: {error}", target.target),
        _ => format!("{} {word}", target.target),
    }
}
