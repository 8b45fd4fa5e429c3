//! What a machine trusts, from and to the wire.

use befund_model::machine::{MAX_REFUSAL_BYTES, MachineTrust};
use bytes::Bytes;

use super::InvalidField;
use crate::v1;

/// Reads what a machine says of itself.
///
/// # Errors
/// If a digest has another length than 32 bytes, or the refusal is too long.
pub fn read(state: v1::TrustState) -> Result<MachineTrust, InvalidField> {
    let catalogue = hexadecimal("TrustState.catalogue", &state.catalogue)?;
    let policy = hexadecimal("TrustState.policy", &state.policy)?;
    Ok(MachineTrust {
        root_version: state.root_version,
        pinned: state.pinned,
        catalogue_version: state.catalogue_version,
        catalogue,
        refusal: said("TrustState.refusal", &state.refusal)?,
        policy,
        policy_refusal: said("TrustState.policy_refusal", &state.policy_refusal)?,
        executor_refusal: said("TrustState.executor_refusal", &state.executor_refusal)?,
    })
}

fn hexadecimal(field: &'static str, bytes: &[u8]) -> Result<String, InvalidField> {
    if !matches!(bytes.len(), 0 | 32) {
        return Err(InvalidField {
            field,
            problem: format!("{} bytes instead of 32", bytes.len()),
        });
    }
    Ok(data_encoding::HEXLOWER.encode(bytes))
}

fn said(field: &'static str, text: &str) -> Result<Option<String>, InvalidField> {
    if text.len() > MAX_REFUSAL_BYTES {
        let problem = format!("{} bytes, more than {MAX_REFUSAL_BYTES}", text.len());
        return Err(InvalidField { field, problem });
    }
    Ok(Some(shown(text)).filter(|text| !text.is_empty()))
}

/// A text of several lines, without what a screen would obey.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect()
}

/// Writes it; a refusal that is too long is cut.
#[must_use]
pub fn write(trust: &MachineTrust) -> v1::TrustState {
    let cut = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        text[..text.floor_char_boundary(MAX_REFUSAL_BYTES)].to_owned()
    };
    v1::TrustState {
        root_version: trust.root_version,
        pinned: trust.pinned,
        catalogue_version: trust.catalogue_version,
        catalogue: digest(&trust.catalogue).unwrap_or_default(),
        refusal: cut(&trust.refusal),
        policy: digest(&trust.policy).unwrap_or_default(),
        policy_refusal: cut(&trust.policy_refusal),
        executor_refusal: cut(&trust.executor_refusal),
    }
}

/// The bytes of a SHA-256 in hexadecimal digits; `None` for anything else.
#[must_use]
pub fn digest(hexadecimal: &str) -> Option<Bytes> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hexadecimal.as_bytes()).ok()?;
    (bytes.len() == 32).then(|| bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_a_long_refusal_is_cut() {
        let trust = MachineTrust {
            root_version: 3,
            pinned: true,
            catalogue_version: 9,
            catalogue: "ab".repeat(32),
            refusal: Some("ü".repeat(MAX_REFUSAL_BYTES)),
            policy: "cd".repeat(32),
            policy_refusal: Some("line 3".to_owned()),
            executor_refusal: Some("nobody listens".to_owned()),
        };
        let refusal = Some("ü".repeat(MAX_REFUSAL_BYTES / 2));
        assert_eq!(read(write(&trust)), Ok(MachineTrust { refusal, ..trust }));
        let none = MachineTrust::default();
        assert_eq!(write(&none), v1::TrustState::default());
        assert_eq!(read(write(&none)), Ok(none));
    }

    #[test]
    fn what_cannot_be_is_not_read() {
        let short = v1::TrustState { catalogue: vec![1; 31].into(), ..Default::default() };
        assert_eq!(read(short).map_err(|error| error.field), Err("TrustState.catalogue"));
        let short = v1::TrustState { policy: vec![1; 33].into(), ..Default::default() };
        assert_eq!(read(short).map_err(|error| error.field), Err("TrustState.policy"));
        let refusal = "x".repeat(MAX_REFUSAL_BYTES + 1);
        let long = v1::TrustState { refusal, ..Default::default() };
        assert_eq!(read(long).map_err(|error| error.field), Err("TrustState.refusal"));
        assert_eq!(digest("xyz"), None);
        let obeyed = v1::TrustState { refusal: "a\u{1b}[2J\nb".into(), ..Default::default() };
        assert_eq!(read(obeyed).expect("read").refusal.as_deref(), Some("a[2J\nb"));
    }
}
