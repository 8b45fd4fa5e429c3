//! Credentials as they are shown: a personal token (`befundp_…`) or a session cookie's value. Both
//! are a public id and a secret; the store has only the secret's hash, which is taken over the
//! credential's kind as well, so that a cookie is no token and a token no cookie.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use befund_model::id::CredentialId;
use befund_model::token::Secret;
use data_encoding::BASE64URL_NOPAD;

use crate::store::repository::CredentialKind;

/// What every personal token begins with.
pub const PREFIX: &str = "befundp_";
/// The session cookie's name; the prefix makes browsers insist on `Secure`, on `Path=/`, and on
/// no `Domain`.
pub const COOKIE_NAME: &str = "__Host-befund";

/// A credential with its secret.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its public half.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// Its secret half.
    pub secret: Secret,
}

impl Shown {
    /// What the store keeps of the secret.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let domain: &[u8] = match self.kind {
            CredentialKind::Session => b"befund session\0",
            CredentialKind::Token => b"befund token\0",
        };
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(domain);
        context.update(&self.secret.0);
        context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// The text that is shown, once.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend_from_slice(&self.secret.0);
        let body = BASE64URL_NOPAD.encode(&bytes);
        match self.kind {
            CredentialKind::Session => body,
            CredentialKind::Token => format!("{PREFIX}{body}"),
        }
    }

    fn decode(body: &str, kind: CredentialKind) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).ok()?;
        let (id, secret) = bytes.split_at_checked(16)?;
        Some(Self {
            id: CredentialId::from_slice(id)?,
            kind,
            secret: Secret(secret.try_into().ok()?),
        })
    }
}

/// What a request shows: a bearer token if it has an `Authorization` header (and then nothing
/// else counts), else the session cookie.
#[must_use]
pub fn shown(headers: &HeaderMap) -> Option<Shown> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        return Shown::decode(token.trim().strip_prefix(PREFIX)?, CredentialKind::Token);
    }
    cookie(headers, COOKIE_NAME).and_then(|value| Shown::decode(value, CredentialKind::Session))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The `Set-Cookie` that begins a session.
#[must_use]
pub fn begin(shown: &Shown, seconds: u64) -> String {
    format!(
        "{COOKIE_NAME}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict",
        shown.encode()
    )
}

/// The `Set-Cookie` that ends it.
#[must_use]
pub fn end() -> String {
    format!("{COOKIE_NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(kind: CredentialKind) -> Shown {
        let id = CredentialId::new(befund_model::Timestamp::UNIX_EPOCH, [3; 10]);
        Shown { id, kind, secret: Secret([9; 32]) }
    }

    fn headers(pairs: &[(axum::http::HeaderName, String)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("ASCII"))).collect()
    }

    #[test]
    fn a_token_and_a_cookie_are_read_back_and_are_not_each_other() {
        let token = some(CredentialKind::Token);
        let session = some(CredentialKind::Session);
        assert_ne!(token.hash(), session.hash());
        let bearer = headers(&[(AUTHORIZATION, format!("Bearer {}", token.encode()))]);
        assert_eq!(shown(&bearer).map(|shown| shown.hash()), Some(token.hash()));
        let cookie = headers(&[(COOKIE, format!("a=b; {COOKIE_NAME}={}", session.encode()))]);
        assert_eq!(shown(&cookie).map(|shown| shown.hash()), Some(session.hash()));
        let swapped = headers(&[(AUTHORIZATION, format!("Bearer {}", session.encode()))]);
        assert!(shown(&swapped).is_none());
    }

    #[test]
    fn a_wrong_authorization_is_not_made_good_by_a_cookie() {
        let session = some(CredentialKind::Session);
        let both = headers(&[
            (AUTHORIZATION, "Basic Zm9v".to_owned()),
            (COOKIE, format!("{COOKIE_NAME}={}", session.encode())),
        ]);
        assert!(shown(&both).is_none());
    }
}
