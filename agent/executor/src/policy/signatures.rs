//! Which signatures the machine's owner lets count: the part `[signatures]` of the policy file. It can only narrow what the
//! trust root says. Pure.

use serde::{Deserialize, Serialize};

use befund_trust::approval::Browsers;

/// Which count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// Whether those that were made in a browser do.
    pub browsers: Browsers,
}

impl Default for Signatures {
    /// Without a policy: all that the trust root lets count, and no root does so for browsers unless it says so.
    fn default() -> Self {
        Self { browsers: Browsers::AsRootSays }
    }
}

/// The part of the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    webauthn: Option<bool>,
}

impl File {
    /// Reads the part.
    pub(super) fn signatures(&self) -> Signatures {
        Signatures {
            browsers: match self.webauthn {
                None | Some(true) => Browsers::AsRootSays,
                Some(false) => Browsers::Forbidden,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::Policy;

    #[test]
    fn a_policy_forbids_what_was_signed_in_browsers_or_leaves_it_to_the_root() {
        let read = |text: &str| Policy::parse(Path::new("policy.toml"), text);
        for (text, browsers) in [
            ("", Browsers::AsRootSays),
            ("[signatures]", Browsers::AsRootSays),
            ("[signatures]\nwebauthn = true", Browsers::AsRootSays),
            ("[signatures]\nwebauthn = false", Browsers::Forbidden),
        ] {
            let policy = read(text).expect(text);
            assert_eq!(policy.signatures.browsers, browsers, "{text}");
        }
        assert!(read("[signatures]\nwebauthn = \"no\"").is_err());
        assert!(read("[signatures]\nwebautn = false").is_err(), "a wrong word forbids nothing");
    }
}
