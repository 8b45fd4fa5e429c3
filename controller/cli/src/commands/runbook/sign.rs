//! `runbook sign` and `runbook withdraw`: the manifest of a folder, and signatures under it.

use std::collections::BTreeSet;

use befund_model::api::{CatalogueDocument, CatalogueView, PublishCatalogue};
use befund_runbook::document::Runbook;
use befund_runtime::clock::Clock;
use befund_trust::catalogue::{self, Manifest};
use befund_trust::digest::Sha256;
use befund_trust::signature::Namespace;
use serde_json::json;

use super::checked::{Tried, rehearse};
use super::published;
use super::{Sign, Withdraw};
use crate::ask::{Answer, Lines};
use crate::client::{Client, read};
use crate::commands::{Desk, trust};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::folder::{Folder, Looked, MANIFEST};
use crate::render;
use crate::signed::SignedFile;
use crate::signer::Signer;

pub(super) async fn sign(sign: Sign, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = format!("sign {}", sign.folder.display());
    let folder = Folder::read(&what, &sign.folder)?;
    check(&what, &folder, desk)?;
    let before = present(&what, &folder)?;
    let signer = sign.with.signer(&what, None)?;
    let next = next(&what, &sign, &folder, before)?;
    let (mut file, manifest, changed) = match next {
        Next::Same(file, manifest) => (file, manifest, None),
        Next::New { manifest, changed } => {
            let path = folder.root.join(MANIFEST);
            (SignedFile::begin(&what, &path, manifest.bytes())?, manifest, Some(changed))
        }
    };
    let others = file.keys(&what, Namespace::Catalogue)?;
    if others.contains(signer.public()) {
        let why = format!("the key {} has signed it already", signer.public().fingerprint());
        return Err(Failure::cannot(Exit::Conflict, what, why).hint(format!(
            "to sign the same folder anew, as before it expires: --version {}",
            manifest.version.saturating_add(1)
        )));
    }
    let public = signer.public().fingerprint();
    let armored = signer.sign(&what, Namespace::Catalogue, &file.bytes).await?;
    let kept = file.add(&what, armored)?;
    let raw = json!({
        "manifest": file.path, "signature": kept, "version": manifest.version,
        "sha256": Sha256::of(&file.bytes).to_string(), "expires": manifest.expires,
        "signed_by": public, "signatures": file.signatures.len(),
    });
    let count = file.signatures.len();
    desk.screen.show(&raw, |look| {
        render::runbook::signed(look, &manifest, &folder.root, &public, count, changed.as_deref())
    })?;
    for name in &folder.left_out {
        desk.screen.note(&format!(
            "note: {} belongs to no catalogue and was left out",
            render::text::line(name)
        ));
    }
    Ok(Exit::Ok)
}

/// Whether the folder can be signed: all of it is text, each runbook reads without an error, and each rehearsal comes out
/// as it says. What is wrong or odd is shown.
fn check(what: &str, folder: &Folder, desk: &Desk<'_>) -> Result<(), Failure> {
    folder.texts(what)?;
    let looked = folder.look();
    if looked.iter().any(|looked| !looked.told.is_empty()) {
        let text = render::runbook::linted(desk.screen.look(), &looked);
        desk.screen.note(&text);
    }
    if looked.iter().any(Looked::is_bad) {
        let why = "a runbook in it has errors";
        return Err(Failure::cannot(Exit::Failed, what, why)
            .hint(format!("see them: befund runbook lint {}", folder.root.display())));
    }
    let runbooks: Vec<&Runbook> =
        looked.iter().filter_map(|looked| looked.runbook.as_ref()).collect();
    let tried = rehearse(what, folder, &runbooks)?;
    if tried.iter().all(Tried::is_met) {
        return Ok(());
    }
    let names: Vec<&str> = runbooks.iter().map(|runbook| runbook.name.as_str()).collect();
    let text = render::runbook::tried(desk.screen.look(), &names, &tried);
    desk.screen.note(&text);
    Err(Failure::cannot(Exit::Failed, what, "a rehearsal does not come out as it says")
        .hint(format!("try it again: befund runbook test {}", folder.root.display())))
}

/// The manifest that lies there with its signatures.
fn present(what: &str, folder: &Folder) -> Result<Option<(SignedFile, Manifest)>, Failure> {
    let path = folder.root.join(MANIFEST);
    if !path.exists() {
        return Ok(None);
    }
    let file = SignedFile::read(what, &path, catalogue::MAX_BYTES)?;
    let manifest = Manifest::parse(&file.bytes).map_err(|error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {}", path.display(), chain(&error)))
            .hint("remove it to begin anew, with --version higher than any that was published")
    })?;
    Ok(Some((file, manifest)))
}

/// What is signed.
enum Next {
    /// The manifest that is there: it says what the folder has.
    Same(SignedFile, Manifest),
    /// A new one.
    New { manifest: Manifest, changed: Vec<String> },
}

fn next(
    what: &str,
    sign: &Sign,
    folder: &Folder,
    before: Option<(SignedFile, Manifest)>,
) -> Result<Next, Failure> {
    let now = Clock::system().now();
    let usage = |why: &str, hint: &str| Failure::cannot(Exit::Usage, what, why).hint(hint);
    let named = sign.organisation.as_deref();
    let changed = match &before {
        Some((_, manifest)) => differing(manifest, folder),
        None => folder.files.keys().cloned().collect(),
    };
    if folder.files.is_empty() && (before.is_none() || !changed.is_empty()) {
        return Err(usage(
            "there is no runbook in it",
            "runbooks are the files NAME.yaml at its top; to withdraw what was published: befund runbook withdraw",
        ));
    }
    let (organisation, version) = match before {
        Some((file, manifest)) => {
            let same = changed.is_empty()
                && sign.version.is_none_or(|version| version == manifest.version)
                && named.is_none_or(|name| name == manifest.organisation);
            if same && now < manifest.expires {
                return Ok(Next::Same(file, manifest));
            }
            let version = sign.version.unwrap_or(manifest.version.saturating_add(1));
            if version <= manifest.version {
                return Err(usage(
                    &format!(
                        "the manifest that is there has version {} and says something else",
                        manifest.version
                    ),
                    &format!(
                        "a changed folder is a new version: --version {}",
                        manifest.version.saturating_add(1)
                    ),
                ));
            }
            (named.map_or(manifest.organisation, str::to_owned), version)
        }
        None => {
            let name = named.ok_or_else(|| {
                usage(
                    "whose catalogue it is was not said",
                    "add --organisation NAME, as in the trust root",
                )
            })?;
            (name.to_owned(), sign.version.unwrap_or(1))
        }
    };
    let files = folder.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let manifest = Manifest::of(&organisation, version, now, sign.valid, files)
        .map_err(|error| Failure::cannot(Exit::Usage, what, chain(&error)))?;
    Ok(Next::New { manifest, changed })
}

/// The paths in which a folder differs from a manifest.
pub(super) fn differing(manifest: &Manifest, folder: &Folder) -> Vec<String> {
    let paths: BTreeSet<&String> = manifest.files.keys().chain(folder.files.keys()).collect();
    let differs = |path: &&String| {
        let named = manifest.files.get(*path).map(|file| file.sha256);
        let is = folder.files.get(*path).map(|bytes| Sha256::of(bytes));
        named != is
    };
    paths.into_iter().filter(differs).cloned().collect()
}

pub(super) async fn withdraw(withdraw: Withdraw, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = "withdraw what was published";
    let client = desk.client()?;
    let current: Vec<CatalogueView> = read(what, &client.get(what, &["catalogues"]).await?)?;
    let Some(newest) = current.first() else {
        return Err(Failure::cannot(Exit::Conflict, what, "nothing was published yet"));
    };
    let document: CatalogueDocument =
        read(what, &client.get(what, &["catalogues", "current"]).await?)?;
    let before = Manifest::parse(document.manifest.as_bytes())
        .map_err(|error| Failure::cannot(Exit::Failed, what, chain(&error)))?;
    let root = trust::newest(&client, what).await?;
    let signer = withdraw.with.signer(what, root.as_ref())?;
    let version = newest.version.saturating_add(1);
    let now = Clock::system().now();
    let manifest = Manifest::of(&before.organisation, version, now, withdraw.valid, [])
        .map_err(|error| Failure::cannot(Exit::Failed, what, chain(&error)))?;
    if !withdraw.yes {
        let question = format!(
            "Withdraw version {} ({})? No machine runs any of it afterwards.",
            newest.version,
            render::text::count(newest.files.len(), "file")
        );
        match Lines::default().confirm(what, &question).await.map_err(|f| f.hint("add --yes"))? {
            Answer::Yes => {}
            Answer::No => return Err(Failure::cannot(Exit::Usage, what, "it was not confirmed")),
        }
    }
    match withdraw.to {
        Some(folder) => keep(what, &folder, &manifest, signer, desk).await,
        None => hand_over(what, &client, &manifest, signer, desk).await,
    }
}

async fn keep(
    what: &str,
    folder: &std::path::Path,
    manifest: &Manifest,
    signer: Signer,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let unmade = |error: std::io::Error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {error}", folder.display()))
            .hint("name a folder that is not there yet")
    };
    std::fs::create_dir(folder).map_err(unmade)?;
    let armored = signer.sign(what, Namespace::Catalogue, &manifest.bytes()).await?;
    let mut file = SignedFile::begin(what, &folder.join(MANIFEST), manifest.bytes())?;
    let kept = file.add(what, armored)?;
    let raw = json!({ "manifest": file.path, "signature": kept, "version": manifest.version });
    let shown = folder.display();
    desk.screen.show(&raw, |_| {
        format!(
            "Version {} withdraws all before it. Others sign it with: befund runbook sign {shown}\n\
             Then: befund runbook publish {shown}",
            manifest.version
        )
    })?;
    Ok(Exit::Ok)
}

async fn hand_over(
    what: &str,
    client: &Client,
    manifest: &Manifest,
    signer: Signer,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let bytes = manifest.bytes();
    let armored = signer.sign(what, Namespace::Catalogue, &bytes).await?;
    let new = PublishCatalogue {
        manifest: String::from_utf8_lossy(&bytes).into_owned(),
        signatures: vec![armored],
        files: std::collections::BTreeMap::new(),
    };
    let raw = published::post(what, client, &new).await.map_err(|failure| {
        failure.hint("where it takes more people to sign: --to FOLDER, and have them sign that")
    })?;
    let view: CatalogueView = read(what, &raw)?;
    desk.screen.show(&raw, |_| {
        format!("Version {} withdraws all before it: no machine runs a runbook until another is published.", view.version)
    })?;
    Ok(Exit::Ok)
}
