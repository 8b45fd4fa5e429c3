//! Catalogues and trust roots as people publish them, and which runbooks fit a ticket. The controller verifies
//! what is published, so that a mistake is told to whoever makes it; what machines run, they verify themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::api::{
    AddTrustRoot, CatalogueDocument, CatalogueView, CauseEffect, PublishCatalogue, RunbookInfo,
    TrustRootView,
};
use befund_model::id::TicketNumber;
use befund_model::job::{Job, Work};
use befund_model::probe::Verdict;
use befund_runbook::document::{Runbook, System};
use befund_trust::catalogue::{self, Manifest, Refusal};
use befund_trust::digest::Sha256;
use befund_trust::floor::{Floors, Now};
use befund_trust::root::{self, Standing, Trusted};

use crate::api::caller::Caller;
use crate::api::problem::{Code, Failure};
use crate::bus::Hint;
use crate::state::AppState;
use crate::store::repository::{
    Digest, Findings as _, KeptCatalogue, KeptRoot, Runbooks as _, StoreError, Tickets as _,
};

mod fit;

/// The most signatures of a catalogue or a root.
const MOST_SIGNATURES: usize = 64;
/// The most catalogues that are listed.
const MOST_LISTED: u32 = 100;

/// The current catalogue's runbooks, read once.
#[derive(Debug, Default)]
pub struct Shelf {
    read: Mutex<Read>,
}

/// The runbooks of a catalogue, by name, and which one it is.
type Read = Option<(Digest, Arc<BTreeMap<String, Runbook>>)>;

impl Shelf {
    /// The runbooks of this catalogue.
    async fn of(
        &self,
        app: &AppState,
        catalogue: &KeptCatalogue,
    ) -> Result<Arc<BTreeMap<String, Runbook>>, Failure> {
        if let Some((digest, runbooks)) = &*self.lock()
            && *digest == catalogue.digest
        {
            return Ok(Arc::clone(runbooks));
        }
        let mut runbooks = BTreeMap::new();
        for (path, file) in manifest(catalogue)?.files {
            if !is_runbook(&path) {
                continue;
            }
            let bytes = app.store.catalogue_file(file.sha256.0).await?.ok_or_else(|| {
                corrupt(format!("{path} of the current catalogue"), "it is not there".to_owned())
            })?;
            let runbook = read(&path, &bytes)?;
            runbooks.insert(runbook.name.clone(), runbook);
        }
        let runbooks = Arc::new(runbooks);
        *self.lock() = Some((catalogue.digest, Arc::clone(&runbooks)));
        Ok(runbooks)
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        // Nothing under this lock panics half-way through a change.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes a catalogue: machines are handed it from now on.
///
/// # Errors
/// `invalid` if it is not signed as the newest trust root demands, a file is missing or another than its manifest
/// names, or a runbook cannot be read; `conflict` if there is no trust root yet, or a newer catalogue.
pub async fn publish(
    app: &AppState,
    new: PublishCatalogue,
    caller: &Caller,
) -> Result<CatalogueView, Failure> {
    if new.signatures.len() > MOST_SIGNATURES {
        return Err(Failure::invalid(format!(
            "a catalogue has {MOST_SIGNATURES} signatures at most"
        )));
    }
    let root = newest_root(app).await?.ok_or_else(|| {
        Failure::new(
            Code::Conflict,
            "there is no trust root yet that says who may sign catalogues; add one with `befund trust add`",
        )
    })?;
    let at = app.clock.now();
    let bytes = new.manifest.into_bytes();
    let (floors, now) = floors(at)?;
    let digest = match catalogue::verify(&bytes, &new.signatures, &root, &floors, now) {
        Ok(verified) => {
            for path in verified.get().files.keys() {
                let file = new.files.get(path).ok_or_else(|| {
                    Failure::invalid(format!("the catalogue names {path}, which was not sent"))
                })?;
                verified.check_file(path, file.as_bytes()).map_err(|e| invalid(&e))?;
                if is_runbook(path) {
                    read(path, file.as_bytes())?;
                }
            }
            verified.digest()
        }
        Err(Refusal::Withdrawn(withdrawal)) => withdrawal.digest(),
        Err(refusal) => return Err(invalid(&refusal)),
    };
    let manifest = Manifest::parse(&bytes).map_err(|error| invalid(&error))?;
    let files: Vec<(Digest, Vec<u8>)> = manifest
        .files
        .iter()
        .filter_map(|(path, file)| Some((file.sha256.0, new.files.get(path)?.clone().into_bytes())))
        .collect();
    let kept = KeptCatalogue {
        version: manifest.version,
        digest: digest.0,
        manifest: bytes,
        signatures: new.signatures,
        at,
        published_by: caller.operator.name.clone(),
    };
    app.store.keep_catalogue(&kept, &files, &caller.by(), at).await?;
    app.bus.tell(Hint::Catalogue);
    view(&kept, Some(kept.version))
}

/// The catalogues, newest first.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn catalogues(app: &AppState) -> Result<Vec<CatalogueView>, Failure> {
    let kept = app.store.catalogues(MOST_LISTED).await?;
    let current = kept.first().map(|catalogue| catalogue.version);
    kept.iter().map(|catalogue| view(catalogue, current)).collect()
}

/// The current catalogue as it was signed.
///
/// # Errors
/// `not_found` if there is none.
pub async fn document(app: &AppState) -> Result<CatalogueDocument, Failure> {
    let kept = app
        .store
        .catalogue()
        .await?
        .ok_or_else(|| Failure::new(Code::NotFound, "no catalogue was published yet"))?;
    let manifest = text("a manifest", kept.manifest)?;
    Ok(CatalogueDocument { manifest, signatures: kept.signatures })
}

/// A file of a catalogue, by its SHA-256.
///
/// # Errors
/// `not_found`.
pub async fn file(app: &AppState, digest: Sha256) -> Result<Vec<u8>, Failure> {
    let file = app.store.catalogue_file(digest.0).await?;
    file.ok_or_else(|| Failure::not_found("file", digest))
}

/// Adds a trust root: the first one, or the one that follows the newest.
///
/// # Errors
/// `invalid` if it is not signed as it and its forerunner demand; `conflict` if it does not follow.
pub async fn add_root(
    app: &AppState,
    new: AddTrustRoot,
    caller: &Caller,
) -> Result<TrustRootView, Failure> {
    if new.signatures.len() > MOST_SIGNATURES {
        return Err(Failure::invalid(format!("a root has {MOST_SIGNATURES} signatures at most")));
    }
    let at = app.clock.now();
    let (floors, now) = floors(at)?;
    let bytes = new.root.into_bytes();
    let newest = newest_root(app).await?;
    // The digest is what an administrator hands to machines with their tokens; here nobody is fooled by it.
    let pinned = newest.is_none().then(|| Sha256::of(&bytes).0);
    let trusted = root::accept(newest.as_ref(), &bytes, &new.signatures, pinned, &floors, now)
        .map_err(|error| invalid(&error))?;
    let version = u32::try_from(trusted.root().version())
        .map_err(|_| Failure::invalid("the root's version is too large"))?;
    let kept = KeptRoot { version, bytes, signatures: new.signatures };
    app.store.keep_root(&kept, &caller.by(), at).await?;
    app.bus.tell(Hint::Catalogue);
    root_view(kept)
}

/// The trust roots, oldest first.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn roots(app: &AppState) -> Result<Vec<TrustRootView>, Failure> {
    app.store.roots(0).await?.into_iter().map(root_view).collect()
}

/// The runbooks of the current catalogue; for a ticket, those that fit it first.
///
/// # Errors
/// `not_found` for a ticket that is not there.
pub async fn offered(
    app: &AppState,
    ticket: Option<TicketNumber>,
) -> Result<Vec<RunbookInfo>, Failure> {
    let Some(current) = app.store.catalogue().await? else { return Ok(Vec::new()) };
    let runbooks = app.shelf.of(app, &current).await?;
    let effects = app.store.effects(None).await?;
    let situation = match ticket {
        Some(number) => situation(app, number).await?,
        None => fit::Situation::default(),
    };
    let mut offered: Vec<RunbookInfo> = runbooks
        .values()
        .filter_map(|runbook| {
            let (fit, reasons) = fit::of(runbook, &situation)?;
            Some(RunbookInfo {
                name: runbook.name.clone(),
                version: runbook.version,
                title: runbook.title.clone(),
                about: runbook.about.clone(),
                systems: runbook.fits.systems.iter().map(|s| system(*s).to_owned()).collect(),
                risk: highest_risk(runbook),
                inputs: befund_runbook::inputs::schema(runbook),
                fit,
                reasons,
                effects: titled(runbook, &effects),
            })
        })
        .collect();
    let helped =
        |info: &RunbookInfo| info.effects.iter().map(|effect| effect.verified).sum::<u64>();
    offered.sort_by(|a, b| {
        let by_use = || helped(b).cmp(&helped(a));
        b.fit.cmp(&a.fit).then_with(by_use).then_with(|| a.name.cmp(&b.name))
    });
    Ok(offered)
}

/// What came of a runbook's causes and fixes, with what the runbook calls them.
fn titled(runbook: &Runbook, effects: &[CauseEffect]) -> Vec<CauseEffect> {
    let title = |effect: &CauseEffect| {
        let cause = runbook.causes.iter().find(|cause| cause.id == effect.cause)?;
        let Some(index) = effect.fix else { return Some(cause.title.clone()) };
        let fix = cause.fixes.get(usize::try_from(index).ok()?)?;
        fix.text.clone()
    };
    let of = effects.iter().filter(|effect| effect.runbook == runbook.name);
    of.map(|effect| CauseEffect { title: title(effect), ..effect.clone() }).collect()
}

/// A runbook of the current catalogue, and that catalogue's digest.
///
/// # Errors
/// `invalid` if there is none of this name, or no catalogue yet; `conflict` if that catalogue has expired.
pub async fn find(app: &AppState, name: &str) -> Result<(Runbook, Sha256), Failure> {
    let none = || {
        let name: String = name.chars().take(64).collect();
        Failure::invalid(format!(
            "there is no runbook {name:?} in the current catalogue; `befund runbook list` lists what there is"
        ))
    };
    let unpublished = || {
        Failure::invalid(
            "no catalogue of runbooks was published yet, and only signed ones are run: sign a folder with \
             `befund runbook sign` and hand it out with `befund runbook publish`",
        )
    };
    let current = app.store.catalogue().await?.ok_or_else(unpublished)?;
    let runbooks = app.shelf.of(app, &current).await?;
    let runbook = runbooks.get(name).cloned().ok_or_else(none)?;
    if let Some((version, expires)) = expired(app).await? {
        return Err(Failure::new(
            Code::Conflict,
            format!(
                "version {version} of the catalogue expired at {expires}, and machines run nothing of it; have the runbooks \
                 signed anew (`befund runbook sign`) and publish them (`befund runbook publish`)"
            ),
        ));
    }
    Ok((runbook, Sha256(current.digest)))
}

/// The current catalogue's version and when it expired, if it has; by this controller's clock, as machines see it
/// by theirs.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn expired(app: &AppState) -> Result<Option<(u64, Timestamp)>, Failure> {
    let Some(current) = app.store.catalogue().await? else { return Ok(None) };
    let expires = manifest(&current)?.expires;
    Ok((expires <= app.clock.now()).then_some((current.version, expires)))
}

/// The runbook that a job runs, as the catalogue has it that the job names; none if that is not kept, or for
/// other work.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn of_job(app: &AppState, job: &Job) -> Result<Option<Runbook>, Failure> {
    let (Work::Runbook(name), Some(order)) = (&job.work, &job.runbook) else { return Ok(None) };
    let is_it = |kept: &KeptCatalogue| Sha256(kept.digest).to_string() == order.catalogue;
    if let Some(current) = app.store.catalogue().await?.filter(&is_it) {
        return Ok(app.shelf.of(app, &current).await?.get(name).cloned());
    }
    let Some(kept) = app.store.catalogues(MOST_LISTED).await?.into_iter().find(is_it) else {
        return Ok(None);
    };
    let path = format!("{name}.yaml");
    let Some(file) = manifest(&kept)?.files.remove(&path) else { return Ok(None) };
    let bytes = app.store.catalogue_file(file.sha256.0).await?;
    // One that an older version wrote may be none that this one reads.
    Ok(bytes.and_then(|bytes| read(&path, &bytes).ok()))
}

/// A runbook of the current catalogue, and its text as it was signed.
///
/// # Errors
/// `not_found` if there is none of this name.
pub async fn source(app: &AppState, name: &str) -> Result<(Runbook, String), Failure> {
    let none = || Failure::not_found("runbook", name.chars().take(64).collect::<String>());
    let current = app.store.catalogue().await?.ok_or_else(none)?;
    let runbook = app.shelf.of(app, &current).await?.get(name).cloned().ok_or_else(none)?;
    for (path, file) in manifest(&current)?.files {
        if !is_runbook(&path) {
            continue;
        }
        let Some(bytes) = app.store.catalogue_file(file.sha256.0).await? else { continue };
        if read(&path, &bytes)?.name == name {
            return Ok((runbook, text(&path, bytes)?));
        }
    }
    Err(none())
}

/// The runbooks of the current catalogue, by name.
///
/// # Errors
/// `internal` if the store cannot be read.
pub async fn current(app: &AppState) -> Result<Arc<BTreeMap<String, Runbook>>, Failure> {
    match app.store.catalogue().await? {
        Some(current) => app.shelf.of(app, &current).await,
        None => Ok(Arc::default()),
    }
}

async fn situation(app: &AppState, number: TicketNumber) -> Result<fit::Situation, Failure> {
    let ticket =
        app.store.ticket(number).await?.ok_or_else(|| Failure::not_found("ticket", number))?;
    let mut situation =
        fit::Situation { words: ticket.subject.to_lowercase(), ..Default::default() };
    let Some(agent) = ticket.machine else { return Ok(situation) };
    let machine = crate::machines::find(app, &agent.to_string()).await?;
    situation.system = fit::system_of(&machine.os);
    if let Some(judged) = app.store.last_judged(agent).await? {
        for finding in judged.judgements.into_iter().filter_map(|judgement| judgement.finding) {
            if matches!(finding.verdict, Verdict::Fail | Verdict::Warn) {
                situation.failing.push(finding.check);
            }
        }
    }
    Ok(situation)
}

/// The newest root that is handed out, if there is one.
///
/// # Errors
/// `internal` if it cannot be read.
pub async fn newest_root(app: &AppState) -> Result<Option<Trusted>, Failure> {
    let Some(kept) = app.store.roots(0).await?.pop() else { return Ok(None) };
    let name = format!("trust root {}", kept.version);
    Trusted::restore(kept.bytes, Standing::Pinned)
        .map(Some)
        .map_err(|error| corrupt(name, error.to_string()))
}

/// The controller remembers nothing but the order that its store keeps; its own clock is what there is.
fn floors(at: Timestamp) -> Result<(Floors, Now), Failure> {
    let floors = Floors::new(at);
    let now = floors.now(at).now().map_err(|error| invalid(&error))?;
    Ok((floors, now))
}

fn is_runbook(path: &str) -> bool {
    !path.contains('/') && path.ends_with(".yaml")
}

fn read(path: &str, bytes: &[u8]) -> Result<Runbook, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::invalid(format!("the runbook {path} is not UTF-8")))?;
    match befund_runbook::load(text) {
        Ok((runbook, _warnings)) => Ok(runbook),
        Err(diagnostics) => {
            let said = befund_runbook::render(path, text, &diagnostics);
            Err(Failure::invalid(format!("the runbook {path} has errors:\n{said}")))
        }
    }
}

fn highest_risk(runbook: &Runbook) -> Risk {
    runbook
        .causes
        .iter()
        .flat_map(|cause| &cause.fixes)
        .map(|fix| fix.risk)
        .max()
        .unwrap_or_default()
}

const fn system(system: System) -> &'static str {
    match system {
        System::Linux => "linux",
        System::Windows => "windows",
        System::Macos => "macos",
    }
}

fn manifest(kept: &KeptCatalogue) -> Result<Manifest, Failure> {
    Manifest::parse(&kept.manifest)
        .map_err(|error| corrupt(format!("catalogue {}", kept.version), error.to_string()))
}

fn view(kept: &KeptCatalogue, current: Option<u64>) -> Result<CatalogueView, Failure> {
    let manifest = manifest(kept)?;
    Ok(CatalogueView {
        version: kept.version,
        sha256: Sha256(kept.digest).to_string(),
        published_at: kept.at,
        published_by: kept.published_by.clone(),
        expires: manifest.expires,
        files: manifest.files.into_keys().collect(),
        current: current == Some(kept.version),
    })
}

fn root_view(kept: KeptRoot) -> Result<TrustRootView, Failure> {
    let name = || format!("trust root {}", kept.version);
    let root =
        root::Root::parse(&kept.bytes).map_err(|error| corrupt(name(), error.to_string()))?;
    Ok(TrustRootView {
        version: root.version(),
        sha256: root.digest().to_string(),
        expires: root.expires(),
        root: text("a trust root", kept.bytes)?,
        signatures: kept.signatures,
    })
}

fn text(what: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| corrupt(what.to_owned(), error.to_string()))
}

fn corrupt(what: String, problem: String) -> Failure {
    Failure::internal(&StoreError::Corrupt { what, problem })
}

/// What was published is wrong: the whole chain of reasons, since it is about what the caller sent.
fn invalid(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::invalid(befund_runtime::telemetry::chain(error).to_string())
}
