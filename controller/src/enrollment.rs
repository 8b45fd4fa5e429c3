//! Enrollment tokens: made here, shown once, kept as a hash. Used by the API and by the command on
//! the controller's own host.

use befund_model::Timestamp;
use befund_model::api::{EnrollmentTokenMade, NewEnrollmentToken};
use befund_model::audit::By;
use befund_model::id::TokenId;
use befund_model::token::{EnrollmentToken, Secret};
use befund_runtime::clock;
use jiff::SignedDuration;

use crate::api::problem::Failure;
use crate::state::Identity;
use crate::store::Store;
use crate::store::repository::{Agents as _, NewToken};

/// How long a token is valid unless told otherwise: 30 minutes.
pub const VALID_SECONDS: u64 = 30 * 60;
/// The longest that a token may be valid: 30 days.
pub const MAX_VALID_SECONDS: u64 = 30 * 24 * 3600;
/// The most machines that one token may enroll.
pub const MAX_USES: u32 = 100_000;

/// Makes a token.
///
/// # Errors
/// `invalid` for a use count, a validity, a group or a network that makes no sense.
pub async fn make(
    store: &Store,
    identity: &Identity,
    new: NewEnrollmentToken,
    by: &By,
    now: Timestamp,
) -> Result<EnrollmentTokenMade, Failure> {
    let uses = new.uses.unwrap_or(1);
    if uses == 0 || uses > MAX_USES {
        return Err(Failure::invalid(format!("a token has 1 to {MAX_USES} uses")));
    }
    let seconds = new.valid_seconds.unwrap_or(VALID_SECONDS);
    if seconds == 0 || seconds > MAX_VALID_SECONDS {
        return Err(Failure::invalid(format!(
            "a token is valid for 1 to {MAX_VALID_SECONDS} seconds"
        )));
    }
    let group = new.group.unwrap_or_default().trim().to_owned();
    if group.len() > 128 {
        return Err(Failure::invalid("a group's name has 128 bytes at most"));
    }
    let network = new.network.unwrap_or_default().trim().to_owned();
    if !network.is_empty() && !is_network(&network) {
        return Err(Failure::invalid(format!(
            "{network:?} is not a network: expected an address and a prefix length, as in 10.1.0.0/16"
        )));
    }
    let valid = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let expires_at = now.checked_add(valid).unwrap_or(Timestamp::MAX);
    let token = EnrollmentToken {
        addresses: identity.addresses.clone(),
        ca_pin: identity.ca_pin,
        trust_root: None,
        id: TokenId::new(now, clock::random()),
        secret: Secret(clock::random()),
    };
    let shown = token.encode().map_err(|error| Failure::invalid(error.to_string()))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &token.secret.0);
    let secret_hash = digest.as_ref().try_into().expect("SHA-256 has 32 bytes");
    let kept = NewToken { id: token.id, secret_hash, uses, expires_at, group, network };
    store.create_token(kept, by, now).await?;
    Ok(EnrollmentTokenMade { token: shown, id: token.id, expires_at })
}

fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.parse::<u8>().is_ok_and(|length| length <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_with_a_prefix_length() {
        for good in ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::/0"] {
            assert!(is_network(good), "{good}");
        }
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0/8", "2001:db8::/129", "x/8", "10.0.0.0/-1"] {
            assert!(!is_network(bad), "{bad}");
        }
    }
}
