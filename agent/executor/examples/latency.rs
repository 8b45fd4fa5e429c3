//! Prints how long a probe takes from the link's end of the door and back, and a whole snapshot:
//! `cargo run --profile agent -p befund-executor --example latency [ROUNDS]`. The child is this
//! program itself; the executor is warm.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use befund_executor::door::client::Told;
use befund_executor::{ChildCommand, Config, ExecutorClient, child};
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{Order, Work};
use befund_model::snapshot::PrivacyClass;
use befund_runtime::clock::random;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("collect") {
        return Ok(child::main());
    }
    let rounds = argument.map_or(Ok(200), |text| text.parse())?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(measure(rounds))?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(rounds: u32) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("executor.sock");
    let agent = AgentId::new(Timestamp::UNIX_EPOCH, random());
    let mut config = Config::new(ChildCommand::own()?);
    config.agent = Some(agent);
    config.policy = folder.path().join("policy.toml");
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    let stop = tokio_util::sync::CancellationToken::new();
    let serving = tokio::spawn(befund_executor::run(listener, config, stop.clone()));
    let client = ExecutorClient::new(&path);
    let mut out = std::io::stdout();
    for probe in ["net.link", "disk.space", "net.addr"] {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let order = Order {
                job: JobId::new(Timestamp::UNIX_EPOCH, random()),
                agent,
                work: Work::Probe(probe.to_owned()),
                parameters: serde_json::Value::Null,
                ticket: None,
                within_ms: 10_000,
                runbook: None,
            };
            let started = Instant::now();
            let mut job = client.run(order, 0).await?;
            while !matches!(job.next().await?, Told::Outcome(_)) {}
            times.push(started.elapsed());
        }
        writeln!(out, "{probe}: {}", shown(times))?;
    }
    let mut times = Vec::new();
    for _ in 0..rounds.div_ceil(10) {
        let started = Instant::now();
        client.collect(PrivacyClass::OnRequest, None).await?.all().await?;
        times.push(started.elapsed());
    }
    writeln!(out, "snapshot: {}", shown(times))?;
    stop.cancel();
    serving.await??;
    Ok(())
}

fn shown(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    format!("{} rounds, p50 {:.2?}, p99 {:.2?}", times.len(), at(50), at(99))
}
