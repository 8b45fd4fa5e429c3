//! Passwords: argon2id hashes in PHC form, and what a password must be. Deliberately without
//! accounts: who signs in, and how often they may try, is `api::login`.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use befund_runtime::clock;

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 12;
/// The most bytes of a password: hashing a longer one would only cost time.
pub const MAX_BYTES: usize = 1_024;

/// A hash that no password has, with the parameters of real ones: an unknown name takes as long to
/// refuse as a wrong password.
pub const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YmVmdW5kLW5vYm9keS1zYWx0$R0eD4rSxCkJmB2qSPjSu0nb1BDxQ0bkcEJ4WcOFIuWk";

/// A password that cannot be taken or hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password needs {MIN_CHARS} characters or more, and {MAX_BYTES} bytes at most")]
    Length,
    /// The hash could not be made.
    #[error("the password could not be hashed")]
    Hash(#[source] argon2::password_hash::Error),
}

/// Hashes a password (argon2id, 19 MiB, two passes: OWASP's first recommendation). Takes tens of
/// milliseconds: call it where blocking is allowed.
///
/// # Errors
/// If it is too short or too long, or memory is short.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < MIN_CHARS || password.len() > MAX_BYTES {
        return Err(PasswordError::Length);
    }
    let salt = clock::random::<16>();
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(PasswordError::Hash)
}

/// Whether the password has this hash. Takes tens of milliseconds, whatever the answer.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    password.len() <= MAX_BYTES
        && Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse battery").expect("long enough");
        assert!(verify("correct horse battery", &hash));
        assert!(!verify("correct horse batterz", &hash));
        assert!(matches!(super::hash("short"), Err(PasswordError::Length)));
    }

    #[test]
    fn the_hash_of_nobody_is_well_formed_and_fits_nothing() {
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODY).expect("a PHC string");
        assert_eq!(parsed.params, argon2_params());
        assert!(!verify("", NOBODY));
    }

    fn argon2_params() -> argon2::password_hash::phc::ParamsString {
        let hash = hash("correct horse battery").expect("long enough");
        argon2::password_hash::phc::PasswordHash::new(&hash).expect("a PHC string").params
    }
}
