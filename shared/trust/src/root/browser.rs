//! Signing in a browser, as far as a root lets it: for which pages, with whose keys, and for nothing but steps that change
//! something. Not whether an assertion is good, which [`crate::key`] sees; nor whether a machine's policy lets it count.
//!
//! A page is handed out by the controller, and may show one thing and have another signed. So what a browser signs
//! counts for less than what `befund approve` does (`docs/adr/0010-what-a-browser-may-sign.md`): never for a root, a catalogue
//! or what interrupts work, and only where a root says so, with the relying party, the origins and each key by name. All of that is
//! in the root's signed bytes, so no controller can widen it.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::check::field;
use super::{Malformed, Person, Role, Root};
use crate::key::{Assertion, PublicKey};

/// The most origins.
pub const MAX_ORIGINS: usize = 8;
/// The most bytes of a credential's id (WebAuthn, section 4).
pub const MAX_CREDENTIAL: usize = 1023;

/// The pages that may have a step signed: the part `webauthn` of a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Whose keys sign for them: the relying party of WebAuthn, a domain.
    pub relying_party: String,
    /// From where they may come, as in `https://console.example.org`: of that domain, or below it; 8 at most.
    pub origins: Vec<String>,
}

/// Why what was signed in a browser does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHere {
    /// Not for this.
    #[error(
        "counting who signed: in a browser only steps that change something are signed, and this takes the role {}; sign \
         it with `befund approve`", .0.as_str()
    )]
    OtherRole(Role),
    /// The root names no pages.
    #[error(
        "counting who signed: the trust root lets nothing be signed in a browser; sign it with `befund approve`"
    )]
    NoPages,
    /// The machine's policy does not let it count.
    #[error(
        "counting who signed: the policy of this machine takes nothing that was signed in a browser; sign it with `befund \
         approve`"
    )]
    Policy,
    /// Another page.
    #[error(
        "counting who signed: it was signed on a page of {found}, and the trust root lets only these have something signed: {}",
        allowed.join(", ")
    )]
    OtherOrigin {
        /// Where it was signed.
        found: String,
        /// Where it may be.
        allowed: Vec<String>,
    },
    /// Nobody's key, or none that signs in browsers.
    #[error(
        "counting who signed: the key {0} is none that the trust root lists for signing in a browser"
    )]
    NotListed(String),
}

impl Root {
    /// The pages that may have a step signed, if any may.
    #[must_use]
    pub const fn pages(&self) -> Option<&Pages> {
        self.document.webauthn.as_ref()
    }

    /// The keys that sign in browsers and count, each with its credential's id and whose it is.
    pub fn browser_keys(&self) -> impl Iterator<Item = (&PublicKey, &str, &Person)> {
        self.browsers.iter().filter_map(|(key, (place, credential))| {
            Some((key, credential.as_str(), self.document.people.get(*place)?))
        })
    }

    /// Who signed this in a browser, if that counts for a role.
    ///
    /// # Errors
    /// Why it does not.
    pub fn asserted(&self, role: Role, assertion: &Assertion) -> Result<&Person, NotHere> {
        match role {
            Role::Change => {}
            Role::Root | Role::Catalogue | Role::Disruptive => {
                return Err(NotHere::OtherRole(role));
            }
        }
        let pages = self.pages().ok_or(NotHere::NoPages)?;
        if !pages.origins.iter().any(|origin| origin == assertion.origin()) {
            let found = assertion.origin().chars().take(128).collect();
            return Err(NotHere::OtherOrigin { found, allowed: pages.origins.clone() });
        }
        let listed = self.browsers.get(assertion.key());
        listed
            .and_then(|(place, _)| self.document.people.get(*place))
            .ok_or_else(|| NotHere::NotListed(assertion.key().fingerprint()))
    }
}

impl Pages {
    /// Whether they make sense.
    pub(super) fn check(&self) -> Result<(), Malformed> {
        if !is_domain(&self.relying_party) {
            let wanted = "a domain in small letters, as in console.example.org";
            return Err(field("webauthn.relying_party", &self.relying_party, wanted));
        }
        if self.origins.is_empty() || self.origins.len() > MAX_ORIGINS {
            return Err(field("the number of webauthn.origins", self.origins.len(), "1 to 8"));
        }
        for (place, origin) in self.origins.iter().enumerate() {
            if !self.may_be_from(origin) {
                let wanted = "as a browser writes it, of the relying party: https://console.example.org, with a port only \
                              where it is not 443; http for localhost alone";
                return Err(field("an origin of webauthn.origins", origin, wanted));
            }
            if self.origins[..place].contains(origin) {
                return Err(Malformed::Twice { what: "the origin", id: origin.clone() });
            }
        }
        Ok(())
    }

    /// What key signs for them, and the credential that it belongs to.
    pub(super) fn credential(
        &self,
        id: &str,
        key: &PublicKey,
        credential: Option<&String>,
    ) -> Result<String, Malformed> {
        let party = key.relying_party().filter(|_| key.kind() == super::BROWSER_KIND);
        if party != Some(self.relying_party.as_str()) {
            let wanted =
                "a key of the kind sk-ecdsa-sha2-nistp256@openssh.com for the relying party";
            return Err(field(format!("the key {id}, which signs in a browser,"), key, wanted));
        }
        let credential = credential.map_or("", String::as_str);
        let bytes = BASE64URL_NOPAD.decode(credential.as_bytes()).unwrap_or_default();
        if !(1..=MAX_CREDENTIAL).contains(&bytes.len()) {
            let wanted = "its id in base64url, of 1 to 1023 bytes";
            return Err(field(format!("the credential of the key {id}"), credential, wanted));
        }
        Ok(credential.to_owned())
    }

    fn may_be_from(&self, origin: &str) -> bool {
        let (secure, rest) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return false,
        };
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let usual = if secure { 443 } else { 80 };
        let good_port = port.is_none_or(|text| {
            let number = text.parse::<u16>().ok();
            number
                .is_some_and(|number| number != 0 && number != usual && number.to_string() == text)
        });
        let below = host.strip_suffix(self.relying_party.as_str());
        let ours = below.is_some_and(|below| below.is_empty() || below.ends_with('.'));
        let local = host == "localhost" || host.ends_with(".localhost");
        is_domain(host) && good_port && ours && (secure || local)
    }
}

/// Whether a text is a domain as browsers write it; an address is none.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits alone would be an IPv4 address.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_of_the_relying_party_and_written_as_browsers_write_them() {
        let pages = |party: &str, origin: &str| Pages {
            relying_party: party.into(),
            origins: vec![origin.into()],
        };
        for (party, origin) in [
            ("example.org", "https://example.org"),
            ("example.org", "https://console.example.org"),
            ("example.org", "https://console.example.org:8443"),
            ("localhost", "http://localhost:8080"),
            ("localhost", "http://localhost"),
            ("localhost", "https://console.localhost"),
        ] {
            assert!(pages(party, origin).check().is_ok(), "{party} {origin}");
        }
        for (party, origin) in [
            ("example.org", "http://example.org"),
            ("example.org", "https://example.com"),
            ("example.org", "https://evilexample.org"),
            ("example.org", "https://example.org.evil.com"),
            ("example.org", "https://example.org/"),
            ("example.org", "https://example.org:443"),
            ("example.org", "https://example.org:08443"),
            ("example.org", "https://example.org:"),
            ("example.org", "https://user@example.org"),
            ("example.org", "https://Example.org"),
            ("example.org", "example.org"),
            ("example.org", "https://"),
            ("127.0.0.1", "http://127.0.0.1"),
            ("", "https://"),
            ("-a", "https://-a"),
            ("*.org", "https://*.org"),
        ] {
            assert!(pages(party, origin).check().is_err(), "{party} {origin}");
        }
        let mut many = pages("example.org", "https://example.org");
        many.origins.push("https://example.org".into());
        assert!(matches!(many.check(), Err(Malformed::Twice { .. })));
        many.origins.clear();
        assert!(many.check().is_err());
    }
}
