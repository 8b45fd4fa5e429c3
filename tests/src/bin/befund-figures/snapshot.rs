//! What a whole snapshot of this machine costs: the collect child, started as the executor starts it.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use befund_collect::Plan;
use befund_executor::child::{ChildOrder, ChildWork};
use befund_model::snapshot::PrivacyClass;
use befund_runtime::frame;

use crate::{machine, times};

/// Takes so many snapshots and prints wall time and CPU time of each, the child's start included.
pub(crate) fn cost(agent: &Path, rounds: u32) -> Result<()> {
    let mut walls = Vec::new();
    let (mut bytes, before) = (0, machine::ended_children()?);
    for _ in 0..rounds {
        let begun = Instant::now();
        let mut child = Command::new(agent)
            .arg("collect")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", agent.display()))?;
        let order = ChildOrder {
            parent: std::process::id(),
            root: "/".into(),
            work: ChildWork::Collect(Plan::all(PrivacyClass::Consent)),
        };
        let mut to = child.stdin.take().context("the child's standard input")?;
        frame::write(&mut to, &order, &[]).context("hand the child its order")?;
        drop(to);
        let mut told = Vec::new();
        let mut from = child.stdout.take().context("the child's standard output")?;
        from.read_to_end(&mut told).context("read the snapshot")?;
        let status = child.wait().context("wait for the child")?;
        walls.push(begun.elapsed());
        bytes = told.len();
        if !status.success() {
            bail!("the collect child ended with {status}");
        }
    }
    if rounds > 0 {
        let cpu = machine::ended_children()?.saturating_sub(before) / rounds;
        times(&format!("a whole snapshot ({bytes} bytes), wall"), walls);
        println!("{:<48} mean {:.1} ms", "a whole snapshot, CPU", cpu.as_secs_f64() * 1e3);
    }
    Ok(())
}
