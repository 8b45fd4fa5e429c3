//! The sign-in as it is kept between commands: a TOML file that only its owner may read.

use std::path::{Path, PathBuf};

use befund_model::Timestamp;
use befund_model::token::CaPin;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::platform;

/// What `befund login` stores.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The controller's address, as in `https://help.example:8443`.
    pub(crate) url: String,
    /// The pin of its CA, `sha256:…`; none for plain HTTP on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<String>,
    /// The account.
    pub(crate) name: String,
    /// Its personal token.
    pub(crate) token: String,
    /// When the token ends.
    pub(crate) expires_at: Timestamp,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("url", &self.url).field("name", &self.name).finish()
    }
}

impl SignIn {
    /// The pin, read.
    ///
    /// # Errors
    /// If the file holds something else in its place.
    pub(crate) fn ca_pin(&self) -> Result<Option<CaPin>, Failure> {
        self.pin.as_deref().map(str::parse).transpose().map_err(
            |error: befund_model::token::InvalidPin| {
                Failure::cannot(Exit::Failed, "use the stored sign-in", error.to_string())
                    .hint("sign in again: befund login URL --pin sha256:…")
            },
        )
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
}

impl ConfigFile {
    /// The file that was asked for, or the usual one.
    ///
    /// # Errors
    /// If none was asked for and there is no home folder.
    pub(crate) fn find(asked: Option<PathBuf>) -> Result<Self, Failure> {
        let path = match asked {
            Some(path) => path,
            None => platform::config_dir()
                .ok_or_else(|| {
                    Failure::cannot(
                        Exit::Failed,
                        "find the stored sign-in",
                        "no home folder is set",
                    )
                    .hint("name a file with --config or BEFUND_CONFIG")
                })?
                .join("befund")
                .join("cli.toml"),
        };
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; none if nobody signed in.
    ///
    /// # Errors
    /// If it cannot be read, is no sign-in, or others may read it.
    pub(crate) fn load(&self) -> Result<Option<SignIn>, Failure> {
        let text = match platform::read_private(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", &error.to_string())),
        };
        let sign_in = toml::from_str(&text).map_err(|error| {
            self.failed("read", error.message())
                .hint("it is no sign-in; remove it and sign in again with `befund login`")
        })?;
        Ok(Some(sign_in))
    }

    /// Writes it: all of it or nothing, readable by its owner only.
    ///
    /// # Errors
    /// If it cannot be written; what was there before is still there then.
    pub(crate) fn store(&self, sign_in: &SignIn) -> Result<(), Failure> {
        let text =
            toml::to_string(sign_in).map_err(|error| self.failed("write", &error.to_string()))?;
        platform::write_private(&self.path, text.as_bytes())
            .map_err(|error| self.failed("write", &error.to_string()))
    }

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.failed("remove", &error.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, verb: &str, why: &str) -> Failure {
        let what = format!("{verb} the stored sign-in {}", self.path.display());
        Failure::cannot(Exit::Failed, what, why)
            .hint("name another file with --config or BEFUND_CONFIG")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in() -> SignIn {
        SignIn {
            url: "https://help.example:8443".into(),
            pin: Some(CaPin([7; 32]).to_string()),
            name: "ada".into(),
            token: "s3cret".into(),
            expires_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_sign_in_is_kept_and_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let file =
            ConfigFile::find(Some(dir.path().join("deep/er/cli.toml"))).expect("a given path");
        assert!(file.load().expect("a missing file is no error").is_none());
        file.store(&sign_in()).expect("a writable folder");
        assert_eq!(file.load().expect("a good file"), Some(sign_in()));
        file.store(&SignIn { name: "bo".into(), ..sign_in() }).expect("a second time");
        assert_eq!(file.load().expect("a good file").expect("a sign-in").name, "bo");
        file.remove().expect("removable");
        file.remove().expect("removing nothing is fine");
        assert!(file.load().expect("a missing file is no error").is_none());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("cli.toml");
        platform::write_private(&path, b"url = \"https://a\"\ntokn = \"x\"\n").expect("writable");
        let failure = ConfigFile { path }.load().expect_err("a broken file");
        assert!(failure.to_string().contains("tokn"), "{failure}");
    }

    #[test]
    fn a_token_is_not_shown() {
        assert!(!format!("{:?}", sign_in()).contains("s3cret"));
    }
}
