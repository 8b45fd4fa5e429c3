//! What signed runbooks cost on a machine, with real processes: how long a step that reads takes with its journal,
//! when the first line of output is seen, what output costs the agent, and how soon an executor that had gone is
//! back with its catalogue verified.

use std::time::Duration;

use anyhow::Result;
use befund_model::job::Work;

use crate::times;

mod cold;
mod output;
mod works;

use works::Works;

/// Looks of one kind at an executor that had gone.
const COLD: usize = 20;
/// How often the first line of output is waited for.
const LINES: usize = 50;
/// How often, of an executor that had gone.
const COLD_LINES: usize = 10;

/// Prints the figures: of so many jobs of each kind, of output watched for so long.
pub(crate) async fn cost(database: Option<&str>, jobs: usize, watched: Duration) -> Result<()> {
    let mut works = Works::open(database).await?;
    works.publish(0).await?;
    steps(&works, "probe disk.space", &Work::Probe("disk.space".to_owned()), jobs).await?;
    steps(&works, "runbook of one step that reads", &works::one_step(), jobs).await?;
    output::first_line(&works, LINES, COLD_LINES).await?;
    output::weight(&works, watched).await?;
    cold::memory(&works)?;
    cold::start(&works, COLD).await?;
    works.publish(200).await?;
    cold::start(&works, COLD).await?;
    cold::verify(&works, COLD).await
}

/// From the call that starts it to its durable result, one after the other.
async fn steps(works: &Works, what: &str, work: &Work, jobs: usize) -> Result<()> {
    // The first starts the executor.
    for _ in 0..5 {
        works.technician.run(&works.machine, work).await?;
    }
    let (mut answered, mut ended) = (Vec::new(), Vec::new());
    for _ in 0..jobs {
        let timed = works.technician.run(&works.machine, work).await?;
        answered.push(timed.answered);
        ended.push(timed.ended);
    }
    times(&format!("{what}, POST to answer"), answered);
    times(&format!("{what}, POST to durable result"), ended);
    Ok(())
}
