//! Machines and their identities: what they are bound to, when they were last heard of.
//! How a machine joins is in `enroll`.

use std::collections::{HashMap, HashSet};

use befund_model::Timestamp;
use befund_model::api::{MachineQuery, Page};
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, SnapshotId};
use befund_model::machine::{Machine, MachineTrust};
use serde_json::json;

use super::open::Store;
use super::repository::{
    Agents, Binding, NewToken, Presence, Rebound, Redeemed, Redemption, Result, StoreError,
    TokenRecord,
};
use super::sql::{Row, Value, args, corrupt, to_json};
use super::write::write;
use super::{audit, bulk, enroll};

const COLUMNS: &str = "id, name, os, agent_version, machine_group, enrolled_at, last_seen, \
                       revoked_at, last_snapshot, clock_offset_ms";

/// How many agents are looked up in one statement.
const LOOK_UP: usize = 256;

impl Agents for Store {
    async fn create_token(&self, token: NewToken, by: &By, at: Timestamp) -> Result<()> {
        enroll::create(self, &token, by, at).await
    }

    async fn tokens(&self, at: Timestamp) -> Result<Vec<TokenRecord>> {
        enroll::list(self, at).await
    }

    async fn redeem(&self, redemption: Redemption, at: Timestamp) -> Result<Redeemed> {
        enroll::redeem(self, &redemption, at).await
    }

    async fn binding(&self, agent: AgentId) -> Result<Option<Binding>> {
        let row = self
            .read("look up an identity")
            .await?
            .row(
                "SELECT public_key, recovery_counter, revoked_at FROM agents WHERE id = $1",
                args![agent],
            )
            .await?;
        row.map(|row| {
            Ok(Binding {
                agent,
                public_key: row.blob(0)?,
                recovery_counter: counter(row.int(1)?)?,
                revoked: row.maybe_int(2)?.is_some(),
            })
        })
        .transpose()
    }

    async fn rebind(&self, agent: AgentId, public_key: &[u8], until: Timestamp) -> Result<Rebound> {
        let touched = write!(self, "bind an identity to its new key", |session| {
            session
                .execute(
                    "UPDATE agents SET public_key = $2, certificate_until = $3 WHERE id = $1 \
                     AND (certificate_until IS NULL OR certificate_until <= $3)",
                    args![agent, public_key, until],
                )
                .await?
        })?;
        if touched > 0 {
            return Ok(Rebound::Bound);
        }
        self.binding(agent).await?.map(|_| Rebound::Stale).ok_or_else(|| unknown(agent))
    }

    async fn recover(&self, agent: AgentId, counter: u64, at: Timestamp) -> Result<bool> {
        let Ok(counter) = i64::try_from(counter) else { return Ok(false) };
        let by = By { actor: Actor::Agent { id: agent, account: None }, source: String::new() };
        write!(self, "take a recovery's counter", |session| {
            let touched = session
                .execute(
                    "UPDATE agents SET recovery_counter = $2 \
                     WHERE id = $1 AND recovery_counter < $2 AND revoked_at IS NULL",
                    args![agent, counter],
                )
                .await?;
            if touched > 0 {
                let detail = json!({ "counter": counter });
                let object = format!("agent:{agent}");
                audit::entry(session, "agent.recover", &object, &detail, &by, at).await?;
            }
            touched > 0
        })
    }

    async fn revoke(&self, agent: AgentId, by: &By, at: Timestamp) -> Result<Machine> {
        write!(self, "revoke an identity", |session| {
            let row = session
                .row(format!("SELECT {COLUMNS} FROM agents WHERE id = $1 FOR UPDATE"), args![agent])
                .await?
                .ok_or_else(|| unknown(agent))?;
            let mut machine = read(&row)?;
            if machine.revoked_at.is_none() {
                machine.revoked_at = Some(at);
                session
                    .execute("UPDATE agents SET revoked_at = $2 WHERE id = $1", args![agent, at])
                    .await?;
                let detail = json!({ "name": machine.name });
                let object = format!("agent:{agent}");
                audit::entry(session, "agent.revoke", &object, &detail, by, at).await?;
                self.note(session, |ledger| ledger.revoked(agent, at))?;
            }
            machine
        })
    }

    async fn revoked(&self) -> Result<HashSet<AgentId>> {
        self.read("list the revoked identities")
            .await?
            .rows("SELECT id FROM agents WHERE revoked_at IS NOT NULL", Vec::new())
            .await?
            .iter()
            .map(|row| row.id(0, AgentId::from_slice))
            .collect()
    }

    async fn flush_presence(&self, presence: &[Presence]) -> Result<()> {
        if presence.is_empty() {
            return Ok(());
        }
        // Sorted, so that two controllers take rows in one order.
        let mut sorted: Vec<&Presence> = presence.iter().collect();
        sorted.sort_by_key(|one| one.agent);
        write!(self, "keep when machines were last heard of", |session| {
            let rows = sorted
                .iter()
                .map(|one| {
                    let facts = one.facts.as_ref();
                    Ok(args![
                        one.agent,
                        one.seen_at,
                        facts.map(|facts| facts.name.as_str()),
                        facts.map(|facts| folded(&facts.name)).as_deref(),
                        facts.map(|facts| facts.os.as_str()),
                        facts.map(|facts| facts.agent_version.as_str()),
                        one.clock_offset_ms,
                        one.trust
                            .as_ref()
                            .map(|trust| to_json(trust, "what a machine trusts"))
                            .transpose()?
                            .as_deref(),
                    ])
                })
                .collect::<Result<_>>()?;
            bulk::execute(
                session,
                "UPDATE agents SET \
                 last_seen = CASE WHEN last_seen > v.column2 THEN last_seen ELSE v.column2 END, \
                 name = COALESCE(v.column3, name), \
                 folded = COALESCE(v.column4, folded), \
                 os = COALESCE(v.column5, os), \
                 agent_version = COALESCE(v.column6, agent_version), \
                 clock_offset_ms = COALESCE(v.column7, clock_offset_ms), \
                 trust = COALESCE(v.column8, trust) FROM (VALUES",
                rows,
                ") AS v WHERE agents.id = v.column1",
            )
            .await?;
        })
    }

    async fn trusted(&self, agents: &[AgentId]) -> Result<HashMap<AgentId, MachineTrust>> {
        let mut found = HashMap::new();
        for part in agents.chunks(LOOK_UP) {
            let (list, values) =
                bulk::list(1, part.iter().map(|agent| Value::from(*agent)).collect());
            let sql =
                format!("SELECT id, trust FROM agents WHERE trust IS NOT NULL AND id IN {list}");
            for row in self.read("look up what machines trust").await?.rows(sql, values).await? {
                let trust = row.json(1, "what a machine trusts")?;
                found.insert(row.id(0, AgentId::from_slice)?, trust);
            }
        }
        Ok(found)
    }

    async fn machine(&self, agent: AgentId) -> Result<Option<Machine>> {
        self.read("look up a machine")
            .await?
            .row(format!("SELECT {COLUMNS} FROM agents WHERE id = $1"), args![agent])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn find_machine(&self, id_or_name: &str) -> Result<Option<Machine>> {
        if let Ok(agent) = id_or_name.parse::<AgentId>() {
            return self.machine(agent).await;
        }
        self.read("look up a machine")
            .await?
            .row(
                format!(
                    "SELECT {COLUMNS} FROM agents WHERE folded = $1 \
                     ORDER BY (revoked_at IS NULL) DESC, last_seen DESC NULLS LAST, \
                     enrolled_at DESC LIMIT 1"
                ),
                args![folded(id_or_name)],
            )
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    async fn machines(&self, query: &MachineQuery) -> Result<Page<Machine>> {
        let limit = query.limit.unwrap_or(50).clamp(1, 500);
        let (id, name) = match query.after.as_deref().and_then(|after| after.split_once('/')) {
            Some((id, name)) => (id.parse::<AgentId>().ok(), Some(name)),
            None => (None, None),
        };
        let pattern = query.q.as_deref().map(|q| contains(&folded(q)));
        let rows = self
            .read("list machines")
            .await?
            .rows(
                format!(
                    "SELECT {COLUMNS}, folded FROM agents \
                     WHERE ($1 IS NULL OR folded > $1 OR (folded = $1 AND id > $2)) \
                     AND ($3 IS NULL OR folded LIKE $3 ESCAPE '!') \
                     ORDER BY folded, id LIMIT $4"
                ),
                args![name, id, pattern.as_deref(), limit + 1],
            )
            .await?;
        page(rows, limit, read, |row| {
            Ok(format!("{}/{}", row.id(0, AgentId::from_slice)?, row.text(10)?))
        })
    }
}

/// One page of rows, one more than its limit of which were asked for.
pub(in crate::store) fn page<T>(
    mut rows: Vec<Row>,
    limit: u32,
    read: impl Fn(&Row) -> Result<T>,
    cursor: impl Fn(&Row) -> Result<String>,
) -> Result<Page<T>> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(cursor).transpose()? } else { None };
    Ok(Page { items: rows.iter().map(read).collect::<Result<_>>()?, next })
}

/// A text as it is compared: the same on both databases, whatever their locale.
pub(in crate::store) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// The pattern of texts that contain this one; `!` escapes.
pub(in crate::store) fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn unknown(agent: AgentId) -> StoreError {
    StoreError::NotFound { what: "machine", id: agent.to_string() }
}

fn counter(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| corrupt("a recovery's counter", "it is negative"))
}

fn read(row: &Row) -> Result<Machine> {
    Ok(Machine {
        id: row.id(0, AgentId::from_slice)?,
        name: row.text(1)?,
        os: row.text(2)?,
        agent_version: row.text(3)?,
        group: row.text(4)?,
        enrolled_at: row.time(5)?,
        last_seen: row.maybe_time(6)?,
        revoked_at: row.maybe_time(7)?,
        last_snapshot: row.maybe_id(8, SnapshotId::from_slice)?,
        clock_offset_ms: row.maybe_int(9)?,
    })
}
