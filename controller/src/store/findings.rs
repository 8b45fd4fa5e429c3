//! Findings in the database: one row for each judged snapshot, and one for each trouble of a machine.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::id::{AgentId, Hash, SnapshotId, TicketNumber};
use befund_model::probe::Verdict;
use befund_model::ticket::TicketEvent;

use super::open::Store;
use super::packed::pack;
use super::repository::{Findings, Judged, Result, Unjudged};
use super::sql::{Row, Session, args};
use super::write::write;
use super::{bulk, timeline};

/// Who tells findings.
const CHECKS: &str = "Befund";

impl Findings for Store {
    async fn unjudged(&self, limit: u32) -> Result<Vec<Unjudged>> {
        let mut session = self.read("look for snapshots to judge").await?;
        let rows = session
            .rows(
                "SELECT agent, ticket, manifest FROM snapshots WHERE judged = 0 \
                 ORDER BY CASE WHEN ticket IS NULL THEN 1 ELSE 0 END, received_at LIMIT $1",
                args![limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Unjudged {
                    agent: row.id(0, AgentId::from_slice)?,
                    ticket: row.maybe_int(1)?.map(TicketNumber),
                    manifest: row.packed(2, "a manifest")?,
                })
            })
            .collect()
    }

    async fn keep_judged(&self, judged: &Judged, at: Timestamp) -> Result<bool> {
        write!(self, "keep findings", |session| {
            let (agent, snapshot) = (judged.agent, judged.snapshot);
            let latest = session
                .row("SELECT last_snapshot FROM agents WHERE id = $1 FOR UPDATE", args![agent])
                .await?;
            let done = session
                .execute(
                    "UPDATE snapshots SET judged = 1 WHERE id = $1 AND agent = $2",
                    args![snapshot, agent],
                )
                .await?;
            let Some(latest) = latest.filter(|_| done > 0) else { return Ok(false) };
            let before = session
                .row(
                    "SELECT at FROM findings WHERE agent = $1 AND snapshot = $2",
                    args![agent, snapshot],
                )
                .await?;
            session
                .execute(
                    "INSERT INTO findings (agent, snapshot, checks, at, judgements) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agent, snapshot) DO UPDATE SET \
                     checks = excluded.checks, at = excluded.at, judgements = excluded.judgements",
                    args![
                        agent,
                        snapshot,
                        judged.checks,
                        at,
                        pack(&judged.judgements, "findings")?
                    ],
                )
                .await?;
            if latest.maybe_id(0, SnapshotId::from_slice)? == Some(snapshot) {
                note_troubles(session, judged).await?;
            }
            if let (None, Some(ticket)) = (before, judged.ticket) {
                timeline::locked(session, ticket).await?;
                timeline::tell(session, ticket, &told(judged), CHECKS, at).await?;
            }
            true
        })
    }

    async fn judged(&self, agent: AgentId, snapshot: SnapshotId) -> Result<Option<Judged>> {
        self.read("read findings")
            .await?
            .row(format!("{SELECT} WHERE f.agent = $1 AND f.snapshot = $2"), args![agent, snapshot])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn last_judged(&self, agent: AgentId) -> Result<Option<Judged>> {
        self.read("read a machine's last findings")
            .await?
            .row(format!("{SELECT} WHERE f.agent = $1 ORDER BY f.at DESC LIMIT 1"), args![agent])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn judge_again(&self, checks: Hash) -> Result<u64> {
        write!(self, "put snapshots back among those to judge", |session| {
            session
                .execute(
                    "UPDATE snapshots SET judged = 0 WHERE judged = 1 AND EXISTS (SELECT 1 FROM \
                     agents a WHERE a.id = snapshots.agent AND a.last_snapshot = snapshots.id) AND \
                     NOT EXISTS (SELECT 1 FROM findings f WHERE f.agent = snapshots.agent AND \
                     f.snapshot = snapshots.id AND f.checks = $1)",
                    args![checks],
                )
                .await?
        })
    }

    async fn troubled(&self) -> Result<BTreeMap<String, u64>> {
        let rows = self
            .read("count troubled machines")
            .await?
            .rows("SELECT check_id, COUNT(*) FROM troubled GROUP BY check_id", Vec::new())
            .await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, u64::try_from(row.int(1)?).unwrap_or_default())))
            .collect()
    }
}

const SELECT: &str = "SELECT f.agent, f.snapshot, f.checks, f.judgements, s.ticket FROM findings f \
                      JOIN snapshots s ON s.id = f.snapshot AND s.agent = f.agent";

fn read(row: &Row) -> Result<Judged> {
    Ok(Judged {
        agent: row.id(0, AgentId::from_slice)?,
        snapshot: row.id(1, SnapshotId::from_slice)?,
        checks: row.id(2, Hash::from_slice)?,
        judgements: row.packed(3, "findings")?,
        ticket: row.maybe_int(4)?.map(TicketNumber),
    })
}

/// The machine's troubles are those of its latest snapshot.
async fn note_troubles(session: &mut Session, judged: &Judged) -> Result<()> {
    session.execute("DELETE FROM troubled WHERE agent = $1", args![judged.agent]).await?;
    let findings = judged.judgements.iter().filter_map(|judgement| judgement.finding.as_ref());
    let rows = findings
        .filter(|finding| matches!(finding.verdict, Verdict::Fail | Verdict::Warn))
        .map(|finding| args![finding.check.as_str(), judged.agent, finding.verdict.as_str()])
        .collect();
    bulk::execute(session, "INSERT INTO troubled (check_id, agent, verdict) VALUES", rows, "")
        .await?;
    Ok(())
}

/// What the ticket is told.
fn told(judged: &Judged) -> TicketEvent {
    let count = |verdict: Verdict| {
        let findings = judged.judgements.iter().filter_map(|judgement| judgement.finding.as_ref());
        let count = findings.filter(|finding| finding.verdict == verdict).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    TicketEvent::Judged {
        snapshot: judged.snapshot,
        failed: count(Verdict::Fail),
        warned: count(Verdict::Warn),
        unknown: count(Verdict::Unknown),
    }
}
