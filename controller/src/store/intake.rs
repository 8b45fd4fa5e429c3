//! How snapshots come in: many in one transaction, each checked by itself.
//!
//! A machine's row is held while its snapshots are checked, and `owned` refers to `sections`, so
//! that retention beside us can neither take a section that we count on nor we name one that is
//! gone: one of the two waits, or is begun again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, Hash, RequestId, SnapshotId, TicketNumber};
use befund_model::snapshot::{Purpose, Request, Status};
use befund_model::ticket::{Level, Priority, Ticket, TicketEvent, TicketStatus, subject_of};
use serde_json::json;

use super::open::Store;
use super::packed::pack;
use super::repository::{IncomingSnapshot, Ingested, Result};
use super::sql::{Session, Value, args};
use super::write::write;
use super::{audit, bulk, timeline};

/// Commits a batch; an answer for each, in order.
pub(in crate::store) async fn ingest(
    store: &Store,
    batch: &[IncomingSnapshot],
    at: Timestamp,
) -> Result<Vec<Ingested>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    write!(store, "commit a batch of snapshots", |session| {
        let known = Known::look_up(session, batch).await?;
        let plan = Plan::make(batch, known);
        plan.carry_out(store, session, batch, at).await?
    })
}

/// What the database knows of a batch.
struct Known {
    snapshots: HashMap<(AgentId, SnapshotId), Option<TicketNumber>>,
    requests: HashMap<(AgentId, RequestId), TicketNumber>,
    owned: HashSet<(AgentId, Hash)>,
}

impl Known {
    async fn look_up(session: &mut Session, batch: &[IncomingSnapshot]) -> Result<Self> {
        let agents: BTreeSet<AgentId> = batch.iter().map(|incoming| incoming.agent).collect();
        let latest = held(session, &agents).await?;
        let ids = batch.iter().map(|incoming| Value::from(incoming.manifest.id)).collect();
        let (list, values) = bulk::list(1, ids);
        let mut snapshots = HashMap::new();
        let sql = format!("SELECT agent, id, ticket FROM snapshots WHERE id IN {list}");
        for row in session.rows(sql, values).await? {
            let key = (row.id(0, AgentId::from_slice)?, row.id(1, SnapshotId::from_slice)?);
            snapshots.insert(key, row.maybe_int(2)?.map(TicketNumber));
        }
        let mut requests = HashMap::new();
        for incoming in batch {
            let Some(request) = request(incoming) else { continue };
            let row = session
                .row(
                    "SELECT number FROM tickets WHERE machine = $1 AND request = $2",
                    args![incoming.agent, request.id],
                )
                .await?;
            if let Some(row) = row {
                requests.insert((incoming.agent, request.id), TicketNumber(row.int(0)?));
            }
        }
        let mut owned = HashSet::new();
        let mut pairs: BTreeSet<(AgentId, Hash)> = BTreeSet::new();
        for incoming in batch {
            let basis = incoming
                .basis
                .as_ref()
                .filter(|basis| latest.get(&incoming.agent) == Some(&basis.snapshot));
            for hash in unsent(incoming) {
                if basis.is_some_and(|basis| basis.sections.contains(&hash)) {
                    owned.insert((incoming.agent, hash));
                } else {
                    pairs.insert((incoming.agent, hash));
                }
            }
        }
        let rows = bulk::rows(
            session,
            "SELECT agent, hash FROM owned WHERE (agent, hash) IN (VALUES",
            pairs.into_iter().map(|(agent, hash)| args![agent, hash]).collect(),
            ")",
        )
        .await?;
        for row in rows {
            owned.insert((row.id(0, AgentId::from_slice)?, row.id(1, Hash::from_slice)?));
        }
        Ok(Self { snapshots, requests, owned })
    }
}

/// Holds the machines' rows until the end of the transaction; answers the latest snapshot of each.
async fn held(
    session: &mut Session,
    agents: &BTreeSet<AgentId>,
) -> Result<HashMap<AgentId, SnapshotId>> {
    let (list, values) = bulk::list(1, agents.iter().map(|id| Value::from(*id)).collect());
    let sql =
        format!("SELECT id, last_snapshot FROM agents WHERE id IN {list} ORDER BY id FOR UPDATE");
    let mut latest = HashMap::with_capacity(agents.len());
    for row in session.rows(sql, values).await? {
        if let Some(snapshot) = row.maybe_id(1, SnapshotId::from_slice)? {
            latest.insert(row.id(0, AgentId::from_slice)?, snapshot);
        }
    }
    Ok(latest)
}

/// The sections that are said to be here.
fn unsent(incoming: &IncomingSnapshot) -> impl Iterator<Item = Hash> {
    let sent: HashSet<Hash> = incoming.sections.iter().map(|(hash, _)| *hash).collect();
    let named = incoming.manifest.sections.iter().map(|line| line.hash);
    named.filter(move |hash| !sent.contains(hash))
}

/// What a snapshot of the batch comes to.
enum Verdict {
    Store,
    Duplicate(Option<TicketNumber>),
    /// The same as an earlier one of this batch.
    As(usize),
    Missing(Vec<Hash>),
}

struct Plan {
    verdicts: Vec<Verdict>,
}

impl Plan {
    fn make(batch: &[IncomingSnapshot], mut known: Known) -> Self {
        let mut earlier: HashMap<(AgentId, SnapshotId), usize> = HashMap::new();
        let mut asked: HashMap<(AgentId, RequestId), usize> = HashMap::new();
        let mut verdicts = Vec::with_capacity(batch.len());
        for (index, incoming) in batch.iter().enumerate() {
            let agent = incoming.agent;
            let key = (agent, incoming.manifest.id);
            let request = request(incoming).map(|request| (agent, request.id));
            let verdict = if let Some(ticket) = known.snapshots.get(&key) {
                Verdict::Duplicate(*ticket)
            } else if let Some(ticket) = request.and_then(|key| known.requests.get(&key)) {
                Verdict::Duplicate(Some(*ticket))
            } else if let Some(first) = earlier.get(&key) {
                Verdict::As(*first)
            } else if let Some(first) = request.and_then(|key| asked.get(&key)) {
                Verdict::As(*first)
            } else {
                let mut missing: Vec<Hash> = unsent(incoming)
                    .filter(|hash| !known.owned.contains(&(agent, *hash)))
                    .collect();
                if missing.is_empty() {
                    let sent = incoming.sections.iter().map(|(hash, _)| (agent, *hash));
                    known.owned.extend(sent);
                    earlier.insert(key, index);
                    asked.extend(request.map(|key| (key, index)));
                    Verdict::Store
                } else {
                    missing.sort_unstable();
                    missing.dedup();
                    Verdict::Missing(missing)
                }
            };
            verdicts.push(verdict);
        }
        Self { verdicts }
    }

    async fn carry_out(
        self,
        store: &Store,
        session: &mut Session,
        batch: &[IncomingSnapshot],
        at: Timestamp,
    ) -> Result<Vec<Ingested>> {
        let stored: Vec<(usize, &IncomingSnapshot)> = self
            .verdicts
            .iter()
            .zip(batch)
            .enumerate()
            .filter(|(_, (verdict, _))| matches!(verdict, Verdict::Store))
            .map(|(index, (_, incoming))| (index, incoming))
            .collect();
        keep_sections(session, &stored).await?;
        let tickets = open_tickets(store, session, &stored, at).await?;
        keep_snapshots(session, &stored, &tickets, at).await?;
        let mut answers: Vec<Ingested> = Vec::with_capacity(batch.len());
        for (index, verdict) in self.verdicts.into_iter().enumerate() {
            let answer = match verdict {
                Verdict::Store => Ingested::Stored { ticket: tickets.get(&index).copied() },
                Verdict::Duplicate(ticket) => Ingested::Duplicate { ticket },
                Verdict::As(first) => Ingested::Duplicate { ticket: tickets.get(&first).copied() },
                Verdict::Missing(hashes) => Ingested::Missing(hashes),
            };
            answers.push(answer);
        }
        Ok(answers)
    }
}

/// The sections that were sent, each once, in one order for all writers.
async fn keep_sections(session: &mut Session, stored: &[(usize, &IncomingSnapshot)]) -> Result<()> {
    let mut sections: BTreeMap<Hash, &Vec<u8>> = BTreeMap::new();
    let mut owned: BTreeSet<(AgentId, Hash)> = BTreeSet::new();
    for (_, incoming) in stored {
        let named: HashSet<Hash> =
            incoming.manifest.sections.iter().map(|line| line.hash).collect();
        for (hash, bytes) in &incoming.sections {
            // What the manifest does not name would never be removed again.
            if named.contains(hash) {
                sections.insert(*hash, bytes);
                owned.insert((incoming.agent, *hash));
            }
        }
    }
    bulk::execute(
        session,
        "INSERT INTO sections (hash, bytes) VALUES",
        sections.into_iter().map(|(hash, bytes)| args![hash, bytes.as_slice()]).collect(),
        " ON CONFLICT (hash) DO NOTHING",
    )
    .await?;
    bulk::execute(
        session,
        "INSERT INTO owned (agent, hash) VALUES",
        owned.into_iter().map(|(agent, hash)| args![agent, hash]).collect(),
        " ON CONFLICT (agent, hash) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// Opens the tickets of the requests among these, each with its events and its audit entry.
async fn open_tickets(
    store: &Store,
    session: &mut Session,
    stored: &[(usize, &IncomingSnapshot)],
    at: Timestamp,
) -> Result<HashMap<usize, TicketNumber>> {
    let requests: Vec<(usize, &IncomingSnapshot, &Request)> = stored
        .iter()
        .filter_map(|(index, incoming)| Some((*index, *incoming, request(incoming)?)))
        .collect();
    let mut numbers = HashMap::new();
    if requests.is_empty() {
        return Ok(numbers);
    }
    let first = timeline::numbers(store, session, requests.len()).await?;
    let (mut events, mut entries) = (Vec::new(), Vec::new());
    for (number, (index, incoming, request)) in (first..).zip(requests) {
        let number = TicketNumber(number);
        numbers.insert(index, number);
        let ticket = Ticket {
            number,
            version: 1,
            subject: subject_of(&request.message),
            requester: request.requester.clone(),
            machine: Some(incoming.agent),
            status: TicketStatus::New,
            priority: Priority::Normal,
            level: Level::L1,
            assignee: None,
            solution: None,
            opened_at: at,
            updated_at: at,
            request: Some(request.id),
        };
        timeline::insert(session, std::slice::from_ref(&ticket), &request.requester).await?;
        let opened = TicketEvent::Opened { message: request.message.clone() };
        events.push(timeline::event_row(number, &opened, &request.requester, at)?);
        let attached = attached(incoming);
        events.push(timeline::event_row(number, &attached, &request.requester, at)?);
        let by = By {
            actor: Actor::Agent { id: incoming.agent, account: Some(request.requester.clone()) },
            source: String::new(),
        };
        let detail = json!({ "request": request.id, "snapshot": incoming.manifest.id });
        let object = format!("ticket:{number}");
        entries.push(audit::row("ticket.open", &object, &detail, &by, at)?.1);
    }
    bulk::execute(session, timeline::INSERT_EVENTS, events, "").await?;
    bulk::execute(session, audit::INSERT, entries, "").await?;
    Ok(numbers)
}

async fn keep_snapshots(
    session: &mut Session,
    stored: &[(usize, &IncomingSnapshot)],
    tickets: &HashMap<usize, TicketNumber>,
    at: Timestamp,
) -> Result<()> {
    let mut rows = Vec::with_capacity(stored.len());
    let mut last: BTreeMap<AgentId, SnapshotId> = BTreeMap::new();
    for (index, incoming) in stored {
        let manifest = &incoming.manifest;
        last.insert(incoming.agent, manifest.id);
        rows.push(args![
            manifest.id,
            incoming.agent,
            at,
            manifest.taken_at,
            tickets.get(index).copied(),
            pack(manifest, "a manifest")?
        ]);
    }
    bulk::execute(
        session,
        "INSERT INTO snapshots (id, agent, received_at, taken_at, ticket, manifest) VALUES",
        rows,
        "",
    )
    .await?;
    bulk::execute(
        session,
        "UPDATE agents SET last_snapshot = v.column2 FROM (VALUES",
        last.into_iter().map(|(agent, snapshot)| args![agent, snapshot]).collect(),
        ") AS v WHERE agents.id = v.column1",
    )
    .await?;
    Ok(())
}

fn attached(incoming: &IncomingSnapshot) -> TicketEvent {
    let sections = &incoming.manifest.sections;
    let incomplete = sections
        .iter()
        .filter(|line| !matches!(line.status, Status::Ok | Status::Unsupported))
        .count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    TicketEvent::SnapshotAttached {
        snapshot: incoming.manifest.id,
        sections: count(sections.len()),
        incomplete: count(incomplete),
    }
}

fn request(incoming: &IncomingSnapshot) -> Option<&Request> {
    match &incoming.purpose {
        Purpose::Request(request) => Some(request),
        Purpose::Scheduled => None,
    }
}
