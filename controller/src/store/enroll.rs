//! How a machine joins: enrollment tokens and their redemption.

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, TokenId};
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::agents::folded;
use super::audit;
use super::ledger::Ledger;
use super::network::Network;
use super::open::Store;
use super::repository::{NewToken, Redeemed, Redemption, Result, StoreError, TokenRecord};
use super::sql::{Session, args, corrupt};
use super::write::write;

impl Store {
    /// Writes into the ledger, if there is one; before the commit of what the line tells of.
    pub(in crate::store) fn note(
        &self,
        session: &Session,
        write: impl FnOnce(&Ledger) -> std::io::Result<()>,
    ) -> Result<()> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        write(ledger).map_err(|error| StoreError::Database {
            operation: session.operation(),
            source: sqlx::Error::Io(error),
        })
    }
}

pub(in crate::store) async fn create(
    store: &Store,
    token: &NewToken,
    by: &By,
    at: Timestamp,
) -> Result<()> {
    write!(store, "keep an enrollment token", |session| {
        session
            .execute(
                "INSERT INTO tokens (id, secret_hash, uses_left, expires_at, machine_group, \
                 network, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                args![
                    token.id,
                    &token.secret_hash,
                    token.uses,
                    token.expires_at,
                    token.group.as_str(),
                    token.network.as_str(),
                    by.actor.name(),
                    at
                ],
            )
            .await?;
        let detail = json!({
            "uses": token.uses, "expires_at": token.expires_at,
            "group": token.group, "network": token.network,
        });
        let object = format!("token:{}", token.id);
        audit::entry(session, "token.create", &object, &detail, by, at).await?;
    })
}

pub(in crate::store) async fn list(store: &Store, at: Timestamp) -> Result<Vec<TokenRecord>> {
    store
        .read("list enrollment tokens")
        .await?
        .rows(
            "SELECT id, uses_left, expires_at, machine_group, network, created_by, created_at \
             FROM tokens WHERE uses_left > 0 AND expires_at > $1 ORDER BY created_at, id",
            args![at],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(TokenRecord {
                id: row.id(0, TokenId::from_slice)?,
                uses_left: u32::try_from(row.int(1)?)
                    .map_err(|_| corrupt("a token", "its uses are out of range"))?,
                expires_at: row.time(2)?,
                group: row.text(3)?,
                network: row.text(4)?,
                created_by: row.text(5)?,
                created_at: row.time(6)?,
            })
        })
        .collect()
}

pub(in crate::store) async fn redeem(
    store: &Store,
    redemption: &Redemption,
    at: Timestamp,
) -> Result<Redeemed> {
    write!(store, "redeem an enrollment token", |session| {
        redeem_in(store, session, redemption, at).await?
    })
}

async fn redeem_in(
    store: &Store,
    session: &mut Session,
    redemption: &Redemption,
    at: Timestamp,
) -> Result<Redeemed> {
    let Some(token) = session
        .row(
            "SELECT secret_hash, uses_left, expires_at, machine_group, network FROM tokens \
             WHERE id = $1 FOR UPDATE",
            args![redemption.token],
        )
        .await?
    else {
        return Ok(Redeemed::Unknown);
    };
    if !same(&token.blob(0)?, &redemption.secret_hash) {
        return Ok(Redeemed::Unknown);
    }
    let network = token.text(4)?;
    if !network.is_empty()
        && !Network::parse(&network).is_some_and(|network| network.contains(redemption.source))
    {
        return Ok(Redeemed::WrongNetwork);
    }
    let key_hash = digest(&SHA256, &redemption.public_key);
    // The answer to an earlier redemption was lost: the same identity again, as long as it is still
    // bound to that key and was not revoked.
    if let Some(earlier) = session
        .row(
            "SELECT r.agent, a.public_key, a.revoked_at FROM redemptions r \
             JOIN agents a ON a.id = r.agent WHERE r.token = $1 AND r.key_hash = $2",
            args![redemption.token, key_hash.as_ref()],
        )
        .await?
    {
        let bound = earlier.blob(1)? == redemption.public_key && earlier.maybe_int(2)?.is_none();
        return Ok(if bound {
            Redeemed::Again(earlier.id(0, AgentId::from_slice)?)
        } else {
            Redeemed::UsedUp
        });
    }
    if token.time(2)? <= at {
        return Ok(Redeemed::Expired);
    }
    let left = token.int(1)?;
    if left <= 0 {
        return Ok(Redeemed::UsedUp);
    }
    session
        .execute(
            "UPDATE tokens SET uses_left = uses_left - 1 WHERE id = $1",
            args![redemption.token],
        )
        .await?;
    session
        .execute(
            "INSERT INTO redemptions (token, key_hash, agent, at) VALUES ($1, $2, $3, $4)",
            args![redemption.token, key_hash.as_ref(), redemption.agent, at],
        )
        .await?;
    let facts = &redemption.facts;
    session
        .execute(
            "INSERT INTO agents (id, name, folded, os, agent_version, machine_group, public_key, \
             recovery_counter, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
            args![
                redemption.agent,
                facts.name.as_str(),
                folded(&facts.name),
                facts.os.as_str(),
                facts.agent_version.as_str(),
                token.text(3)?,
                redemption.public_key.as_slice(),
                at
            ],
        )
        .await?;
    let by = By {
        actor: Actor::Agent { id: redemption.agent, account: None },
        source: redemption.source.to_string(),
    };
    let detail = json!({ "token": redemption.token, "name": facts.name, "os": facts.os });
    let object = format!("agent:{}", redemption.agent);
    audit::entry(session, "agent.enroll", &object, &detail, &by, at).await?;
    store.note(session, |ledger| ledger.token(redemption.token, left - 1))?;
    Ok(Redeemed::New(redemption.agent))
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
pub(in crate::store) fn same(one: &[u8], other: &[u8; 32]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}
