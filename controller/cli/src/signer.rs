//! Who signs: a key in a file, the ssh-agent, or `ssh-keygen` for what neither can do. Private keys with a passphrase
//! and those in hardware are never read here. Not what is signed.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use befund_trust::key::PublicKey;
use befund_trust::root::Root;
use befund_trust::signature::{Namespace, Signature, assemble, signed_blob};
use befund_trust::signing::{InvalidSigningKey, SigningKey};
use data_encoding::BASE64;

use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::platform;
use crate::render::text;

mod agent;

/// The most bytes of a key's file.
const MAX_KEY_BYTES: u64 = 64 << 10;
const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// With which key it is signed.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct With {
    /// Sign with this key: a private key's file as ssh-keygen writes it, or the public key's file (.pub) of one that
    /// the ssh-agent has.
    #[arg(long, value_name = "FILE", conflicts_with = "agent")]
    pub(crate) key: Option<PathBuf>,
    /// Sign with this key of the ssh-agent, as `ssh-add -l` shows it.
    #[arg(long, value_name = "SHA256:…")]
    pub(crate) agent: Option<String>,
}

/// A key that can sign.
#[derive(Debug)]
pub(crate) enum Signer {
    /// Read from its file.
    Memory(Box<SigningKey>, PublicKey),
    /// The ssh-agent has it.
    Agent(PublicKey),
    /// `ssh-keygen` reads its file, asks for the passphrase, or has the hardware sign.
    Keygen(PathBuf, PublicKey),
}

impl With {
    /// The key. Where none is named, the one of the ssh-agent's that `root` knows.
    ///
    /// # Errors
    /// If there is no such key, or it is not clear which is meant.
    pub(crate) fn signer(&self, what: &str, root: Option<&Root>) -> Result<Signer, Failure> {
        match (&self.key, &self.agent) {
            (Some(path), _) => of_file(what, path),
            (None, Some(fingerprint)) => of_agent(what, fingerprint),
            (None, None) => the_one(what, root),
        }
    }
}

impl Signer {
    /// The public half.
    pub(crate) const fn public(&self) -> &PublicKey {
        match self {
            Self::Memory(_, key) | Self::Agent(key) | Self::Keygen(_, key) => key,
        }
    }

    /// The armored signature over these bytes, which has been verified.
    ///
    /// # Errors
    /// If the agent or `ssh-keygen` does not sign, or signs something else.
    pub(crate) async fn sign(
        self,
        what: &str,
        namespace: Namespace,
        message: &[u8],
    ) -> Result<String, Failure> {
        let public = self.public().clone();
        if public.is_hardware() {
            let _ =
                writeln!(io::stderr(), "Touch the key {} when it blinks.", public.fingerprint());
        }
        let (own, copy) = (what.to_owned(), message.to_vec());
        // It waits for a person: a touch, a PIN, a passphrase. Ctrl-C is heard meanwhile.
        let signed =
            tokio::task::spawn_blocking(move || self.sign_now(&own, namespace, &copy)).await;
        let armored = signed.map_err(|error| failed(what, error.to_string()))??;
        let signature =
            Signature::parse(armored.as_bytes()).map_err(|e| failed(what, chain(&e)))?;
        let key = signature.verify(namespace, message).map_err(|e| failed(what, chain(&e)))?;
        if *key != public {
            let why = format!("another key signed ({})", key.fingerprint());
            return Err(failed(what, why));
        }
        Ok(armored)
    }

    fn sign_now(self, what: &str, namespace: Namespace, message: &[u8]) -> Result<String, Failure> {
        match self {
            Self::Memory(key, _) => Ok(key.sign(namespace, message)),
            Self::Agent(key) => {
                let mut agent = connect(what)?;
                let blob = signed_blob(namespace, message);
                let raw = agent::sign(&mut agent, &key, &blob).map_err(|error| {
                    failed(
                        what,
                        format!("the ssh-agent did not sign with {}: {error}", key.fingerprint()),
                    )
                })?;
                Ok(assemble(&key, namespace, &raw))
            }
            Self::Keygen(path, _) => keygen(what, &path, namespace, message),
        }
    }
}

fn failed(what: &str, why: impl Into<String>) -> Failure {
    Failure::cannot(Exit::Failed, what, why)
}

/// Reads a small text file.
///
/// # Errors
/// If it cannot be read, is too large, or is not UTF-8.
pub(crate) fn read_small(what: &str, path: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let unread = |error: io::Error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {error}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(unread)?;
    let mut text = String::new();
    let read = file.take(MAX_KEY_BYTES + 1).read_to_string(&mut text).map_err(unread)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_KEY_BYTES {
        let why = format!("{} is larger than any key", path.display());
        return Err(Failure::cannot(Exit::Usage, what, why));
    }
    Ok(text)
}

fn of_file(what: &str, path: &Path) -> Result<Signer, Failure> {
    let text = read_small(what, path)?;
    if !text.trim_start().starts_with("-----BEGIN") {
        let key: PublicKey = text.parse().map_err(|error| {
            let why = format!("{} is no key: {}", path.display(), chain(&error));
            Failure::cannot(Exit::Usage, what, why)
        })?;
        return in_agent(what, key);
    }
    match SigningKey::from_openssh(&text) {
        Ok(key) => {
            let public = key.public();
            Ok(Signer::Memory(Box::new(key), public))
        }
        Err(
            InvalidSigningKey::Encrypted | InvalidSigningKey::Kind | InvalidSigningKey::NotOpenSsh,
        ) => {
            let public = public_of(&text).map_or_else(|| beside(what, path), Ok)?;
            Ok(Signer::Keygen(path.to_owned(), public))
        }
    }
}

/// The public half, which stands in a private key's file in the clear (OpenSSH's PROTOCOL.key).
fn public_of(text: &str) -> Option<PublicKey> {
    let body = text.trim().strip_prefix(PRIVATE)?.split("-----").next()?;
    let encoded: String = body.split_ascii_whitespace().collect();
    let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    for _ in ["cipher", "derivation", "its options"] {
        agent::string(&mut rest).ok()?;
    }
    (agent::number(&mut rest).ok()? == 1).then_some(())?;
    PublicKey::from_bytes(agent::string(&mut rest).ok()?).ok()
}

/// The public half in the file beside.
fn beside(what: &str, path: &Path) -> Result<PublicKey, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let read = std::fs::read_to_string(&name).ok().and_then(|line| line.parse().ok());
    read.ok_or_else(|| {
        let why = format!(
            "{} is no private key that can be used, and has no .pub file beside it",
            path.display()
        );
        Failure::cannot(Exit::Usage, what, why).hint("make a key with `ssh-keygen -t ed25519`")
    })
}

fn connect(what: &str) -> Result<impl io::Read + io::Write, Failure> {
    platform::ssh_agent().map_err(|error| {
        failed(what, format!("the ssh-agent is out of reach: {error}")).hint(
            "start one (`eval $(ssh-agent)`) and add the key (`ssh-add`), or sign with --key FILE",
        )
    })
}

fn held(what: &str) -> Result<Vec<agent::Identity>, Failure> {
    let mut agent = connect(what)?;
    agent::identities(&mut agent).map_err(|error| failed(what, format!("the ssh-agent: {error}")))
}

fn in_agent(what: &str, key: PublicKey) -> Result<Signer, Failure> {
    let held = held(what)?;
    if held.iter().any(|identity| identity.key == key) {
        return Ok(Signer::Agent(key));
    }
    let why = format!("the ssh-agent does not have the key {}", key.fingerprint());
    Err(Failure::cannot(Exit::Usage, what, why)
        .hint(format!("add it: ssh-add FILE; it has {}", listed(&held))))
}

fn of_agent(what: &str, fingerprint: &str) -> Result<Signer, Failure> {
    let held = held(what)?;
    let found = held.iter().find(|identity| identity.key.fingerprint() == fingerprint);
    match found {
        Some(identity) => Ok(Signer::Agent(identity.key.clone())),
        None => {
            let why = format!("the ssh-agent has no key {fingerprint} that could sign");
            Err(Failure::cannot(Exit::Usage, what, why).hint(format!("it has {}", listed(&held))))
        }
    }
}

fn the_one(what: &str, root: Option<&Root>) -> Result<Signer, Failure> {
    let held = held(what)?;
    let owner = |identity: &&agent::Identity| root.and_then(|root| root.owner(&identity.key));
    let fit: Vec<&agent::Identity> =
        held.iter().filter(|identity| root.is_none() || owner(identity).is_some()).collect();
    let people: std::collections::BTreeSet<_> =
        fit.iter().filter_map(owner).map(|person| person.id.as_str()).collect();
    match fit.as_slice() {
        [one] => Ok(Signer::Agent(one.key.clone())),
        // Whichever of somebody's keys it is, it counts as theirs.
        [first, ..] if people.len() == 1 => Ok(Signer::Agent(first.key.clone())),
        [] if root.is_some() => {
            let why = "none of the ssh-agent's keys is one of the trust root's";
            Err(Failure::cannot(Exit::Usage, what, why)
                .hint(format!("name a key: --key FILE; the ssh-agent has {}", listed(&held))))
        }
        _ => {
            let why = "it is not said with which key";
            Err(Failure::cannot(Exit::Usage, what, why).hint(format!(
                "name one: --key FILE, or --agent SHA256:…; the ssh-agent has {}",
                listed(&held)
            )))
        }
    }
}

fn listed(held: &[agent::Identity]) -> String {
    if held.is_empty() {
        return "no key that could sign".to_owned();
    }
    let one = |identity: &agent::Identity| {
        format!("{} ({})", identity.key.fingerprint(), text::line(&identity.comment))
    };
    held.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn keygen(
    what: &str,
    path: &Path,
    namespace: Namespace,
    message: &[u8],
) -> Result<String, Failure> {
    let unusable = |error: io::Error| {
        failed(what, format!("ssh-keygen cannot be run: {error}"))
            .hint("install OpenSSH's client, or sign with a key of the ssh-agent")
    };
    // Its own questions go to the terminal; standard error is where it asks for a touch.
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", namespace.as_str(), "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(unusable)?;
    if let Some(mut input) = child.stdin.take() {
        // Where it gives up before it has read all, its exit status says so.
        let _ = input.write_all(message);
    }
    let output = child.wait_with_output().map_err(unusable)?;
    if !output.status.success() {
        let why = format!("ssh-keygen did not sign with {} ({})", path.display(), output.status);
        return Err(
            failed(what, why).hint("is the passphrase right, and is the hardware key plugged in?")
        );
    }
    String::from_utf8(output.stdout).map_err(|_| failed(what, "ssh-keygen wrote no signature"))
}
