//! The figures of one machine: a real controller, a real agent, on loopback.
#![expect(clippy::print_stdout, reason = "a program whose product is what it prints")]
//!
//! Prints how long a job takes from the REST call to its durable result, how long a request for
//! help takes to reach a technician who watches, what a whole snapshot costs, and what an idle agent
//! costs. It asserts nothing. What many agents cost is `befund-load`'s subject.

mod api;
mod history;
mod machine;
mod runbooks;
mod snapshot;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_model::job::Work;
use befund_tests::agent::TestAgent;
use befund_tests::controller::TestController;
use befund_tests::programs::program;
use clap::Parser;

use api::Technician;

/// Starts a controller and an agent and prints what they cost and how fast they are.
///
/// The programs are looked for in the folders of BEFUND_PROGRAMS, then beside this one.
#[derive(Debug, Parser)]
struct Options {
    /// Jobs to run, one after the other.
    #[arg(long, default_value_t = 200)]
    jobs: usize,
    /// What each job runs: a probe.
    #[arg(long, default_value = "disk.space")]
    probe: String,
    /// Requests for help to send.
    #[arg(long, default_value_t = 10)]
    sends: usize,
    /// Snapshots to take.
    #[arg(long, default_value_t = 40)]
    snapshots: u32,
    /// How long to watch the idle agent, seconds; 0 skips it (its executor is waited for first).
    #[arg(long, default_value_t = 60)]
    idle: u64,
    /// Only this: days of a machine's history, to see what they take in the store.
    #[arg(long, value_name = "DAYS")]
    history: Option<usize>,
    /// Only this: what signed runbooks cost, with `--jobs` of each kind.
    #[arg(long)]
    runbooks: bool,
    /// With `--runbooks`: how long output is watched, seconds.
    #[arg(long, default_value_t = 20)]
    output: u64,
    /// The controller's database; by default SQLite in its folder.
    #[arg(long)]
    database: Option<String>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(days) = options.history {
        return history::cost(days);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    sizes()?;
    if options.runbooks {
        let watched = Duration::from_secs(options.output);
        return runtime.block_on(runbooks::cost(
            options.database.as_deref(),
            options.jobs,
            watched,
        ));
    }
    snapshot::cost(&program("befund-agent"), options.snapshots)?;
    let controller = TestController::start_on(options.database.as_deref());
    let mut agent = TestAgent::connected_to(&controller);
    let technician = runtime.block_on(Technician::sign_in(&controller))?;
    runtime.block_on(jobs(&options, &technician, &agent.id()))?;
    for _ in 0..options.sends.min(1) {
        // The first starts an executor, and sends every section whole.
        runtime.block_on(send(&technician, &agent))?;
    }
    let mut visible = Vec::new();
    for _ in 0..options.sends {
        visible.push(runtime.block_on(send(&technician, &agent))?);
    }
    times("a request for help, from `send` to visible", visible);
    if options.idle > 0 {
        idle(agent.process().pid(), Duration::from_secs(options.idle))?;
    }
    Ok(())
}

fn sizes() -> Result<()> {
    for name in ["befund-agent", "befund-controller", "befund"] {
        let path: PathBuf = program(name);
        let size = path.metadata().with_context(|| format!("look at {}", path.display()))?.len();
        println!("{:<48} {:.2} MiB", format!("binary {name}"), mib(size));
    }
    Ok(())
}

async fn jobs(options: &Options, technician: &Technician, machine: &str) -> Result<()> {
    let probe = Work::Probe(options.probe.clone());
    // The first starts the executor.
    for _ in 0..5 {
        technician.run(machine, &probe).await?;
    }
    let (mut answered, mut ended) = (Vec::new(), Vec::new());
    for _ in 0..options.jobs {
        let timed = technician.run(machine, &probe).await?;
        answered.push(timed.answered);
        ended.push(timed.ended);
    }
    times(&format!("job {}, from POST to its answer", options.probe), answered);
    times(&format!("job {}, from POST to durable result", options.probe), ended);
    Ok(())
}

/// From the start of the command to the ticket in the queue of a technician who is told of changes.
async fn send(technician: &Technician, agent: &TestAgent) -> Result<Duration> {
    let known = technician.newest_ticket().await?;
    let mut queue = technician.watch_queue().await?;
    let begun = Instant::now();
    let mut sending = agent.command(&["send", "--yes", "-m", "It does not print"]);
    sending.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let mut sending = sending.spawn().context("start befund-agent send")?;
    loop {
        queue.changed().await?;
        if technician.newest_ticket().await? > known {
            break;
        }
    }
    let took = begun.elapsed();
    let status = sending.wait().context("wait for befund-agent send")?;
    if !status.success() {
        bail!("befund-agent send ended with {status}");
    }
    Ok(took)
}

fn idle(agent: u32, watched: Duration) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while machine::family(agent)?.len() > 1 {
        if Instant::now() > deadline {
            bail!("the agent's executor does not go: it has {:?}", machine::family(agent)?);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let before = machine::busy(agent)?;
    std::thread::sleep(watched);
    let busy = machine::busy(agent)?.saturating_sub(before);
    let (mut rss, mut pss) = (0, 0);
    let family = machine::family(agent)?;
    for pid in &family {
        let memory = machine::memory(*pid)?;
        rss += memory.rss_kb;
        pss += memory.pss_kb;
    }
    println!(
        "{:<48} RSS {:.2} MiB, PSS {:.2} MiB, {} process(es)",
        "idle agent, all of its processes",
        mib(rss * 1_024),
        mib(pss * 1_024),
        family.len()
    );
    let hour = busy.as_secs_f64() * 3_600.0 / watched.as_secs_f64();
    println!(
        "{:<48} {:.2} ms in {} s, {:.0} ms in an hour",
        "idle agent, CPU",
        busy.as_secs_f64() * 1e3,
        watched.as_secs(),
        hour * 1e3
    );
    Ok(())
}

/// Prints the median, the 99th percentile and the largest.
pub(crate) fn times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!(
        "{what:<48} p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms ({})",
        at(50),
        at(99),
        at(100),
        times.len()
    );
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
