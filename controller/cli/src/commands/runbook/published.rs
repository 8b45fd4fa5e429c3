//! `runbook publish`, `runbook verify` and `runbook catalogues`: what was signed, checked and handed over.

use std::path::Path;

use befund_model::api::{CatalogueView, PublishCatalogue};
use befund_runtime::clock::Clock;
use befund_trust::allowed::AllowedSigners;
use befund_trust::catalogue::{self, Manifest, Refusal};
use befund_trust::digest::Sha256;
use befund_trust::floor::Floors;
use befund_trust::key::PublicKey;
use befund_trust::root::{Role, Root, Standing, Trusted};
use befund_trust::signature::{Namespace, Signature};
use serde_json::{Value, json};

use super::sign::differing;
use crate::client::{Client, read};
use crate::commands::{Desk, trust};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::folder::{Folder, MANIFEST};
use crate::render;
use crate::signed::SignedFile;
use crate::signer::read_small;

/// A folder with the manifest in it, which says what the folder has.
fn signed(what: &str, folder: &Path) -> Result<(Folder, SignedFile, Manifest), Failure> {
    let folder = Folder::read(what, folder)?;
    let path = folder.root.join(MANIFEST);
    let sign = format!("sign it: befund runbook sign {} --key FILE", folder.root.display());
    if !path.exists() {
        let why = format!("{} is not signed: it has no {MANIFEST}", folder.root.display());
        return Err(Failure::cannot(Exit::Usage, what, why).hint(sign));
    }
    let file = SignedFile::read(what, &path, catalogue::MAX_BYTES)?;
    let manifest = Manifest::parse(&file.bytes).map_err(|error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {}", path.display(), chain(&error)))
    })?;
    let changed = differing(&manifest, &folder);
    if !changed.is_empty() {
        let why = format!("it was changed since it was signed: {}", changed.join(", "));
        return Err(Failure::cannot(Exit::Conflict, what, why).hint(sign));
    }
    Ok((folder, file, manifest))
}

pub(super) async fn publish(folder: &Path, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = format!("publish {}", folder.display());
    let (folder, file, _) = signed(&what, folder)?;
    file.keys(&what, Namespace::Catalogue)?;
    let manifest = String::from_utf8(file.bytes)
        .map_err(|_| Failure::cannot(Exit::Usage, &*what, "its manifest is not UTF-8"))?;
    let new =
        PublishCatalogue { manifest, signatures: file.signatures, files: folder.texts(&what)? };
    let raw = post(&what, &desk.client()?, &new).await?;
    let view: CatalogueView = read(&what, &raw)?;
    desk.screen.show(&raw, |look| render::runbook::published(look, &view))?;
    Ok(Exit::Ok)
}

/// Hands a catalogue over. A refusal is told with who signed, and who would have to.
///
/// # Errors
/// Whatever the controller says.
pub(super) async fn post(
    what: &str,
    client: &Client,
    new: &PublishCatalogue,
) -> Result<Value, Failure> {
    match client.post(what, &["catalogues"], new).await {
        Ok(raw) => Ok(raw),
        Err(failure) if failure.exit() == Exit::Usage => match trust::newest(client, what).await {
            Ok(Some(root)) => Err(failure.hint(who(&root, Role::Catalogue, &keys(new)))),
            Ok(None) | Err(_) => Err(failure),
        },
        Err(failure) if failure.exit() == Exit::Conflict => Err(failure.hint(
            "see what is published: befund runbook catalogues; sign a higher version: --version N",
        )),
        Err(failure) => Err(failure),
    }
}

fn keys(new: &PublishCatalogue) -> Vec<PublicKey> {
    let read = |armored: &String| Signature::parse(armored.as_bytes()).ok();
    new.signatures.iter().filter_map(read).map(|signature| signature.key().clone()).collect()
}

/// Who signed, and who would have to, in words.
pub(crate) fn who(root: &Root, role: Role, keys: &[PublicKey]) -> String {
    let quorum = root.quorum(role);
    let signed: Vec<String> = keys
        .iter()
        .map(|key| match root.owner(key) {
            Some(person) => format!("{} ({})", person.id, key.fingerprint()),
            None => format!("{}, which is nobody's in the trust root", key.fingerprint()),
        })
        .collect();
    format!(
        "by version {} of the trust root it takes {} of {}; the signatures are by {}",
        root.version(),
        quorum.threshold,
        quorum.people.join(", "),
        if signed.is_empty() { "nobody".to_owned() } else { signed.join(", ") }
    )
}

pub(super) async fn catalogues(desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = "list the catalogues";
    let raw = desk.client()?.get(what, &["catalogues"]).await?;
    let views: Vec<CatalogueView> = read(what, &raw)?;
    let now = Clock::system().now();
    desk.screen.show(&raw, |look| render::runbook::catalogues(look, &views, now))?;
    Ok(Exit::Ok)
}

/// What a folder's signatures come to.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Who signed, and with which key.
    pub(crate) signers: Vec<(String, String)>,
    /// Whom or what it was judged by.
    pub(crate) by: String,
}

pub(super) fn verify(folder: &Path, root: &Path, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = format!("verify {}", folder.display());
    let trusted = read_small(&what, root)?;
    let (_, file, manifest) = signed(&what, folder)?;
    let keys = file.keys(&what, Namespace::Catalogue)?;
    let verdict = if trusted.trim_start().starts_with('{') {
        by_root(&what, &trusted, &file)?
    } else {
        by_list(&what, &trusted, &keys)?
    };
    let raw = json!({
        "version": manifest.version, "organisation": manifest.organisation,
        "sha256": Sha256::of(&file.bytes).to_string(), "expires": manifest.expires,
        "files": manifest.files.len(),
        "signers": verdict.signers.iter().map(|(who, key)| json!({ "who": who, "key": key })).collect::<Vec<_>>(),
    });
    desk.screen.show(&raw, |look| render::runbook::verified(look, &manifest, &verdict))?;
    Ok(Exit::Ok)
}

fn by_root(what: &str, text: &str, file: &SignedFile) -> Result<Verdict, Failure> {
    // Whoever names it, vouches for it.
    let trusted = Trusted::restore(text.as_bytes().to_vec(), Standing::Pinned)
        .map_err(|error| Failure::cannot(Exit::Usage, what, chain(&error)))?;
    let floors = Floors::new(befund_model::Timestamp::UNIX_EPOCH);
    let now = floors
        .now(Clock::system().now())
        .now()
        .map_err(|error| Failure::cannot(Exit::Failed, what, chain(&error)))?;
    let root = trusted.root();
    let signed = file.keys(what, Namespace::Catalogue)?;
    match catalogue::verify(&file.bytes, &file.signatures, &trusted, &floors, now) {
        Ok(_) | Err(Refusal::Withdrawn(_)) => {}
        Err(refusal) => {
            return Err(Failure::cannot(Exit::Failed, what, chain(&refusal)).hint(who(
                root,
                Role::Catalogue,
                &signed,
            )));
        }
    }
    let named = |key: &PublicKey| {
        let name = root
            .owner(key)
            .map_or_else(|| "somebody else".to_owned(), |person| person.name.clone());
        (name, key.fingerprint())
    };
    let by = format!("version {} of the trust root of {}", root.version(), root.organisation());
    Ok(Verdict { signers: signed.iter().map(named).collect(), by })
}

fn by_list(what: &str, text: &str, keys: &[PublicKey]) -> Result<Verdict, Failure> {
    let list = AllowedSigners::parse(text)
        .map_err(|error| Failure::cannot(Exit::Usage, what, chain(&error)))?;
    let at = Clock::system().now();
    let mut signers = Vec::new();
    for key in keys {
        for entry in list.entries.iter().filter(|entry| entry.key == *key) {
            let names = entry.principals.split(',').map(str::trim);
            let permitted = names
                .filter(|name| list.permits(name, key, Namespace::Catalogue, at))
                .map(|name| (name.to_owned(), key.fingerprint()));
            signers.extend(permitted);
        }
    }
    signers.dedup();
    if signers.is_empty() {
        let why = "nobody signed it who may sign catalogues by this file";
        let listed: Vec<String> = keys.iter().map(PublicKey::fingerprint).collect();
        let found = if listed.is_empty() { "nobody".to_owned() } else { listed.join(", ") };
        return Err(
            Failure::cannot(Exit::Failed, what, why).hint(format!("the signatures are by {found}"))
        );
    }
    Ok(Verdict {
        signers,
        by: "the list of allowed signers, which says nothing of how many have to".to_owned(),
    })
}
