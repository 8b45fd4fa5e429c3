//! The executor that had gone: what it takes until it is back and has verified what it keeps, what it weighs while it
//! stays, and what it costs to verify a catalogue.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_executor::ExecutorClient;
use rustix::process::{Pid, Signal};

use super::works::Works;
use crate::{machine, mib, times};

/// How long an executor may take to go.
const PATIENCE: Duration = Duration::from_secs(10);

fn client(works: &Works) -> ExecutorClient {
    ExecutorClient::new(works.agent.folder().join("run/executor.sock"))
}

/// The executor's process, if there is one.
fn executor(works: &Works) -> Result<Option<u32>> {
    for pid in machine::family(works.link)? {
        // One that ended meanwhile is none.
        if machine::part(pid).is_ok_and(|part| part == "executor") {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}

/// Has the executor end, as it does when it is idle, and waits until it has. One that the link has started again meanwhile,
/// to report what was not reported yet, ends in the same way.
pub(super) fn send_away(works: &Works) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut told = None;
    while let Some(pid) = executor(works)? {
        if told != Some(pid) {
            let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
            let process = process.context("a process's number")?;
            rustix::process::kill_process(process, Signal::TERM).context("end the executor")?;
            told = Some(pid);
        }
        if Instant::now() > deadline {
            bail!("the executor does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // Whoever holds its door has noticed.
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// Prints how long it takes from knocking at the door of an executor that had gone to its word which catalogue it has
/// verified.
pub(super) async fn start(works: &Works, rounds: usize) -> Result<()> {
    let (mut walls, mut files, mut cpu) = (Vec::new(), 0, Duration::ZERO);
    for _ in 0..rounds {
        send_away(works)?;
        let begun = Instant::now();
        let trust = client(works).trust().await.context("ask the executor")?;
        walls.push(begun.elapsed());
        files = trust.files.len();
        if files == 0 {
            bail!("the executor has no catalogue");
        }
        if let Some(pid) = executor(works)? {
            cpu += machine::busy(pid)?;
        }
    }
    times(&format!("executor gone to catalogue of {files} verified"), walls);
    let mean = cpu.as_secs_f64() * 1e3 / rounds.max(1) as f64;
    println!("{:<48} mean {mean:.1} ms", "  of it CPU of the executor");
    Ok(())
}

/// Prints how long an executor takes to verify a catalogue that is offered: signatures, digests, every runbook read
/// and looked at, and to write down that it has it.
pub(super) async fn verify(works: &Works, rounds: usize) -> Result<()> {
    let folder = works.folder();
    let read =
        |name: &str| std::fs::read(folder.join(name)).with_context(|| format!("read {name}"));
    let manifest = read("manifest.json")?;
    let signature = String::from_utf8(read("manifest.json.1.sig")?).context("read a signature")?;
    let (mut walls, executor) = (Vec::new(), client(works));
    executor.trust().await.context("ask the executor")?;
    for _ in 0..rounds {
        let begun = Instant::now();
        let wanted = executor.offer_catalogue(&manifest, vec![signature.clone()]).await;
        let wanted = wanted.context("offer the catalogue")?;
        walls.push(begun.elapsed());
        if !wanted.is_empty() {
            bail!("the executor lacks {}", wanted.join(", "));
        }
    }
    times("a catalogue of 200 and more, verified and taken", walls);
    Ok(())
}

/// Prints what the executor and its children weigh between jobs.
pub(super) fn memory(works: &Works) -> Result<()> {
    for pid in machine::family(works.link)? {
        let memory = machine::memory(pid)?;
        println!(
            "{:<48} RSS {:.2} MiB, PSS {:.2} MiB",
            format!("between jobs, {}", machine::part(pid)?),
            mib(memory.rss_kb * 1_024),
            mib(memory.pss_kb * 1_024)
        );
    }
    Ok(())
}
