//! The shipped network runbooks, each cause tried for real: a network that is broken in one way, the runbook that finds
//! it and no other, its fix with consent, its verification, and its undoing; and what the machine does by itself where a fix
//! makes it worse. What was tried, and what could not be and
//! why, stands in `runbooks/tried/net.md`.
//!
//!     cargo test -p befund-tests --test broken_networks -- [--all] [PART OF A NAME]...
//!
//! Without `--all`, one or two of each runbook are tried, and the others named: what a runbook waits for takes seconds on
//! a machine with nothing else to do, and may come too late on another.
#![expect(clippy::print_stdout, reason = "it prints what was tried, as a test runner does")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use befund_tests::laboratory::network::Desk;
use befund_tests::laboratory::network::world::{self, World};

mod clock;
mod internet;
mod managed;
mod names;
mod proxies;
mod shares;
mod tls;
mod tried;
mod vpn;
mod worse;

/// How many offices are open at one time: most of the time they wait.
const AT_ONCE: usize = 8;

/// Those that are tried each time.
const EACH_TIME: [&str; 15] = [
    "undone by the machine: another network",
    "undone by the machine: killed meanwhile",
    "net.no-internet healthy",
    "net.no-internet/dead-proxy",
    "net.no-internet/no-lease",
    "net.no-internet/no-route",
    "net.slow-dns/not-asked",
    "net.slow-dns/servers-dead",
    "net.proxy/settings-differ",
    "net.tls/expired",
    "net.tls/other-issuer",
    "net.vpn/clock-wrong",
    "share.unreachable/server-refuses",
    "time.wrong/servers-silent",
    "time.wrong/clock-off beyond the catalogue",
];

/// A way to break a network, and what is to come of it.
pub(crate) struct Scenario {
    /// Runbook, cause, and by what, as in `net.no-internet/dns-dead resolv.conf`.
    pub(crate) name: &'static str,
    /// How long it takes.
    pub(crate) takes: Takes,
    /// Tells it, with a number that no other office has.
    pub(crate) story: fn(&Desk, u8),
}

/// One of this name.
pub(crate) const fn scenario(name: &'static str, takes: Takes, story: fn(&Desk, u8)) -> Scenario {
    Scenario { name, takes, story }
}

/// How long a scenario takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Seconds.
    Seconds,
    /// The runbook has to wait for minutes.
    Minutes,
}

fn main() -> ExitCode {
    if let Err(why) = world::enter() {
        println!("not run, because {why}: all scenarios of broken networks");
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let everything = arguments.iter().any(|one| one == "--all");
    let parts: Vec<&String> = arguments.iter().filter(|one| !one.starts_with("--")).collect();
    let all: Vec<&Scenario> = [
        worse::ALL,
        managed::ALL,
        internet::ALL,
        names::ALL,
        proxies::ALL,
        tls::ALL,
        clock::ALL,
        vpn::ALL,
        shares::ALL,
    ]
    .into_iter()
    .flatten()
    .collect();
    let (chosen, left): (Vec<&Scenario>, Vec<&Scenario>) = all.into_iter().partition(|one| {
        parts.iter().any(|part| one.name.contains(part.as_str()))
            || (parts.is_empty() && (everything || EACH_TIME.contains(&one.name)))
    });
    let missing = tried::missing();
    assert!(
        missing.is_empty(),
        "runbooks/tried/net.md does not say whether these were tried: {missing:?}"
    );
    let begun = Instant::now();
    let desk = Desk::open(World::new(), worse::BOOKS);
    let waiting = Mutex::new(chosen.iter().enumerate());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(chosen.len()) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((place, scenario)) = next else { return };
                    let number = u8::try_from(place + 1).expect("fewer than 256 scenarios");
                    let since = Instant::now();
                    let told = catch_unwind(AssertUnwindSafe(|| (scenario.story)(&desk, number)));
                    let word = if told.is_ok() { "ok" } else { "FAILED" };
                    println!("{word:<6} {} ({:.1?})", scenario.name, since.elapsed());
                    if told.is_err() {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(scenario.name);
                    }
                }
            });
        }
    });
    for why in tried::rehearsed() {
        println!("not run, because {why}");
    }
    for scenario in left.iter().filter(|_| parts.is_empty()) {
        let long = match scenario.takes {
            Takes::Seconds => "",
            Takes::Minutes => ", and its runbook waits for minutes",
        };
        println!("not run each time (--all runs it{long}): {}", scenario.name);
    }
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} scenarios, {} failed, in {:.1?}", chosen.len(), failed.len(), begun.elapsed());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
