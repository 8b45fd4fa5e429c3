//! Prints how many snapshots a second the store makes durable, and how long a job's way through it
//! takes:
//!
//!     cargo run --release -p befund-controller --example ingest-rate -- [--database URL]
//!
//! Without a database it measures an SQLite file in a temporary folder, then a throw-away
//! PostgreSQL.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::{Duration, Instant};

use anyhow::Result;
use befund_controller::store::ingest::Ingest;
use befund_controller::store::repository::{
    Agents as _, IncomingSnapshot, Ingested, JobReport, Jobs as _, MachineFacts, NewToken,
    OpenTicket, Redemption, Tickets as _,
};
use befund_controller::store::{Store, StoreOptions};
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, Hash, JobId, SnapshotId, TicketNumber, TokenId};
use befund_model::job::{Job, JobEvent, JobNews, JobState, Outcome, Work};
use befund_model::snapshot::{
    Manifest, PrivacyClass, Purpose, SectionKind, SectionRef, Status, Volatility,
};
use befund_model::ticket::{Level, Priority};
use befund_runtime::clock::{Clock, random};
use befund_tests::postgres::TestPostgres;
use clap::Parser;

const SECTIONS: usize = 12;
const SECTION_BYTES: usize = 8 << 10;
const AGENTS: usize = 500;
const SENDERS: usize = 512;

#[derive(Parser)]
struct Arguments {
    /// Measure this (empty) database only.
    #[arg(long)]
    database: Option<String>,
    /// Seconds for each figure.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let lasting = Duration::from_secs(arguments.seconds);
    if let Some(url) = arguments.database {
        return measure("the database", &url, lasting).await;
    }
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("befund.db").display());
    measure("SQLite", &url, lasting).await?;
    let postgres = TestPostgres::start()?;
    measure("PostgreSQL", &postgres.url(), lasting).await
}

async fn measure(name: &str, url: &str, lasting: Duration) -> Result<()> {
    let store = Store::open(url, StoreOptions::default()).await?;
    let clock = Clock::system();
    let agents = enroll(&store, &clock).await?;
    println!("{name}: snapshots of {SECTIONS} sections of {} KiB, durable", SECTION_BYTES >> 10);
    for known in [0, 90, 99] {
        let (count, took) = ingest(&store, &clock, &agents, known, lasting).await?;
        println!("  {known:>2} % known: {:>7.0} a second", count as f64 / took.as_secs_f64());
    }
    let mut rounds = jobs(&store, &clock, agents[0], lasting).await?;
    rounds.sort_unstable();
    let of = |share: usize| rounds[(rounds.len() - 1) * share / 100];
    println!(
        "  a job's start, delivery, events and result: p50 {:.2?}, p99 {:.2?} ({} rounds)",
        of(50),
        of(99),
        rounds.len()
    );
    store.close().await;
    Ok(())
}

async fn enroll(store: &Store, clock: &Clock) -> Result<Vec<AgentId>> {
    let (id, secret_hash) = (TokenId::new(clock.now(), random()), random());
    let token = NewToken {
        id,
        secret_hash,
        uses: u32::try_from(AGENTS)?,
        expires_at: "2999-01-01T00:00:00Z".parse()?,
        group: String::new(),
        network: String::new(),
    };
    store.create_token(token, &by(), clock.now()).await?;
    let mut agents = Vec::new();
    for index in 0..AGENTS {
        let agent = AgentId::new(clock.now(), random());
        let redemption = Redemption {
            token: id,
            secret_hash,
            agent,
            public_key: random::<91>().to_vec(),
            facts: MachineFacts { name: format!("pc-{index}"), ..MachineFacts::default() },
            source: [127, 0, 0, 1].into(),
        };
        store.redeem(redemption, clock.now()).await?;
        agents.push(agent);
    }
    Ok(agents)
}

/// Many senders, each waiting for its answer before it sends the next; the machines' first
/// snapshots, all of them new, are not counted.
async fn ingest(
    store: &Store,
    clock: &Clock,
    agents: &[AgentId],
    known: usize,
    lasting: Duration,
) -> Result<(usize, Duration)> {
    let (ingest, writer) = Ingest::new(store.clone(), clock.clone());
    let writer = tokio::spawn(writer);
    let mut first = tokio::task::JoinSet::new();
    for agent in agents {
        let (ingest, agent, clock) = (ingest.clone(), *agent, clock.clone());
        first.spawn(async move {
            let sections: Vec<Section> = (0..SECTIONS).map(|_| section()).collect();
            let hashes: Vec<Hash> = sections.iter().map(|(hash, _)| *hash).collect();
            ingest.submit(snapshot(agent, &hashes, sections, &clock)).await?;
            anyhow::Ok((agent, hashes))
        });
    }
    let mut machines = Vec::new();
    while let Some(machine) = first.join_next().await {
        machines.push(machine??);
    }
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let (agent, mut hashes) = machines[sender % machines.len()].clone();
        let (ingest, clock) = (ingest.clone(), clock.clone());
        senders.spawn(async move {
            let (mut count, mut turn) = (0, sender);
            while began.elapsed() < lasting {
                let mut sent = Vec::new();
                for hash in &mut hashes {
                    turn += 37;
                    if turn % 100 >= known {
                        let new = section();
                        *hash = new.0;
                        sent.push(new);
                    }
                }
                let answer = ingest.submit(snapshot(agent, &hashes, sent, &clock)).await?;
                anyhow::ensure!(answer == Ingested::Stored { ticket: None }, "{answer:?}");
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(sent) = senders.join_next().await {
        count += sent??;
    }
    let took = began.elapsed();
    drop(ingest);
    writer.await?;
    Ok((count, took))
}

type Section = (Hash, Vec<u8>);

/// Random bytes, as incompressible as a zstd frame; the hash is random as well, since hashing is
/// the gate's work.
fn section() -> Section {
    let block = random::<256>();
    let bytes = block.iter().copied().cycle().take(SECTION_BYTES).collect();
    (Hash::of(&block), bytes)
}

fn snapshot(
    agent: AgentId,
    hashes: &[Hash],
    sections: Vec<Section>,
    clock: &Clock,
) -> IncomingSnapshot {
    let lines = hashes
        .iter()
        .enumerate()
        .map(|(index, hash)| SectionRef {
            kind: SectionKind::try_from(format!("kind.{index:02}"))
                .unwrap_or(SectionKind::known("kind")),
            status: Status::Ok,
            reason: String::new(),
            hash: *hash,
            size: SECTION_BYTES as u64,
            class: PrivacyClass::Scheduled,
            volatility: Volatility::Stable,
            redacted: 0,
            took_us: 100,
        })
        .collect();
    let taken_at = clock.now();
    let manifest = Manifest { id: SnapshotId::new(taken_at, random()), taken_at, sections: lines };
    IncomingSnapshot { agent, manifest, purpose: Purpose::Scheduled, sections, basis: None }
}

async fn jobs(
    store: &Store,
    clock: &Clock,
    agent: AgentId,
    lasting: Duration,
) -> Result<Vec<Duration>> {
    let ticket = OpenTicket {
        subject: "slow".to_owned(),
        message: String::new(),
        requester: "ada".to_owned(),
        machine: Some(agent),
        priority: Priority::Normal,
        level: Level::L1,
    };
    let ticket = store.open(ticket, &by(), clock.now()).await?.number;
    let began = Instant::now();
    let mut rounds = Vec::new();
    while began.elapsed() < lasting {
        let job = job(agent, ticket, clock)?;
        let round = Instant::now();
        store.start(&job, &by(), clock.now()).await?;
        let taken = JobReport { delivered: true, ..JobReport::new(job.id) };
        store.report(agent, &[taken], clock.now()).await?;
        let news = [JobNews::Started, JobNews::Output("asking 192.0.2.53".to_owned())];
        let outcome = Outcome {
            state: JobState::Done,
            status: Status::Ok,
            reason: String::new(),
            result: serde_json::json!({ "summary": "all servers answered" }),
            took_us: 800,
        };
        let rest = JobReport {
            events: (1..)
                .zip(news)
                .map(|(seq, what)| JobEvent { seq, at: clock.now(), what })
                .collect(),
            outcome: Some(Box::new(outcome)),
            ..JobReport::new(job.id)
        };
        let kept = store.report(agent, &[rest], clock.now()).await?;
        anyhow::ensure!(kept.iter().flatten().any(|progress| progress.ended));
        rounds.push(round.elapsed());
    }
    Ok(rounds)
}

fn job(agent: AgentId, ticket: TicketNumber, clock: &Clock) -> Result<Job> {
    Ok(Job {
        id: JobId::new(clock.now(), random()),
        agent,
        ticket: Some(ticket),
        work: Work::Probe("net.dns".to_owned()),
        parameters: serde_json::json!({}),
        state: JobState::Waiting,
        created_by: "ada".to_owned(),
        created_at: clock.now(),
        deadline: "2999-01-01T00:00:00Z".parse()?,
        ended_at: None,
        outcome: None,
        runbook: None,
    })
}

fn by() -> By {
    By { actor: Actor::System, source: "local".to_owned() }
}
