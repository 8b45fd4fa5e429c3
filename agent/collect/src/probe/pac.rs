//! `net.pac`: the proxy scripts that are configured: whether each comes, how fast, and whether it is
//! one. docs/probes.md: longer than 3 s is worth a look; one that does not come, or is none, is a
//! failure.
//!
//! A script is looked at, never run: it would be a stranger's program in the privileged half. What is
//! checked is that it has the function that browsers call, and that its brackets fit; the proxies that
//! it names are knocked at.

use std::time::{Duration, Instant};

use befund_model::probe::trust::{PacFacts, PacProxy, PacScript};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, fetch, micros, millis, platform, reach, targets};

mod script;

const SLOW: Duration = Duration::from_secs(3);
/// The most bytes of a script; Chromium takes 1 MiB.
const MAX_BYTES: usize = 1 << 20;
/// The most scripts.
const MAX_SCRIPTS: usize = 4;
/// How long a proxy may take to take the connection.
const KNOCK: Duration = Duration::from_secs(2);

/// A script that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configured {
    /// The file or setting that names it.
    pub(super) source: String,
    pub(super) at: Place,
    pub(super) set_by: SetBy,
}

/// Where a script is to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Url(String),
    /// It is looked for in the network (WPAD).
    Network,
}

/// Who set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetBy {
    /// Whoever administers the machine.
    Owner,
    /// Somebody who uses it, or the network. They name no files to the privileged half.
    Other,
}

/// A script to fetch: who names it, by which address, and who set that.
type Wanted = (String, String, SetBy);

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let configured = platform::scripts(context)
        .map_err(|error| super::Unmeasured::io("read", "the proxy settings", &error))?;
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut add = |source: String, url: String, set_by| {
        if !wanted.iter().any(|(_, known, _)| *known == url) && wanted.len() < MAX_SCRIPTS {
            wanted.push((source, url, set_by));
        }
    };
    let mut looked_for = None;
    for Configured { source, at, set_by } in configured {
        match at {
            Place::Url(url) => add(source, url, set_by),
            // The network is asked once, however many let it say.
            Place::Network if looked_for.is_none() => {
                let found = platform::looked_for(context);
                for url in found.as_deref().unwrap_or_default() {
                    add(source.clone(), url.clone(), SetBy::Other);
                }
                looked_for = Some(found);
            }
            Place::Network => {}
        }
    }
    let scripts = super::beside(&wanted, |wanted| script(context, wanted));
    for script in &scripts {
        context.say(line(script));
    }
    let (verdict, summary) = judge(&scripts, looked_for.is_some());
    let measured = Measured::new(verdict, summary, &PacFacts { scripts })?;
    Ok(match looked_for {
        Some(Err(reason)) => measured.partial(reason),
        Some(Ok(_)) | None => measured,
    })
}

fn script(context: &Context<'_>, (source, url, set_by): &Wanted) -> PacScript {
    let shown = url.split(['?', '#']).next().unwrap_or(url).to_owned();
    let mut told = PacScript { url: shown, source: source.clone(), ..PacScript::default() };
    let started = Instant::now();
    let body = match url.strip_prefix("file://") {
        Some(path) => file(context, path, *set_by),
        None => fetch::get(context, url, MAX_BYTES).map(|fetched| {
            told.status = Some(fetched.status);
            fetched.body
        }),
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            told.problem = Some(error);
            return told;
        }
    };
    told.took_us = Some(micros(started.elapsed()));
    told.bytes = u64::try_from(body.len()).ok();
    if told.status.is_some_and(|status| status != 200) {
        told.problem = Some(format!("the server answers {}", told.status.unwrap_or(0)));
        return told;
    }
    let text = String::from_utf8_lossy(&body);
    told.problem = script::problem(&text).map(str::to_owned);
    told.usable = told.problem.is_none();
    let addresses = script::proxies(&text);
    told.proxies = super::beside(&addresses, |address| {
        let reached = targets::host_and_port(address, None)
            .is_some_and(|(host, port)| reach::connect_host(context, host, port, KNOCK).is_ok());
        PacProxy { address: address.clone(), reachable: reached }
    });
    told
}

/// A script that is a file of this machine.
fn file(context: &Context<'_>, path: &str, set_by: SetBy) -> Result<Vec<u8>, String> {
    match set_by {
        SetBy::Owner => {}
        SetBy::Other => return Err("it is a file that not this machine's owner names".to_owned()),
    }
    // An address has a slash before a drive's letter.
    let plain = [path, path.trim_start_matches('/')];
    let path = plain.into_iter().find(|path| platform::is_absolute(path));
    let path = path.ok_or_else(|| "it is no file of this machine".to_owned())?;
    context.bytes(path, MAX_BYTES as u64).map_err(|error| error.reason)
}

fn line(script: &PacScript) -> String {
    match (&script.problem, script.took_us) {
        (Some(problem), _) => format!("{}: {problem}", script.url),
        (None, Some(us)) => {
            let proxies = script.proxies.len();
            format!("{} came in {} and names {proxies} proxies", script.url, millis(us))
        }
        (None, None) => format!("{} did not come", script.url),
    }
}

fn judge(scripts: &[PacScript], looked_for: bool) -> (Verdict, String) {
    if scripts.is_empty() && looked_for {
        let none = "no proxy script is configured, and the network was asked and names none";
        return (Verdict::Pass, none.to_owned());
    }
    if scripts.is_empty() {
        return (Verdict::Pass, "no proxy script is configured for the whole machine".to_owned());
    }
    let bad: Vec<_> = scripts.iter().filter(|script| !script.usable).map(line).collect();
    if !bad.is_empty() {
        return (Verdict::Fail, bad.join(", "));
    }
    let all: Vec<_> = scripts.iter().map(line).collect();
    let slow = scripts.iter().any(|script| script.took_us > Some(micros(SLOW)));
    let dead: Vec<_> = scripts
        .iter()
        .flat_map(|script| &script.proxies)
        .filter(|proxy| !proxy.reachable)
        .map(|proxy| proxy.address.as_str())
        .collect();
    if !dead.is_empty() {
        let dead = dead.join(", ");
        (Verdict::Warn, format!("{}; these take no connections: {dead}", all.join(", ")))
    } else if slow {
        (Verdict::Warn, all.join(", "))
    } else {
        (Verdict::Pass, all.join(", "))
    }
}
