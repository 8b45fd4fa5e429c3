//! The load generator: many simulated agents against one real controller, on loopback.
#![expect(clippy::print_stdout, reason = "a program whose product is what it prints")]
//!
//! Each agent is enrolled with a key of its own, connects over mutually authenticated TLS, holds its
//! session open and sends snapshots. The generator starts the controller itself, as a process, reads
//! that process's memory from `/proc`, and prints what it measured. It asserts nothing.

mod agent;
mod controller;
mod counted;
mod figures;
mod snapshot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use agent::{Agent, Connected};
use controller::Controller;
use figures::{Figures, percentiles};

/// Puts a fleet of simulated agents onto one controller and prints what it costs.
#[derive(Debug, Parser)]
struct Options {
    /// How many agents. The controller and this program each need as many descriptors
    /// (`ulimit -n`), and a few more.
    #[arg(long, default_value_t = 1_000)]
    agents: usize,
    /// The controller's binary; by default the one beside this program.
    #[arg(long)]
    controller: Option<std::path::PathBuf>,
    /// The controller's database; by default SQLite in its folder.
    #[arg(long)]
    database: Option<String>,
    /// Sections of each snapshot.
    #[arg(long, default_value_t = 12)]
    sections: usize,
    /// Bytes of each section, expanded.
    #[arg(long, default_value_t = 8_192)]
    section_bytes: usize,
    /// How many agents do the same thing at once.
    #[arg(long, default_value_t = 64)]
    at_once: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the generator's runtime")?;
    runtime.block_on(run(options))
}

async fn run(options: Options) -> Result<()> {
    let folder = tempfile::tempdir().context("make a folder for the controller")?;
    let controller = Controller::start(&options, folder.path()).await?;
    let figures = Figures::new(&options, &controller)?;

    let token = controller.token(options.agents)?;
    let (agents, took) = each(&options, 0..options.agents, move |index| {
        let token = token.clone();
        async move { Agent::enroll(index, &token).await }
    })
    .await?;
    figures.rate("enrolled", agents.len(), took)?;
    figures.memory("after enrollment, nobody connected", 0)?;

    let (connected, took) =
        each(&options, agents, |agent| async move { agent.connect().await }).await?;
    figures.rate("connected (TLS, session, welcomed)", connected.len(), took)?;
    figures.settle().await;
    figures.memory("idle", connected.len())?;

    let shape = snapshot::Shape { sections: options.sections, bytes: options.section_bytes };
    let fleet = Arc::new(snapshot::Fleet::new(shape)?);
    let connected = prepare(&options, &fleet, connected, 0).await?;
    let (connected, took) = each(&options, connected, |mut agent: Connected| async move {
        agent.send().await?;
        Ok(agent)
    })
    .await?;
    figures.rate("first snapshots, nothing known, durable", connected.len(), took)?;
    figures.settle().await;
    figures.memory("idle, once each has sent", connected.len())?;

    let connected = prepare(&options, &fleet, connected, 1).await?;
    let (timed, took) = each(&options, connected, |mut agent: Connected| async move {
        let begun = Instant::now();
        agent.send().await?;
        Ok((agent, begun.elapsed()))
    })
    .await?;
    figures.rate("second snapshots, about 90 % known, durable", timed.len(), took)?;
    let (connected, times): (Vec<Connected>, Vec<Duration>) = timed.into_iter().unzip();
    figures.times("a second snapshot, from first byte to receipt", &percentiles(times));

    let (timed, took) = each(&options, connected, |mut agent: Connected| async move {
        let begun = Instant::now();
        let bytes = agent.check_in().await?;
        Ok((agent, (begun.elapsed(), bytes)))
    })
    .await?;
    figures.rate("check-ins without change, answered", timed.len(), took)?;
    let (connected, costs): (Vec<Connected>, Vec<(Duration, u64)>) = timed.into_iter().unzip();
    let (times, bytes): (Vec<Duration>, Vec<u64>) = costs.into_iter().unzip();
    figures.times("a check-in", &percentiles(times));
    figures.bytes("a check-in, both ways with TLS", bytes);

    figures.settle().await;
    figures.memory("at the end", connected.len())?;
    drop(connected);
    controller.stop().await
}

/// Makes each agent's snapshot of this round before anything is timed.
async fn prepare(
    options: &Options,
    fleet: &Arc<snapshot::Fleet>,
    agents: Vec<Connected>,
    round: usize,
) -> Result<Vec<Connected>> {
    let fleet = Arc::clone(fleet);
    let prepared = each(options, agents, move |mut agent| {
        let fleet = Arc::clone(&fleet);
        async move {
            agent.prepare(&fleet, round)?;
            Ok(agent)
        }
    });
    Ok(prepared.await?.0)
}

/// Does the same for each, so many at once, and says how long all took together.
async fn each<I, T, F, Fut>(options: &Options, inputs: I, work: F) -> Result<(Vec<T>, Duration)>
where
    I: IntoIterator,
    I::Item: Send + 'static,
    T: Send + 'static,
    F: Fn(I::Item) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(options.at_once));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for input in inputs {
        let place = Arc::clone(&places).acquire_owned().await.context("a place")?;
        let work = work.clone();
        tasks.spawn(async move {
            let done = work(input).await;
            drop(place);
            done
        });
    }
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(result) = tasks.join_next().await {
        done.push(result.context("a simulated agent panicked")??);
    }
    Ok((done, begun.elapsed()))
}
