//! People's accounts and what they sign in with.

use std::future::Future;

use befund_model::Timestamp;
use befund_model::audit::By;
use befund_model::id::{CredentialId, OperatorId};
use befund_model::operator::{Operator, Role};

use super::Result;

/// A credential that was shown: a browser's session or a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A browser's session.
    Session,
    /// A personal token.
    Token,
}

/// A new credential; the secret is known only as its hash.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// Its public half.
    pub id: CredentialId,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// What it is.
    pub kind: CredentialKind,
    /// Whose it is.
    pub operator: OperatorId,
    /// What it is for.
    pub label: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// People's accounts and what they sign in with.
pub trait Operators {
    /// Makes an account.
    fn add_operator(
        &self,
        operator: &Operator,
        password_hash: &str,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Switches an account off (ending its credentials) or on.
    fn set_disabled(
        &self,
        name: &str,
        disabled: bool,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Gives an account a new password, ending its credentials.
    fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// An account and its password's hash, by name.
    fn operator(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<(Operator, String)>>> + Send;
    /// All accounts, by name.
    fn operators(&self) -> impl Future<Output = Result<Vec<Operator>>> + Send;
    /// Keeps a credential.
    fn add_credential(
        &self,
        credential: &NewCredential,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Whose credential this is, if it is still good and the account too.
    fn credential(
        &self,
        id: CredentialId,
        secret_hash: &[u8; 32],
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<Operator>>> + Send;
    /// Ends a credential.
    fn end_credential(
        &self,
        id: CredentialId,
        by: &By,
        at: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Whether there is any account.
    fn has_operator(&self, role: Role) -> impl Future<Output = Result<bool>> + Send;
}
