//! Judges what came in, after it was acknowledged: snapshots on tickets first, the others while no upload
//! waits. What a check has said of the same sections is taken over; only the rest is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use befund_checks::{Check, Facts, judge};
use befund_model::id::Hash;
use befund_model::snapshot::{MAX_SECTION_BYTES, Manifest, SectionRef};
use befund_runtime::telemetry;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, info, warn};

use super::CheckSet;
use crate::bus::Hint;
use crate::state::AppState;
use crate::store::ingest::Ingest;
use crate::store::repository::{
    Findings as _, Judged, Judgement, Snapshots as _, StoreError, Unjudged,
};

/// How often the store is looked at without a hint.
const LOOK: Duration = Duration::from_secs(10);
/// How long hints are gathered: a fleet's snapshots come in a storm.
const GATHER: Duration = Duration::from_millis(20);
/// How long to leave the processor to uploads that wait.
const GIVE_WAY: Duration = Duration::from_millis(50);
/// How many snapshots are fetched at once.
const BATCH: u32 = 32;

/// Judges, until it is dropped.
pub async fn run(app: AppState, ingest: Ingest) {
    let mut hints = app.bus.listen();
    match app.store.judge_again(app.checks.digest()).await {
        Ok(0) => {}
        Ok(count) => info!(count, "the checks have changed; the latest snapshots are judged again"),
        Err(error) => {
            warn!(error = telemetry::chain(&error), "could not look for what other checks judged");
        }
    }
    loop {
        match round(&app, &ingest).await {
            Ok(Left::More) => continue,
            Ok(Left::Nothing) => {}
            Err(error) => {
                warn!(error = telemetry::chain(&error), "snapshots could not be judged");
                tokio::time::sleep(LOOK).await;
            }
        }
        let hint = async {
            loop {
                match hints.recv().await {
                    Ok(Hint::Machine(_)) | Err(RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // A timeout is the other reason to look.
        let _ = tokio::time::timeout(LOOK, hint).await;
        tokio::time::sleep(GATHER).await;
    }
}

/// What a round leaves.
enum Left {
    /// There may be more.
    More,
    /// All was judged.
    Nothing,
}

/// Judges some of those that wait. Ends early where it gives way, so that whoever asks for help
/// meanwhile is next.
async fn round(app: &AppState, ingest: &Ingest) -> Result<Left, StoreError> {
    let waiting = app.store.unjudged(BATCH).await?;
    let left = if waiting.is_empty() { Left::Nothing } else { Left::More };
    for unjudged in waiting {
        if unjudged.ticket.is_none() && ingest.is_busy() {
            tokio::time::sleep(GIVE_WAY).await;
            break;
        }
        one(app, unjudged).await?;
    }
    Ok(left)
}

async fn one(app: &AppState, unjudged: Unjudged) -> Result<(), StoreError> {
    let Unjudged { agent, manifest, ticket } = unjudged;
    let snapshot = manifest.id;
    let last = app.store.last_judged(agent).await?;
    let known: BTreeMap<(String, Hash), Judgement> = last
        .into_iter()
        .flat_map(|last| last.judgements)
        .map(|judgement| ((judgement.check.clone(), judgement.inputs), judgement))
        .collect();
    let needed = needed(&app.checks, &manifest, &known);
    let mut contents = BTreeMap::new();
    for line in manifest.sections.iter().filter(|line| needed.contains(&name_of(line))) {
        let frame = if line.size == 0 { None } else { app.store.section(line.hash).await? };
        contents.insert(line.hash, frame);
    }
    let checks = Arc::clone(&app.checks);
    let judging =
        tokio::task::spawn_blocking(move || judgements(&checks, &manifest, &contents, &known));
    // Only the process's end breaks it off; the snapshot waits for the next start.
    let Ok(judgements) = judging.await else { return Ok(()) };
    let judged = Judged { agent, snapshot, ticket, checks: app.checks.digest(), judgements };
    let kept = app.store.keep_judged(&judged, app.clock.now()).await?;
    metrics::counter!("befund_snapshots_judged_total").increment(1);
    debug!(%agent, %snapshot, kept, "judged");
    if let Some(ticket) = ticket.filter(|_| kept) {
        app.bus.tell(Hint::Ticket(ticket));
    }
    Ok(())
}

/// The sections, by their names in expressions, of the checks that must be asked.
fn needed(
    checks: &CheckSet,
    manifest: &Manifest,
    known: &BTreeMap<(String, Hash), Judgement>,
) -> BTreeSet<String> {
    let asked = checks
        .checks()
        .iter()
        .filter(|check| !known.contains_key(&(check.id.clone(), inputs(check, manifest))));
    asked.flat_map(|check| check.sections().into_iter().map(str::to_owned)).collect()
}

fn judgements(
    checks: &CheckSet,
    manifest: &Manifest,
    contents: &BTreeMap<Hash, Option<Vec<u8>>>,
    known: &BTreeMap<(String, Hash), Judgement>,
) -> Vec<Judgement> {
    let expanded: Vec<(&SectionRef, Option<Vec<u8>>)> = manifest
        .sections
        .iter()
        .map(|line| {
            let frame = contents.get(&line.hash).and_then(Option::as_ref);
            (line, frame.and_then(|frame| expand(frame, line.size)))
        })
        .collect();
    let sections = expanded.iter().map(|(line, bytes)| (*line, bytes.as_deref()));
    let facts = Facts::new(manifest.taken_at, checks.patterns(), sections);
    let say = |check: &Check| {
        let inputs = inputs(check, manifest);
        match known.get(&(check.id.clone(), inputs)) {
            Some(said) => said.clone(),
            None => Judgement { check: check.id.clone(), inputs, finding: judge(check, &facts) },
        }
    };
    checks.checks().iter().map(say).collect()
}

fn expand(frame: &[u8], size: u64) -> Option<Vec<u8>> {
    let capacity = usize::try_from(size.min(MAX_SECTION_BYTES)).ok()?;
    zstd::bulk::decompress(frame, capacity).ok()
}

/// What a check's word depends on: its text, and the sections that it reads.
fn inputs(check: &Check, manifest: &Manifest) -> Hash {
    let mut bytes = check.digest.as_bytes().to_vec();
    for name in check.sections() {
        bytes.extend_from_slice(name.as_bytes());
        if let Some(line) = manifest.sections.iter().find(|line| name_of(line) == name) {
            bytes.extend_from_slice(line.hash.as_bytes());
            bytes.extend_from_slice(line.status.as_str().as_bytes());
            bytes.extend_from_slice(line.reason.as_bytes());
        }
        bytes.push(0);
    }
    short(Hash::of(&bytes))
}

/// Its first 64 bits, the rest zero: enough to tell apart what one check has looked at on one machine, and
/// kept with each finding of each snapshot, where random bytes are most of what it takes.
fn short(hash: Hash) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&hash.as_bytes()[..8]);
    Hash::from_slice(&bytes).unwrap_or(hash)
}

fn name_of(line: &SectionRef) -> String {
    befund_checks::name_of(line.kind.as_str())
}
