//! Updates: where from, what is installed, what waits, what failed.

use befund_model::section::maintenance::{PendingUpdate, UpdateRun, Updates, UpdatesState};

use crate::collector::{Context, Gap};

use super::packages::dpkg;
use super::{packages, uptime};

pub(crate) mod apt;
pub(crate) mod asked;
pub(crate) mod automatic;
pub(crate) mod configuration;
pub(crate) mod history;
pub(crate) mod indexes;
pub(crate) mod pins;
pub(crate) mod sources;
pub(crate) mod trouble;
pub(crate) mod version;

/// How many runs of the package system are kept, the latest.
const MAX_RUNS: usize = 30;

/// The package system that the distribution itself is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Apt,
    Rpm,
    Apk,
    Pacman,
}

/// Which one this is; a Debian with rpm's tools is still a Debian.
pub(crate) fn family(cx: &Context) -> Option<Family> {
    if cx.root.exists(dpkg::STATUS) {
        Some(Family::Apt)
    } else if packages::rpm::database(cx).is_some() {
        Some(Family::Rpm)
    } else if cx.root.exists("/lib/apk/db/installed") || cx.root.exists("/usr/lib/apk/db/installed")
    {
        Some(Family::Apk)
    } else if cx.root.exists("/var/lib/pacman/local") {
        Some(Family::Pacman)
    } else {
        None
    }
}

const NONE: &str = "none of dpkg, rpm, apk and pacman keeps a database here";

/// Section `updates`.
pub(crate) fn updates(cx: &Context) -> Result<Updates, Gap> {
    let mut sources = sources::all(cx);
    let family = family(cx);
    if family.is_none() && sources.is_empty() {
        return Err(Gap::unsupported(NONE));
    }
    sources.sort_by(|a, b| (&a.name, &a.kind, &a.parts).cmp(&(&b.name, &b.kind, &b.parts)));
    let mut held = match family {
        Some(Family::Apt) => cx
            .note(dpkg::installed(cx))
            .unwrap_or_default()
            .into_iter()
            .filter(|package| package.held)
            .map(|package| package.name)
            .collect(),
        Some(family) => sources::held(cx, family),
        None => Vec::new(),
    };
    held.sort_unstable();
    held.dedup();
    Ok(Updates { automatic: family.and_then(|family| automatic::is(cx, family)), sources, held })
}

/// Section `updates.state`.
pub(crate) fn state(cx: &Context) -> Result<UpdatesState, Gap> {
    let family = family(cx).ok_or_else(|| Gap::unsupported(NONE))?;
    let now = uptime::now(cx);
    let mut state = UpdatesState::default();
    let mut runs: Vec<UpdateRun> = Vec::new();
    // Whether what a failed run has left may still be in the way.
    let mut unfinished = true;
    match family {
        Family::Apt => {
            runs = history::apt(cx);
            let installed = dpkg::installed(cx)?;
            let indexes = indexes::Index::all(cx);
            state.checked_at = apt::checked_at(cx);
            state.pending = apt::pending(cx, &installed, &indexes);
            let at_work = trouble::apt(cx, &installed, &indexes, now, &mut state.trouble);
            // apt writes down no run in which it only finishes, nor does dpkg.
            unfinished = trouble::unfinished(cx, &installed);
            // What has no end yet has not failed while somebody is at it.
            let latest = runs.iter().map(|run| run.at).max();
            let open = |run: &&mut UpdateRun| Some(run.at) == latest && run.error.is_none();
            runs.iter_mut().filter(|_| at_work).filter(open).for_each(|run| run.failed = false);
        }
        Family::Rpm => {
            runs = history::rpm(cx);
            state.checked_at = asked::rpm_checked_at(cx);
            state.pending = asked::rpm(cx);
        }
        Family::Apk => state.pending = asked::apk(cx),
        Family::Pacman => {
            let told = history::pacman(cx);
            runs = told.runs;
            state.checked_at = told.checked_at;
            state.pending = asked::pacman(cx);
            trouble::pacman(cx, &mut state.trouble);
        }
    }
    trouble::complaints(cx, now, &mut state.trouble);
    trouble::boot_partition(cx, &mut state.trouble);
    runs.sort_by_key(|run| run.at);
    let installs = |run: &&UpdateRun| matches!(run.action.as_str(), "install" | "upgrade");
    state.installed_at = runs.iter().rev().find(installs).map(|run| run.at);
    if let Some(last) = runs.last().filter(|run| run.failed && unfinished) {
        let names = last.names.join(", ");
        state.trouble.push(format!(
            "the latest run of the package system ({} {names}) failed or did not end",
            last.action
        ));
    }
    state.runs = runs.split_off(runs.len().saturating_sub(MAX_RUNS));
    state.pending.sort_by(|a, b| key(a).cmp(&key(b)));
    state.pending.dedup_by(|a, b| key(a) == key(b));
    Ok(state)
}

fn key(update: &PendingUpdate) -> (&str, Option<&str>) {
    (&update.name, update.version.as_deref())
}
