//! Whether a key of WebAuthn made an assertion over a message, in a browser, in the form that OpenSSH publishes for it
//! (PROTOCOL.u2f, `webauthn-sk-ecdsa-sha2-nistp256@openssh.com`). Not whether the page is one that may have it signed,
//! which is the trust root's to say.
//!
//! A browser lets no page choose what its key signs. It signs a JSON object of its own, the client data, which names what
//! was done (`webauthn.get`), a challenge that the page gave, and the page's origin, which no page can choose. Here the challenge is what SSHSIG
//! has signed: `SSHSIG`, the namespace, and the SHA-512 of the message's exact bytes, in base64url. So an assertion for a
//! sign-in somewhere is none for a statement, `ssh-keygen -Y verify` reads what a browser signed, and the
//! whole challenge (107 bytes for an approval) stands in what is verified: nothing of it is cut off or hashed once more before.
//!
//! Read more strictly than by OpenSSH: somebody was there and was verified (a PIN, a finger), the key is in one device alone,
//! nothing is extended, the page was in no frame of another site's.
//!
//! Only ES256: every security key has it, and OpenSSH has a form for no other.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::check::{NotSigned, p256};
use super::{Kind, PublicKey, SSH_APPLICATION};
use crate::digest::Sha256;
use crate::json;
use crate::wire::Reader;

/// The kind of these signatures.
pub(crate) const KIND: &str = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";
/// The most bytes of the client data. Browsers write some 300, and may add members.
const MAX_CLIENT_DATA: usize = 4 << 10;

// WebAuthn, section 6.1.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;

/// What a browser had its user's key sign: by which key, and for the page of which origin. Only verifying makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assertion {
    key: PublicKey,
    origin: String,
}

impl Assertion {
    /// The key that made it.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The origin of the page that had it made, as the browser wrote it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Why an assertion is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsserted {
    /// A key of SSH, which signs for no page.
    #[error("it says that a browser had it made, and the key is none that signs in browsers")]
    OtherKey,
    /// The authenticator saw nobody.
    #[error("the security key signed without having been touched")]
    NotTouched,
    /// The authenticator did not verify who touched it.
    #[error(
        "the security key did not verify who touched it; give it a PIN, or one's finger, and sign again"
    )]
    NotVerified,
    /// The private key may be elsewhere as well.
    #[error(
        "the key may be copied to other devices (a synchronised passkey); register one that stays in its device"
    )]
    Copyable,
    /// Flags that no assertion of ours has, or extensions.
    #[error("the authenticator's data says more than an assertion without extensions does")]
    Extended,
    /// The client data is not what browsers write.
    #[error("the browser's client data cannot be read: {0}")]
    ClientData(String),
    /// Something else than a signature was asked for.
    #[error("the browser was asked for {0:?}, not for `webauthn.get`")]
    OtherType(String),
    /// Something else was signed.
    #[error("what was signed in the browser is something else than this")]
    OtherChallenge,
    /// Not the origin that the signature names.
    #[error("the signature says that it was made for {said:?}, the browser says {found:?}")]
    OtherOrigin {
        /// What the signature says.
        said: String,
        /// What the browser says.
        found: String,
    },
    /// A page within another site's.
    #[error("the page that had it signed stood within a page of another site's")]
    CrossOrigin,
}

/// What browsers write (WebAuthn, section 5.8.1); they may write more, and say so.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<IgnoredAny>,
}

/// Whether a raw signature says to be an assertion.
pub(crate) fn is_assertion(signature: &[u8]) -> bool {
    Reader::new(signature).text() == Ok(KIND)
}

impl PublicKey {
    /// Whether `signature` (its kind, r and s, flags, counter, origin, client data, extensions) is this key's assertion
    /// over `message`.
    ///
    /// # Errors
    /// If it is not.
    pub fn check_assertion(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Assertion, NotSigned> {
        let mut reader = Reader::new(signature);
        let found = reader.text()?;
        if found != KIND {
            let found = cut(found);
            return Err(NotSigned::OtherKind { key: self.kind(), found });
        }
        let raw = reader.string()?;
        let flags = reader.byte()?;
        let counter = reader.number()?;
        let origin = reader.text()?;
        let client_data = reader.string()?;
        let extensions = reader.string()?;
        if !reader.is_done() {
            return Err(NotSigned::Damaged);
        }
        let Kind::SkP256 { point, application } = &self.0 else {
            return Err(NotAsserted::OtherKey.into());
        };
        if application.starts_with(SSH_APPLICATION) {
            return Err(NotAsserted::OtherKey.into());
        }
        check_flags(flags, extensions)?;
        check_client_data(client_data, origin, message)?;
        let mut signed = Vec::with_capacity(32 + 1 + 4 + 32);
        signed.extend_from_slice(&Sha256::of(application.as_bytes()).0);
        signed.push(flags);
        signed.extend_from_slice(&counter.to_be_bytes());
        signed.extend_from_slice(&Sha256::of(client_data).0);
        p256(point, &signed, raw)?;
        Ok(Assertion { key: self.clone(), origin: origin.to_owned() })
    }
}

fn check_flags(flags: u8, extensions: &[u8]) -> Result<(), NotAsserted> {
    if flags & USER_PRESENT == 0 {
        return Err(NotAsserted::NotTouched);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(NotAsserted::NotVerified);
    }
    if flags & (BACKUP_ELIGIBLE | BACKED_UP) != 0 {
        return Err(NotAsserted::Copyable);
    }
    if flags != USER_PRESENT | USER_VERIFIED || !extensions.is_empty() {
        return Err(NotAsserted::Extended);
    }
    Ok(())
}

fn check_client_data(bytes: &[u8], origin: &str, message: &[u8]) -> Result<(), NotAsserted> {
    let data: ClientData = json::read("the client data", bytes, MAX_CLIENT_DATA)
        .map_err(|error| NotAsserted::ClientData(why(&error)))?;
    if data.kind != "webauthn.get" {
        return Err(NotAsserted::OtherType(cut(&data.kind)));
    }
    if data.challenge != BASE64URL_NOPAD.encode(message) {
        return Err(NotAsserted::OtherChallenge);
    }
    if data.origin != origin {
        return Err(NotAsserted::OtherOrigin { said: cut(origin), found: cut(&data.origin) });
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(NotAsserted::CrossOrigin);
    }
    Ok(())
}

fn why(error: &json::Malformed) -> String {
    match error {
        json::Malformed::TooLarge { size, most, .. } => {
            format!("it has {size} bytes, and {most} are the most")
        }
        json::Malformed::Json { source, .. } => cut(&source.to_string()),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(128).collect()
}
