//! How often each cause and fix came up, and what became of it. It is read with every ticket, so it is counted when a
//! run ends and when a ticket comes back, not when it is read; what each run came to is kept beside it.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::api::CauseEffect;
use befund_model::id::TicketNumber;
use befund_model::job::{Job, JobState, Outcome};
use befund_model::runbook::{AttemptEnd, CauseVerdict, RunbookResult};
use serde::Deserialize as _;

use super::bulk;
use super::open::Store;
use super::repository::Result;
use super::sql::{Row, Session, args, corrupt};

/// The place of a cause's own row among those of its fixes.
const CAUSE: i64 = -1;

/// All of it counted anew from what the runs came to; the migration that makes the counts says the same. A ticket came
/// back when it was opened again after the run; what did not help has nothing to come back from.
const RECOUNT: [&str; 3] = [
    "UPDATE run_results SET came_back = 1 WHERE came_to IN ('found', 'verified') AND EXISTS \
     (SELECT 1 FROM ticket_events e WHERE e.ticket = run_results.ticket AND e.at > run_results.at \
     AND e.event LIKE '{\"kind\":\"reopened\"%')",
    "DELETE FROM effects",
    "INSERT INTO effects (runbook, cause, fix_index, act, came_up, done, verified, came_back) \
     SELECT runbook, cause, fix_index, MAX(act), COUNT(*), \
     SUM(CASE WHEN came_to IN ('verified', 'not_verified', 'reverted') THEN 1 ELSE 0 END), \
     SUM(CASE WHEN came_to = 'verified' THEN 1 ELSE 0 END), \
     COUNT(DISTINCT CASE WHEN came_back = 1 THEN ticket END) FROM run_results \
     WHERE came_to NOT IN ('excluded', 'unknown', 'explained') \
     GROUP BY runbook, cause, fix_index",
];

/// Of this runbook; of all if none is named.
pub(in crate::store) async fn read(
    store: &Store,
    runbook: Option<&str>,
) -> Result<Vec<CauseEffect>> {
    let rows = store
        .read("read what runbooks came to")
        .await?
        .rows(
            "SELECT runbook, cause, fix_index, act, came_up, done, verified, came_back \
             FROM effects WHERE ($1 = '' OR runbook = $1) ORDER BY runbook, cause, fix_index",
            args![runbook.unwrap_or_default()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(CauseEffect {
                runbook: row.text(0)?,
                cause: row.text(1)?,
                fix: u32::try_from(row.int(2)?).ok(),
                act: row.text(3)?,
                title: None,
                came_up: tally(row, 4)?,
                done: tally(row, 5)?,
                verified: tally(row, 6)?,
                came_back: tally(row, 7)?,
            })
        })
        .collect()
}

/// What became of a cause or a fix, as it is counted.
#[derive(Clone, Copy)]
struct CameTo {
    word: &'static str,
    /// Whether it came up at all: what was ruled out, or follows from another, did not.
    came_up: bool,
    done: i64,
    verified: i64,
}

/// Notes and counts what a run came to, cause by cause and fix by fix. What is no runbook's result is passed over.
pub(in crate::store) async fn note(
    session: &mut Session,
    job: &Job,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<()> {
    if outcome.state != JobState::Done && outcome.state != JobState::Failed {
        return Ok(());
    }
    let Ok(result) = RunbookResult::deserialize(&outcome.result) else { return Ok(()) };
    // In one order everywhere, so that two writers do not wait for one another; each once.
    let mut all: BTreeMap<(&str, i64), (&str, CameTo)> = BTreeMap::new();
    for cause in &result.causes {
        all.entry((&cause.id, CAUSE)).or_insert(("", verdict(cause.verdict)));
    }
    for attempt in &result.attempts {
        let place = (attempt.fix.cause.as_str(), i64::from(attempt.fix.index));
        all.entry(place).or_insert((&attempt.act, end(attempt.end)));
    }
    let runbook = result.runbook.as_str();
    let rows = all.iter().map(|((cause, index), (act, came_to))| {
        let (version, word) = (result.version, came_to.word);
        args![job.id, *cause, *index, runbook, version, job.ticket, *act, word, at]
    });
    let head = "INSERT INTO run_results (job, cause, fix_index, runbook, runbook_version, ticket, \
                act, came_to, at) VALUES";
    let rows = rows.collect();
    bulk::execute(session, head, rows, " ON CONFLICT (job, cause, fix_index) DO NOTHING").await?;
    let rows: Vec<_> = all
        .iter()
        .filter(|(_, (_, came_to))| came_to.came_up)
        .map(|((cause, index), (act, came_to))| {
            let (once, none) = (1_i64, 0_i64);
            let CameTo { done, verified, .. } = *came_to;
            args![runbook, *cause, *index, *act, once, done, verified, none]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let head = "INSERT INTO effects (runbook, cause, fix_index, act, came_up, done, verified, \
                came_back) VALUES";
    let counted = " ON CONFLICT (runbook, cause, fix_index) DO UPDATE SET act = excluded.act, \
                   came_up = effects.came_up + excluded.came_up, \
                   done = effects.done + excluded.done, \
                   verified = effects.verified + excluded.verified";
    bulk::execute(session, head, rows, counted).await?;
    Ok(())
}

/// Counts that a ticket was opened again: once for each cause that was found and each fix that helped, however often it
/// comes back.
pub(in crate::store) async fn came_back(session: &mut Session, ticket: TicketNumber) -> Result<()> {
    session
        .execute(
            "UPDATE effects SET came_back = came_back + 1 WHERE (runbook, cause, fix_index) IN \
             (SELECT r.runbook, r.cause, r.fix_index FROM run_results r WHERE r.ticket = $1 \
             AND r.came_to IN ('found', 'verified') AND NOT EXISTS (SELECT 1 FROM run_results b \
             WHERE b.ticket = $1 AND b.came_back = 1 AND b.runbook = r.runbook \
             AND b.cause = r.cause AND b.fix_index = r.fix_index))",
            args![ticket],
        )
        .await?;
    session
        .execute(
            "UPDATE run_results SET came_back = 1 WHERE ticket = $1 \
             AND came_to IN ('found', 'verified')",
            args![ticket],
        )
        .await?;
    Ok(())
}

/// Counts everything anew, after what the runs came to was put back from a backup.
pub(in crate::store) async fn recount(session: &mut Session) -> Result<()> {
    for statement in RECOUNT {
        session.execute(statement, Vec::new()).await?;
    }
    Ok(())
}

const fn verdict(verdict: CauseVerdict) -> CameTo {
    let (word, came_up) = match verdict {
        CauseVerdict::Found => ("found", true),
        CauseVerdict::Excluded => ("excluded", false),
        CauseVerdict::Unknown => ("unknown", false),
        CauseVerdict::Explained => ("explained", false),
    };
    CameTo { word, came_up, done: 0, verified: 0 }
}

const fn end(end: AttemptEnd) -> CameTo {
    let (word, done, verified) = match end {
        AttemptEnd::Predicted => ("predicted", 0, 0),
        AttemptEnd::Needless => ("needless", 0, 0),
        AttemptEnd::Refused => ("refused", 0, 0),
        AttemptEnd::NotApproved => ("not_approved", 0, 0),
        AttemptEnd::Failed => ("failed", 0, 0),
        AttemptEnd::Verified => ("verified", 1, 1),
        AttemptEnd::NotVerified => ("not_verified", 1, 0),
        AttemptEnd::Reverted => ("reverted", 1, 0),
        AttemptEnd::Indeterminate => ("indeterminate", 0, 0),
    };
    CameTo { word, came_up: true, done, verified }
}

fn tally(row: &Row, column: usize) -> Result<u64> {
    u64::try_from(row.int(column)?).map_err(|_| corrupt("a count", "it is negative"))
}
