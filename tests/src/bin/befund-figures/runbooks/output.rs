//! Output of scripts: when its first line is seen on a watched ticket, and what much of it costs the agent.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_tests::programs::program;

use super::works::{self, Works};
use crate::{machine, times};

/// Prints how long it takes from the call, and from the start of `befund run`, to the first line on a ticket that
/// somebody watches; and the same where the executor had gone.
pub(super) async fn first_line(works: &Works, rounds: usize, cold: usize) -> Result<()> {
    let mut timeline = works.technician.watch_ticket(works.ticket).await?;
    let work = works::one_line();
    for (what, rounds, gone) in [("", rounds, false), (", executor gone", cold, true)] {
        let (mut called, mut typed) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            if gone {
                super::cold::send_away(works)?;
            }
            let begun = Instant::now();
            let job = works.technician.start(&works.machine, &work, Some(works.ticket)).await?;
            while !timeline.output().await?.1.contains(works::WORD) {}
            called.push(begun.elapsed());
            works.technician.end_of(job.id).await?;
            if gone {
                super::cold::send_away(works)?;
            }
            let ticket = works.ticket.to_string();
            let begun = Instant::now();
            let mut run = works.operator.command(&["run", work.name(), "--on", &works.machine]);
            run.args(["--ticket", &ticket]).stdout(Stdio::null()).stdin(Stdio::null());
            let mut run = run.spawn().context("start befund run")?;
            while !timeline.output().await?.1.contains(works::WORD) {}
            typed.push(begun.elapsed());
            let status = run.wait().context("wait for befund run")?;
            if !status.success() {
                bail!("befund run ended with {status}");
            }
        }
        times(&format!("POST to the first line of output{what}"), called);
        times(&format!("`befund run` to the first line{what}"), typed);
    }
    Ok(())
}

/// Prints what the agent's processes use of a processor while a script prints.
pub(super) async fn weight(works: &Works, watched: Duration) -> Result<()> {
    let mut timeline = works.technician.watch_ticket(works.ticket).await?;
    let job =
        works.technician.start(&works.machine, &works::many_lines(), Some(works.ticket)).await?;
    while timeline.output().await?.0 != job.id {}
    // Past its beginning.
    let settled = tokio::time::Instant::now() + Duration::from_secs(2);
    while tokio::time::timeout_at(settled, timeline.output()).await.is_ok() {}
    let (before, begun) = (busy(works)?, Instant::now());
    let until = tokio::time::Instant::now() + watched;
    let mut bytes = 0;
    while let Ok(output) = tokio::time::timeout_at(until, timeline.output()).await {
        let (of, text) = output?;
        if of == job.id {
            bytes += text.len() + 1;
        }
    }
    let (after, took) = (busy(works)?, begun.elapsed());
    let mut all = Duration::ZERO;
    for ((pid, name), now) in &after {
        let was = before.get(&(*pid, name.clone())).copied().unwrap_or_default();
        let share = now.saturating_sub(was);
        all += share;
        println!("  {name:<46} {:.2} % of a core", percent(share, took));
    }
    let rate = bytes as f64 / 1_024.0 / took.as_secs_f64();
    println!(
        "{:<48} {:.2} % of a core, all its processes, at {rate:.1} KiB/s over {:.0} s",
        "output of a script, the agent",
        percent(all, took),
        took.as_secs_f64()
    );
    works.technician.end_of(job.id).await
}

fn percent(busy: Duration, of: Duration) -> f64 {
    busy.as_secs_f64() / of.as_secs_f64() * 100.0
}

/// How long each process of the agent's program has been at work, by its number and the part that it is.
fn busy(works: &Works) -> Result<BTreeMap<(u32, String), Duration>> {
    let agent = program("befund-agent").canonicalize().context("find the agent's program")?;
    let mut all = BTreeMap::new();
    for pid in machine::family(works.link)? {
        let path = std::fs::read_link(format!("/proc/{pid}/exe"));
        if path.is_ok_and(|path| path == agent) {
            let part = machine::part(pid)?;
            all.insert((pid, part), machine::busy(pid)?);
        }
    }
    Ok(all)
}
