//! `trust …`: the trust root of an organisation: who may sign what. It is made and signed here; a controller only hands it
//! out, and machines take it by its digest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_model::api::{AddTrustRoot, TrustRootView};
use befund_trust::root::{self, Root};
use befund_trust::signature::Namespace;
use clap::Subcommand;
use serde_json::json;

use crate::client::{Client, read};
use crate::commands::{Desk, values};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::pins::Pin;
use crate::render;
use crate::signed::{self, SignedFile};
use crate::signer::With;

mod draft;
mod machines;
mod pages;

/// Subcommands of `befund trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Write an organisation's first trust root.
    New(New),
    /// Write the trust root that follows another: who comes, who goes, and how many have to sign.
    Next(Next),
    /// Sign a trust root.
    Sign {
        /// The root.
        file: PathBuf,
        #[command(flatten)]
        with: With,
    },
    /// Show what a trust root says, and who signed it.
    Show {
        /// The root.
        file: PathBuf,
    },
    /// Hand a signed trust root to the controller, which hands it to machines.
    Add {
        /// The root.
        file: PathBuf,
    },
    /// List the trust roots that the controller hands out.
    List,
    /// Show which root, catalogue and policy each machine has, and which of them lag.
    Machines {
        /// Only those that are not up to date.
        #[arg(long)]
        behind: bool,
    },
    /// Vouch for a trust root that came to you by another way than the controller: prints the SHA-256 that installers take,
    /// and keeps it for this controller, so that `befund approve` can tell what your colleagues signed.
    Pin {
        /// The root.
        file: PathBuf,
    },
}

/// Arguments of `befund trust new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Whose it is.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    #[command(flatten)]
    change: Change,
    /// How long it holds.
    #[arg(long, value_name = "DURATION", default_value = "1y", value_parser = values::duration)]
    valid: Duration,
    /// Where it is written.
    #[arg(long, value_name = "FILE", default_value = "root.json")]
    to: PathBuf,
}

/// Arguments of `befund trust next`.
#[derive(Debug, clap::Args)]
pub(crate) struct Next {
    /// The root that it follows.
    file: PathBuf,
    #[command(flatten)]
    change: Change,
    /// Take a person away, with all of their keys.
    #[arg(long, value_name = "PERSON")]
    remove: Vec<String>,
    /// Take one key away, by its id or fingerprint.
    #[arg(long, value_name = "KEY")]
    remove_key: Vec<String>,
    /// How long it holds.
    #[arg(long, value_name = "DURATION", default_value = "1y", value_parser = values::duration)]
    valid: Duration,
    /// Where it is written: root.N.json beside the other, if absent.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// People, keys and roles.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Change {
    /// A person with a public key's file; named twice, a person has two keys.
    #[arg(long, value_name = "NAME=PUBKEYFILE", value_parser = values::pair)]
    person: Vec<(String, String)>,
    /// A person with a security key that signs changes in the browser: the line of the console's page, or a file with it.
    #[arg(long, value_name = "NAME=LINE", value_parser = values::pair)]
    webauthn: Vec<(String, String)>,
    /// A console's address on whose pages changes may be signed, as in `https://console.example.org`; those given take the place
    /// of those before.
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// Where a person is reached; what their key's file says, if absent.
    #[arg(long, value_name = "NAME=CONTACT", value_parser = values::pair)]
    contact: Vec<(String, String)>,
    /// Who has a role (root, catalogue, change, disruptive); everybody, if absent.
    #[arg(long, value_name = "ROLE=PERSON,…", value_parser = values::pair)]
    role: Vec<(String, String)>,
    /// How many of a role have to sign. By default one; of three people or more, two for root and disruptive.
    #[arg(long, value_name = "ROLE=N", value_parser = values::pair)]
    threshold: Vec<(String, String)>,
}

impl Trust {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        match self {
            Self::New(new) => draft::new(&new, desk)?,
            Self::Next(next) => draft::next(&next, desk)?,
            Self::Sign { file, with } => sign(&file, &with, desk).await?,
            Self::Show { file } => show(&file, desk)?,
            Self::Add { file } => add(&file, desk).await?,
            Self::List => list(desk).await?,
            Self::Machines { behind } => machines::run(behind, desk).await?,
            Self::Pin { file } => pin(&file, desk)?,
        }
        Ok(Exit::Ok)
    }
}

/// Reads a root and its signatures.
fn open(what: &str, path: &Path) -> Result<(SignedFile, Root), Failure> {
    let file = SignedFile::read(what, path, root::MAX_BYTES)?;
    let root = Root::parse(&file.bytes)
        .map_err(|error| Failure::cannot(Exit::Usage, what, chain(&error)))?;
    Ok((file, root))
}

async fn sign(path: &Path, with: &With, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("sign {}", path.display());
    let (mut file, root) = open(&what, path)?;
    let signer = with.signer(&what, Some(&root))?;
    let key = signer.public().clone();
    if file.keys(&what, Namespace::Root)?.contains(&key) {
        let why = format!("the key {} has signed it already", key.fingerprint());
        return Err(Failure::cannot(Exit::Conflict, what, why));
    }
    let armored = signer.sign(&what, Namespace::Root, &file.bytes).await?;
    let kept = file.add(&what, armored)?;
    let signed = file.keys(&what, Namespace::Root)?;
    let raw = json!({
        "root": path, "signature": kept, "version": root.version(),
        "sha256": root.digest().to_string(), "signed_by": key.fingerprint(), "signatures": signed.len(),
    });
    desk.screen.show(&raw, |look| {
        let text = render::trust::signed(look, &root, &signed);
        format!("{text}\nNext: befund trust add {}", path.display())
    })?;
    if root.owner(&key).is_none() {
        desk.screen.note("note: this key is nobody's in the root itself; it counts only if the root before it knows it");
    }
    Ok(())
}

fn show(path: &Path, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("show {}", path.display());
    let (file, root) = open(&what, path)?;
    let signed = file.keys(&what, Namespace::Root)?;
    let raw = json!({
        "root": root.document(), "sha256": root.digest().to_string(),
        "signed_by": signed.iter().map(|key| key.fingerprint()).collect::<Vec<_>>(),
    });
    desk.screen.show(&raw, |look| render::trust::signed(look, &root, &signed))
}

async fn add(path: &Path, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("add {}", path.display());
    let (file, root) = open(&what, path)?;
    let signed = file.keys(&what, Namespace::Root)?;
    let text = String::from_utf8(file.bytes)
        .map_err(|_| Failure::cannot(Exit::Usage, &*what, "the root is not UTF-8"))?;
    let body = AddTrustRoot { root: text, signatures: file.signatures };
    let client = desk.client()?;
    let raw = client.post(&what, &["trust-roots"], &body).await.map_err(|failure| {
        if failure.exit() != Exit::Usage {
            return failure;
        }
        failure.hint(crate::commands::runbook::who(&root, root::Role::Root, &signed))
    })?;
    let view: TrustRootView = read(&what, &raw)?;
    desk.screen.show(&raw, |look| render::trust::added(look, &view, path))
}

async fn list(desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "list the trust roots";
    let (sign_in, client) = desk.signed_in()?;
    let raw = client.get(what, &["trust-roots"]).await?;
    let views: Vec<TrustRootView> = read(what, &raw)?;
    let pinned = desk.pins().of(&sign_in.url)?;
    let pinned = pinned.map(|pin| pin.root.to_string());
    desk.screen.show(&raw, |look| render::trust::list(look, &views, pinned.as_deref()))
}

fn pin(path: &Path, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("pin {}", path.display());
    let bytes = signed::read(&what, path, root::MAX_BYTES)?;
    let root =
        Root::parse(&bytes).map_err(|error| Failure::cannot(Exit::Usage, &*what, chain(&error)))?;
    let digest = root.digest();
    let url = desk.sign_in()?.map(|sign_in| sign_in.url);
    if let Some(url) = &url {
        let pins = desk.pins();
        // What was seen under the same pin is not forgotten.
        let known = pins.of(url)?.filter(|pin| pin.root == digest);
        pins.keep(url, known.unwrap_or_else(|| Pin::new(digest)))?;
    }
    let raw = json!({ "sha256": digest.to_string(), "version": root.version(), "pinned_for": url });
    desk.screen.show(&raw, |_| digest.to_string())?;
    desk.screen.note(&match url {
        Some(url) => format!(
            "Version {} of the trust root of {} is pinned for {url}. Give the digest above to installers.",
            root.version(),
            render::text::line(root.organisation())
        ),
        None => "Nobody is signed in, so it is not kept here. Give the digest above to installers.".to_owned(),
    });
    Ok(())
}

/// The newest trust root as the controller has it, verified by nobody: to help with words.
///
/// # Errors
/// If the controller cannot be asked.
pub(crate) async fn newest(client: &Client, what: &str) -> Result<Option<Root>, Failure> {
    let views: Vec<TrustRootView> = read(what, &client.get(what, &["trust-roots"]).await?)?;
    Ok(views.last().and_then(|view| Root::parse(view.root.as_bytes()).ok()))
}
