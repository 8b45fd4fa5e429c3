//! Probes: the code behind each row of [`befund_model::probe::spec::PROBES`].
//!
//! Everything here blocks and keeps a deadline of its own; it runs in the collect child, which is
//! killed when it overstays. Targets come from [`Targets`], which the executor took from the
//! machine's policy; nothing here takes an address from an order.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use befund_model::probe::spec::{self, Parameters, Spec};
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;

mod addr;
mod answer;
mod client_cert;
mod clock;
mod disk;
mod dns;
mod fetch;
mod gateway;
#[doc(hidden)]
pub mod hostile;
mod http;
mod interception;
mod ipv6;
mod link;
mod log;
mod loss;
mod mtu;
mod netlink;
mod overrides;
mod pac;
mod platform;
mod process;
mod proxy;
mod reach;
mod service;
mod targets;
mod tcp;
mod tls;
mod truth;
mod wire;

pub use targets::{HttpCheck, Targets};

/// What a probe may use.
pub struct Context<'a> {
    /// Where the system's files are: `/`, or a recorded tree.
    pub root: &'a Path,
    /// What the machine's policy lets probes reach.
    pub targets: &'a Targets,
    /// The corrected wall clock.
    pub clock: &'a Clock,
    /// When the probe must have ended.
    pub deadline: Instant,
    /// Takes a line for people while the probe runs.
    pub output: &'a (dyn Fn(&str) + Sync),
}

impl Context<'_> {
    /// A system file under the root.
    fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// A system file's text.
    fn read(&self, absolute: &str) -> Result<String, Unmeasured> {
        let bytes = std::fs::read(self.path(absolute))
            .map_err(|error| Unmeasured::io("read", absolute, &error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The bytes of a file that somebody's configuration names: a plain one, `cap` bytes at most.
    fn bytes(&self, absolute: &str, cap: u64) -> Result<Vec<u8>, Unmeasured> {
        let failed = |error| Unmeasured::io("read", absolute, &error);
        if absolute.split('/').any(|part| part == "..") {
            return Err(Unmeasured::failed(format!("{absolute} leads up")));
        }
        let path = self.path(absolute);
        // A pipe or a device could be waited for without end.
        if !std::fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(Unmeasured::failed(format!("{absolute} is no file")));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        std::io::Read::read_to_end(&mut std::io::Read::take(file, cap), &mut bytes)
            .map_err(failed)?;
        Ok(bytes)
    }

    /// What is left until the deadline, at most `cap`; an error once nothing is.
    fn left(&self, cap: Duration) -> Result<Duration, Unmeasured> {
        match self.deadline.saturating_duration_since(Instant::now()).min(cap) {
            Duration::ZERO => Err(Unmeasured {
                status: Status::Timeout,
                reason: "the probe's time was over before it could ask".to_owned(),
            }),
            left => Ok(left),
        }
    }

    fn say(&self, line: impl Display) {
        (self.output)(&line.to_string());
    }
}

/// What a probe found.
struct Measured {
    status: Status,
    reason: String,
    verdict: Verdict,
    summary: String,
    facts: Value,
}

impl Measured {
    fn new(verdict: Verdict, summary: String, facts: &impl Serialize) -> Result<Self, Unmeasured> {
        let facts = serde_json::to_value(facts).map_err(|error| Unmeasured {
            status: Status::Failed,
            reason: format!("the facts could not be written as JSON: {error}"),
        })?;
        Ok(Self { status: Status::Ok, reason: String::new(), verdict, summary, facts })
    }

    /// Marks that something is missing from the facts.
    fn partial(mut self, reason: String) -> Self {
        self.status = Status::Partial;
        self.reason = reason;
        self
    }
}

/// Why a probe measured nothing.
#[derive(Debug)]
struct Unmeasured {
    status: Status,
    reason: String,
}

impl Unmeasured {
    fn failed(reason: impl Into<String>) -> Self {
        Self { status: Status::Failed, reason: reason.into() }
    }

    fn unsupported(reason: impl Into<String>) -> Self {
        Self { status: Status::Unsupported, reason: reason.into() }
    }

    fn io(verb: &str, what: &str, error: &std::io::Error) -> Self {
        let status = match error.kind() {
            std::io::ErrorKind::NotFound => Status::Unsupported,
            std::io::ErrorKind::PermissionDenied => Status::Denied,
            _ => Status::Failed,
        };
        Self { status, reason: format!("could not {verb} {what}: {error}") }
    }
}

type Outcome = Result<Measured, Unmeasured>;
type Function = fn(&Context<'_>, &Parameters) -> Outcome;

/// The function behind each probe.
const FUNCTIONS: &[(&str, Function)] = &[
    ("clock.offset", clock::run),
    ("disk.space", disk::run),
    ("log.tail", log::run),
    ("net.addr", addr::run),
    ("net.client-cert", client_cert::run),
    ("net.dns", dns::run),
    ("net.dns-truth", truth::run),
    ("net.gateway", gateway::run),
    ("net.http", http::run),
    ("net.interception", interception::run),
    ("net.ipv6", ipv6::run),
    ("net.link", link::run),
    ("net.loss", loss::run),
    ("net.mtu", mtu::run),
    ("net.overrides", overrides::run),
    ("net.pac", pac::run),
    ("net.proxy", proxy::run),
    ("net.tcp", tcp::run),
    ("net.tls", tls::run),
    ("process.top", process::run),
    ("service.state", service::run),
];

/// Runs one probe to its end.
#[must_use]
pub fn run(spec: &Spec, parameters: &Value, context: &Context<'_>) -> ProbeResult {
    let started = Instant::now();
    let outcome = match (
        FUNCTIONS.iter().find(|(name, _)| *name == spec.name),
        spec.check(parameters, |list| context.targets.names(list)),
    ) {
        (None, _) => Err(Unmeasured::unsupported(format!(
            "this agent has no probe {}; a newer one may",
            spec.name
        ))),
        (_, Err(error)) => Err(Unmeasured::failed(error.to_string())),
        (Some((_, function)), Ok(parameters)) => function(context, &parameters),
    };
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match outcome {
        Ok(measured) => ProbeResult {
            probe: spec.name.to_owned(),
            version: spec.version,
            status: measured.status,
            reason: measured.reason,
            verdict: measured.verdict,
            summary: measured.summary,
            facts: measured.facts,
            took_us,
        },
        Err(Unmeasured { status, reason }) => {
            ProbeResult { took_us, ..ProbeResult::without_facts(spec, status, reason) }
        }
    }
}

/// Runs one probe by name, for those who have no [`Spec`] at hand.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    spec::probe(name)
}

/// Does something for each entry, all beside one another; a single one is spared a thread.
fn beside<T: Sync, R: Send>(entries: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if let [one] = entries {
        return vec![run(one)];
    }
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = entries.iter().map(|entry| scope.spawn(move || run(entry))).collect();
        threads
            .into_iter()
            // A panic goes on here, as it would without threads.
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Microseconds of a duration, as facts hold them.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A latency for people.
fn millis(us: u64) -> String {
    let (whole, tenths) = (us / 1000, us % 1000 / 100);
    if whole < 10 { format!("{whole}.{tenths} ms") } else { format!("{whole} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_of_the_catalogue_has_its_function_and_no_other() {
        let mut named: Vec<_> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        named.sort_unstable();
        let catalogue: Vec<_> = spec::PROBES.iter().map(|spec| spec.name).collect();
        assert_eq!(named, catalogue);
    }
}
