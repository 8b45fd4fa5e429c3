//! `dns.flush_cache`: whatever on this machine remembers names forgets them.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// What remembers names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cache {
    /// systemd-resolved, and the program with its word.
    Resolved(PathBuf, &'static str),
    /// nscd.
    Nscd(PathBuf),
    /// unbound.
    Unbound(PathBuf),
    /// dnsmasq, by its process.
    Dnsmasq(u32),
}

impl Cache {
    const fn name(&self) -> &'static str {
        match self {
            Self::Resolved(..) => "systemd-resolved",
            Self::Nscd(_) => "nscd",
            Self::Unbound(_) => "unbound",
            Self::Dnsmasq(_) => "dnsmasq",
        }
    }
}

fn look(context: &Context<'_>) -> Vec<Cache> {
    let (root, programs) = (context.root, context.programs);
    let mut caches = Vec::new();
    if root.exists("/run/systemd/resolve/resolv.conf") {
        let known = [("resolvectl", "flush-caches"), ("systemd-resolve", "--flush-caches")];
        let program = known.iter().find_map(|(name, word)| Some((programs.find(name)?, *word)));
        caches.extend(program.map(|(program, word)| Cache::Resolved(program, word)));
    }
    if ["/run/nscd/socket", "/var/run/nscd/socket"].iter().any(|socket| root.exists(socket)) {
        caches.extend(programs.find("nscd").map(Cache::Nscd));
    }
    if ["/run/unbound.pid", "/run/unbound/unbound.pid"].iter().any(|file| root.exists(file)) {
        caches.extend(programs.find("unbound-control").map(Cache::Unbound));
    }
    for file in ["/run/dnsmasq/dnsmasq.pid", "/run/dnsmasq.pid", "/run/NetworkManager/dnsmasq.pid"]
    {
        let pid = root.line(file).and_then(|line| line.parse::<u32>().ok());
        // The number may have gone to another process.
        let alive =
            |pid: &u32| root.line(&format!("/proc/{pid}/comm")).as_deref() == Some("dnsmasq");
        caches.extend(pid.filter(alive).map(Cache::Dnsmasq));
    }
    caches
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let caches = look(context);
    let lines = caches.iter().map(|cache| format!("empty the cache of {}", cache.name())).collect();
    let looked_for = "systemd-resolved, nscd, unbound and dnsmasq";
    Ok(Plan::changes(lines, format!("nothing here remembers names (looked for {looked_for})")))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let caches = look(context);
    for cache in &caches {
        match cache {
            Cache::Resolved(program, word) => {
                context.must(program, &[word])?;
            }
            Cache::Nscd(program) => {
                context.must(program, &["-i", "hosts"])?;
            }
            Cache::Unbound(program) => {
                context.must(program, &["flush_zone", "."])?;
            }
            // dnsmasq(8): SIGHUP clears the cache.
            Cache::Dnsmasq(pid) => {
                let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
                let pid = pid.ok_or_else(|| Trouble::failed("dnsmasq has ended"))?;
                kill_process(pid, Signal::HUP)
                    .map_err(|error| Trouble::io("have dnsmasq empty its cache", &error.into()))?;
            }
        }
    }
    let names: Vec<&str> = caches.iter().map(Cache::name).collect();
    Ok(format!("the cache of {} was emptied", names.join(", ")))
}
