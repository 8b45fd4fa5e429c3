//! Prints how long it takes to read what causes and fixes came to, once so many runs of runbooks have ended:
//!
//!     cargo run --release -p befund-controller --example effects-rate -- [--jobs 10000]
//!
//! In an SQLite file in a temporary folder; the runs come in as machines report them.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Instant;

use anyhow::{Context as _, Result};
use befund_controller::store::repository::{
    Agents as _, JobReport, Jobs as _, MachineFacts, NewToken, OpenTicket, Redemption,
    Runbooks as _, Tickets as _,
};
use befund_controller::store::{Store, StoreOptions};
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, JobId, TicketNumber, TokenId};
use befund_model::job::{Job, JobState, Outcome, RunbookOrder, Work};
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_model::ticket::{Level, Priority, TicketChange};
use befund_runtime::clock::{Clock, random};
use clap::Parser;
use serde_json::{Value, json};

const RUNBOOKS: usize = 20;
const CAUSES: usize = 8;
/// Every so many tickets one comes back.
const COMES_BACK: usize = 10;
const READS: usize = 51;

#[derive(Parser)]
struct Arguments {
    /// How many runs have ended.
    #[arg(long, default_value_t = 10_000)]
    jobs: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("befund.db").display());
    let store = Store::open(&url, StoreOptions::default()).await?;
    let clock = Clock::system();
    let agent = machine(&store, &clock).await?;
    let begun = Instant::now();
    for number in 0..arguments.jobs {
        run(&store, &clock, agent, number).await?;
    }
    println!("{} runs were reported in {:.1?}", arguments.jobs, begun.elapsed());
    let mut took = Vec::new();
    for _ in 0..READS {
        let begun = Instant::now();
        let effects = store.effects(None).await?;
        took.push(begun.elapsed());
        anyhow::ensure!(!effects.is_empty(), "nothing was counted");
    }
    took.sort_unstable();
    println!("what came of all of them is read in {:.2?} (median)", took[READS / 2]);
    store.close().await;
    Ok(())
}

fn by() -> By {
    By { actor: Actor::System, source: "local".to_owned() }
}

async fn machine(store: &Store, clock: &Clock) -> Result<AgentId> {
    let (id, secret_hash) = (TokenId::new(clock.now(), random()), random());
    let token = NewToken {
        id,
        secret_hash,
        uses: 1,
        expires_at: "2999-01-01T00:00:00Z".parse()?,
        group: String::new(),
        network: String::new(),
    };
    store.create_token(token, &by(), clock.now()).await?;
    let agent = AgentId::new(clock.now(), random());
    let redemption = Redemption {
        token: id,
        secret_hash,
        agent,
        public_key: random::<91>().to_vec(),
        facts: MachineFacts { name: "pc-1".to_owned(), ..MachineFacts::default() },
        source: [127, 0, 0, 1].into(),
    };
    store.redeem(redemption, clock.now()).await?;
    Ok(agent)
}

/// A ticket, its run, the end of both, and now and then the ticket once more.
async fn run(store: &Store, clock: &Clock, agent: AgentId, number: usize) -> Result<()> {
    let open = OpenTicket {
        subject: "no internet".to_owned(),
        message: String::new(),
        requester: "anna".to_owned(),
        machine: Some(agent),
        priority: Priority::Normal,
        level: Level::L1,
    };
    let ticket: TicketNumber = store.open(open, &by(), clock.now()).await?.number;
    let runbook = format!("runbook.{}", number % RUNBOOKS);
    let job = Job {
        id: JobId::new(clock.now(), random()),
        agent,
        ticket: Some(ticket),
        work: Work::Runbook(runbook.clone()),
        parameters: Value::Null,
        state: JobState::Waiting,
        created_by: "ada".to_owned(),
        created_at: clock.now(),
        deadline: "2999-01-01T00:00:00Z".parse()?,
        ended_at: None,
        outcome: None,
        runbook: Some(RunbookOrder { mode: Mode::Run, catalogue: "ab".repeat(32) }),
    };
    store.start(&job, &by(), clock.now()).await?;
    let found = number % CAUSES;
    let verdict = |cause: usize| if cause == found { "found" } else { "excluded" };
    let causes: Vec<Value> = (0..CAUSES)
        .map(|cause| json!({"id": format!("cause-{cause}"), "title": "t", "verdict": verdict(cause), "evidence": ""}))
        .collect();
    let result = json!({
        "runbook": runbook, "version": 1, "conclusion": "", "causes": causes, "facts": {},
        "attempts": [{
            "fix": {"cause": format!("cause-{found}"), "index": 0}, "act": "dns.flush_cache",
            "parameters": {}, "risk": "change", "end": "verified", "reason": "",
        }],
    });
    let outcome = Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result,
        took_us: 1,
    };
    let report = JobReport { outcome: Some(Box::new(outcome)), ..JobReport::new(job.id) };
    let told = store.report(agent, &[report], clock.now()).await?;
    told.first().and_then(Option::as_ref).context("the run was not taken")?;
    if number.is_multiple_of(COMES_BACK) {
        let close = TicketChange::Close { solution: "it works".to_owned() };
        store.change(ticket, None, &close, &by(), clock.now()).await?;
        let again = TicketChange::Reopen { reason: "it came back".to_owned() };
        store.change(ticket, None, &again, &by(), clock.now()).await?;
    }
    Ok(())
}
