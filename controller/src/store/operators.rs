//! People's accounts and what they sign in with.

use befund_model::Timestamp;
use befund_model::audit::By;
use befund_model::id::{CredentialId, OperatorId};
use befund_model::operator::{Operator, Role};
use serde_json::json;

use super::agents::folded;
use super::audit;
use super::enroll::same;
use super::open::Store;
use super::repository::{CredentialKind, NewCredential, Operators, Result, StoreError};
use super::sql::{Row, Session, args};
use super::write::write;

const COLUMNS: &str = "id, name, role, disabled, created_at, password_hash";

impl Operators for Store {
    async fn add_operator(
        &self,
        operator: &Operator,
        password_hash: &str,
        by: &By,
        at: Timestamp,
    ) -> Result<()> {
        write!(self, "make an account", |session| {
            let name = folded(&operator.name);
            if session
                .row("SELECT 1 FROM operators WHERE folded = $1", args![name.as_str()])
                .await?
                .is_some()
            {
                let name = operator.name.clone();
                return Err(StoreError::Exists { what: "an account", name });
            }
            session
                .execute(
                    "INSERT INTO operators (id, name, folded, role, disabled, created_at, \
                     password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    args![
                        operator.id,
                        operator.name.as_str(),
                        name,
                        operator.role.as_str(),
                        i64::from(operator.disabled),
                        operator.created_at,
                        password_hash
                    ],
                )
                .await?;
            let detail = json!({ "role": operator.role });
            let object = format!("operator:{}", operator.name);
            audit::entry(session, "operator.add", &object, &detail, by, at).await?;
        })
    }

    async fn set_disabled(&self, name: &str, disabled: bool, by: &By, at: Timestamp) -> Result<()> {
        write!(self, "switch an account off or on", |session| {
            let id = locked(session, name).await?;
            session
                .execute(
                    "UPDATE operators SET disabled = $2 WHERE id = $1",
                    args![id, i64::from(disabled)],
                )
                .await?;
            if disabled {
                end_all(session, id).await?;
            }
            let action = if disabled { "operator.disable" } else { "operator.enable" };
            let object = format!("operator:{name}");
            audit::entry(session, action, &object, &json!({}), by, at).await?;
        })
    }

    async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        by: &By,
        at: Timestamp,
    ) -> Result<()> {
        write!(self, "give an account a new password", |session| {
            let id = locked(session, name).await?;
            session
                .execute(
                    "UPDATE operators SET password_hash = $2 WHERE id = $1",
                    args![id, password_hash],
                )
                .await?;
            end_all(session, id).await?;
            let object = format!("operator:{name}");
            audit::entry(session, "operator.password", &object, &json!({}), by, at).await?;
        })
    }

    async fn operator(&self, name: &str) -> Result<Option<(Operator, String)>> {
        self.read("look up an account")
            .await?
            .row(format!("SELECT {COLUMNS} FROM operators WHERE folded = $1"), args![folded(name)])
            .await?
            .map(|row| Ok((read(&row)?, row.text(5)?)))
            .transpose()
    }

    async fn operators(&self) -> Result<Vec<Operator>> {
        self.read("list the accounts")
            .await?
            .rows(format!("SELECT {COLUMNS} FROM operators ORDER BY folded"), Vec::new())
            .await?
            .iter()
            .map(read)
            .collect()
    }

    async fn add_credential(
        &self,
        credential: &NewCredential,
        by: &By,
        at: Timestamp,
    ) -> Result<()> {
        let kind = match credential.kind {
            CredentialKind::Session => "session",
            CredentialKind::Token => "token",
        };
        write!(self, "keep a credential", |session| {
            // Those that ended long since go when a new one comes.
            session.execute("DELETE FROM credentials WHERE expires_at <= $1", args![at]).await?;
            session
                .execute(
                    "INSERT INTO credentials (id, secret_hash, kind, operator, label, created_at, \
                     expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    args![
                        credential.id,
                        &credential.secret_hash,
                        kind,
                        credential.operator,
                        credential.label.as_str(),
                        at,
                        credential.expires_at
                    ],
                )
                .await?;
            let detail = json!({
                "kind": kind, "operator": credential.operator, "label": credential.label,
                "expires_at": credential.expires_at,
            });
            let object = format!("credential:{}", credential.id);
            audit::entry(session, "credential.add", &object, &detail, by, at).await?;
        })
    }

    async fn credential(
        &self,
        id: CredentialId,
        secret_hash: &[u8; 32],
        at: Timestamp,
    ) -> Result<Option<Operator>> {
        let row = self
            .read("look up a credential")
            .await?
            .row(
                "SELECT o.id, o.name, o.role, o.disabled, o.created_at, c.secret_hash \
                 FROM credentials c JOIN operators o ON o.id = c.operator \
                 WHERE c.id = $1 AND c.expires_at > $2 AND o.disabled = 0",
                args![id, at],
            )
            .await?;
        match row {
            Some(row) if same(&row.blob(5)?, secret_hash) => read(&row).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    async fn end_credential(&self, id: CredentialId, by: &By, at: Timestamp) -> Result<()> {
        write!(self, "end a credential", |session| {
            let ended = session.execute("DELETE FROM credentials WHERE id = $1", args![id]).await?;
            if ended > 0 {
                let object = format!("credential:{id}");
                audit::entry(session, "credential.end", &object, &json!({}), by, at).await?;
            }
        })
    }

    async fn has_operator(&self, role: Role) -> Result<bool> {
        Ok(self
            .read("look for an account")
            .await?
            .row(
                "SELECT 1 FROM operators WHERE role = $1 AND disabled = 0 LIMIT 1",
                args![role.as_str()],
            )
            .await?
            .is_some())
    }
}

async fn locked(session: &mut Session, name: &str) -> Result<OperatorId> {
    session
        .row("SELECT id FROM operators WHERE folded = $1 FOR UPDATE", args![folded(name)])
        .await?
        .ok_or_else(|| StoreError::NotFound { what: "account", id: name.to_owned() })?
        .id(0, OperatorId::from_slice)
}

async fn end_all(session: &mut Session, operator: OperatorId) -> Result<()> {
    session.execute("DELETE FROM credentials WHERE operator = $1", args![operator]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Operator> {
    Ok(Operator {
        id: row.id(0, OperatorId::from_slice)?,
        name: row.text(1)?,
        role: row.word(2, "a role", Role::parse)?,
        disabled: row.int(3)? != 0,
        created_at: row.time(4)?,
    })
}
