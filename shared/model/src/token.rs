//! The enrollment token: what an administrator hands to a machine so that it can join.
//!
//! `befund1_` and base64url (no padding) of: a version byte (1); the controller addresses, each as
//! a length byte and its bytes, behind a count byte; the 32-byte CA pin; a flag byte and, if 1, the
//! 32-byte digest of the trust root; the 16-byte token id; the 32-byte secret; and the first 4
//! bytes of the BLAKE3 hash of all that, so that a mistyped token is told from a wrong one.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

use crate::id::TokenId;

/// What every token begins with.
pub const PREFIX: &str = "befund1_";
/// The most addresses in a token.
pub const MAX_ADDRESSES: usize = 8;

/// The SHA-256 of the DER of a root certificate's SubjectPublicKeyInfo.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CaPin(pub [u8; 32]);

impl fmt::Display for CaPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CaPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for CaPin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let hex = text.trim().strip_prefix("sha256:").ok_or(InvalidPin)?;
        let bytes =
            data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| InvalidPin)?;
        Ok(Self(bytes.try_into().map_err(|_| InvalidPin)?))
    }
}

/// A text that is not a CA pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a CA pin: expected `sha256:` and 64 hexadecimal digits, as `befund-controller doctor` prints it"
)]
pub struct InvalidPin;

/// 32 secret bytes, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An enrollment token, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentToken {
    /// Where the controller can be reached, `host:port`, in order of preference.
    pub addresses: Vec<String>,
    /// Whom to trust.
    pub ca_pin: CaPin,
    /// The digest of the trust root, where there is one.
    pub trust_root: Option<[u8; 32]>,
    /// Its public half.
    pub id: TokenId,
    /// Its secret half.
    pub secret: Secret,
}

impl EnrollmentToken {
    /// Writes it as the administrator sees it.
    ///
    /// # Errors
    /// If an address is empty or longer than 255 bytes, or there are none or more than
    /// [`MAX_ADDRESSES`].
    pub fn encode(&self) -> Result<String, TokenError> {
        if self.addresses.is_empty() || self.addresses.len() > MAX_ADDRESSES {
            return Err(TokenError::Addresses);
        }
        let mut bytes = vec![1, u8::try_from(self.addresses.len()).unwrap_or(u8::MAX)];
        for address in &self.addresses {
            let length = u8::try_from(address.len()).map_err(|_| TokenError::Addresses)?;
            if length == 0 {
                return Err(TokenError::Addresses);
            }
            bytes.push(length);
            bytes.extend_from_slice(address.as_bytes());
        }
        bytes.extend_from_slice(&self.ca_pin.0);
        match &self.trust_root {
            Some(digest) => {
                bytes.push(1);
                bytes.extend_from_slice(digest);
            }
            None => bytes.push(0),
        }
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.secret.0);
        bytes.extend_from_slice(&checksum(&bytes));
        Ok(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
    }

    /// Reads what [`encode`](Self::encode) wrote; surrounding white space is forgiven.
    ///
    /// # Errors
    /// Tells a text that is no token, one that was cut off or mistyped, and one that is too new.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(TokenError::NotAToken)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| TokenError::Mistyped)?;
        let (bytes, sum) = bytes.split_last_chunk::<4>().ok_or(TokenError::Mistyped)?;
        if checksum(bytes) != *sum {
            return Err(TokenError::Mistyped);
        }
        let mut rest = bytes;
        if take::<1>(&mut rest)? != [1] {
            return Err(TokenError::Newer);
        }
        let [count] = take::<1>(&mut rest)?;
        let mut addresses = Vec::new();
        for _ in 0..count {
            let [length] = take::<1>(&mut rest)?;
            if length == 0 {
                return Err(TokenError::Addresses);
            }
            let (address, tail) =
                rest.split_at_checked(usize::from(length)).ok_or(TokenError::Mistyped)?;
            rest = tail;
            addresses.push(String::from_utf8(address.to_vec()).map_err(|_| TokenError::Mistyped)?);
        }
        if addresses.is_empty() || addresses.len() > MAX_ADDRESSES {
            return Err(TokenError::Addresses);
        }
        let ca_pin = CaPin(take(&mut rest)?);
        let trust_root = match take::<1>(&mut rest)? {
            [0] => None,
            _ => Some(take(&mut rest)?),
        };
        let id = TokenId::from_slice(&take::<16>(&mut rest)?).ok_or(TokenError::Mistyped)?;
        let secret = Secret(take(&mut rest)?);
        Ok(Self { addresses, ca_pin, trust_root, id, secret })
    }
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(bytes);
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TokenError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(TokenError::Mistyped)?;
    *rest = tail;
    Ok(*head)
}

/// A text that is not a usable token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin with the prefix.
    #[error(
        "this is not an enrollment token (those begin with `{PREFIX}`); ask your help desk for one, or make one with `befund enroll token new`"
    )]
    NotAToken,
    /// The checksum does not fit.
    #[error(
        "the enrollment token was cut off or mistyped (its checksum does not fit); copy it again, whole"
    )]
    Mistyped,
    /// Its version byte is unknown.
    #[error("the enrollment token was made by a newer controller; install a newer agent")]
    Newer,
    /// No addresses, too many, or one too long.
    #[error(
        "an enrollment token names 1 to {MAX_ADDRESSES} controller addresses of 1 to 255 bytes"
    )]
    Addresses,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> EnrollmentToken {
        EnrollmentToken {
            addresses: vec!["help.example:443".into(), "[::1]:7443".into()],
            ca_pin: CaPin([7; 32]),
            trust_root: None,
            id: TokenId::new(crate::Timestamp::UNIX_EPOCH, [3; 10]),
            secret: Secret([9; 32]),
        }
    }

    #[test]
    fn a_token_survives_its_encoding() {
        for trust_root in [None, Some([5; 32])] {
            let token = EnrollmentToken { trust_root, ..token() };
            let text = token.encode().expect("a good token");
            assert_eq!(EnrollmentToken::decode(&format!("  {text}\n")), Ok(token));
        }
    }

    #[test]
    fn every_truncation_and_every_changed_letter_is_noticed() {
        let text = token().encode().expect("a good token");
        for end in PREFIX.len()..text.len() {
            assert_eq!(EnrollmentToken::decode(&text[..end]), Err(TokenError::Mistyped), "{end}");
        }
        for at in PREFIX.len()..text.len() {
            let mut typo = text.clone().into_bytes();
            typo[at] = if typo[at] == b'A' { b'B' } else { b'A' };
            let typo = String::from_utf8(typo).expect("ASCII");
            assert_eq!(EnrollmentToken::decode(&typo), Err(TokenError::Mistyped), "{at}");
        }
        assert_eq!(EnrollmentToken::decode("hunter2"), Err(TokenError::NotAToken));
    }

    #[test]
    fn a_token_with_an_empty_address_is_neither_written_nor_read() {
        let token = EnrollmentToken { addresses: vec![String::new()], ..token() };
        assert_eq!(token.encode(), Err(TokenError::Addresses));
        let mut bytes = vec![1, 1, 0];
        bytes.extend_from_slice(&[7; 32]);
        bytes.push(0);
        bytes.extend_from_slice(&[9; 48]);
        bytes.extend_from_slice(&checksum(&bytes));
        let text = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes));
        assert_eq!(EnrollmentToken::decode(&text), Err(TokenError::Addresses));
    }
}
