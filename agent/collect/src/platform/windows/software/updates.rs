//! Updates: where they come from by the policies in the registry, what was done by the history of the
//! update agent, and what waits by its own database, without asking anybody afar.
#![expect(unsafe_code, reason = "COM has no safe bindings")]

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use befund_model::section::maintenance::{
    PendingUpdate, UpdateRun, UpdateSource, Updates, UpdatesState,
};
use windows::Win32::Foundation::VARIANT_FALSE;
use windows::Win32::System::UpdateAgent::{
    AutomaticUpdates, IAutomaticUpdates2, IUpdateHistoryEntry, IUpdateSession, UpdateSession,
};
use windows::core::BSTR;

use super::super::com::{Com, Value};
use super::super::{registry, win32};
use super::restart;
use crate::collector::{Context, Gap};
use crate::platform::decode::{hresult, time};

const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate";
/// How many entries of the history are read, the latest.
const MAX_RUNS: i32 = 100;
/// How long the agent may look through its database.
const SEARCH_WITHIN: Duration = Duration::from_secs(5);

/// Section `updates`.
pub(crate) fn updates(cx: &Context) -> Result<Updates, Gap> {
    let policy = registry::machine(cx, POLICY);
    let automatic = registry::machine(cx, &format!(r"{POLICY}\AU"));
    let text = |name: &str| policy.as_ref().and_then(|key| registry::text(key, name));
    let flag = |name: &str| automatic.as_ref().and_then(|key| registry::flag(key, name));
    let wsus = flag("UseWUServer") == Some(true);
    let server = text("WUServer");
    let mut sources = vec![UpdateSource {
        name: "Windows Update".into(),
        kind: "windows update".into(),
        enabled: !wsus,
        ..UpdateSource::default()
    }];
    if let Some(server) = server {
        sources.push(UpdateSource {
            name: "WSUS".into(),
            kind: "wsus".into(),
            url: Some(cx.redactor.text(&server)),
            parts: text("TargetGroup").into_iter().collect(),
            enabled: wsus,
        });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    // 1: never, 2: tell before fetching, 3: before installing; 4 and 5 install.
    let option = automatic.as_ref().and_then(|key| registry::number(key, "AUOptions"));
    let automatic = match (flag("NoAutoUpdate"), option) {
        (Some(true), _) | (_, Some(1..=3)) => Some(false),
        (_, Some(4..)) => Some(true),
        // Without a policy Windows 10 and later install by themselves.
        _ => Some(true),
    };
    let mut held = Vec::new();
    if let Some(version) = text("TargetReleaseVersionInfo") {
        held.push(format!("Windows stays at {version}"));
    }
    for (name, what) in [
        ("PauseFeatureUpdatesStartTime", "feature updates are paused"),
        ("PauseQualityUpdatesStartTime", "quality updates are paused"),
    ] {
        held.extend(text(name).map(|_| what.to_owned()));
    }
    let settings = registry::machine(cx, r"SOFTWARE\Microsoft\WindowsUpdate\UX\Settings");
    let paused = settings.and_then(|key| registry::text(&key, "PauseUpdatesExpiryTime"));
    held.extend(paused.map(|until| format!("updates are paused until {until}")));
    held.sort_unstable();
    Ok(Updates { automatic, sources, held })
}

/// Section `updates.state`.
pub(crate) fn state(cx: &Context) -> Result<UpdatesState, Gap> {
    cx.root.trail().at("IUpdateSession");
    let pending = look(cx);
    let com = Com::start()?;
    let session: IUpdateSession = com.create(UpdateSession, "UpdateSession")?;
    let runs = history(cx, &session)?;
    let mut state = UpdatesState { runs, ..UpdatesState::default() };
    match results(&com) {
        Ok((checked, installed)) => {
            state.checked_at = checked;
            state.installed_at = installed;
        }
        Err(gap) => cx.gap(gap),
    }
    state.pending = cx.note(pending).unwrap_or_default();
    state.trouble = restart::reasons(cx)
        .into_iter()
        .map(|reason| format!("a restart is due ({reason})"))
        .collect();
    let renames = restart::renames(cx);
    if renames > 0 {
        state.trouble.push(format!("{renames} files wait to be replaced at the next start"));
    }
    Ok(state)
}

/// When the agent last asked, and last installed something.
fn results(
    com: &Com,
) -> Result<(Option<befund_model::Timestamp>, Option<befund_model::Timestamp>), Gap> {
    let automatic: IAutomaticUpdates2 = com.create(AutomaticUpdates, "AutomaticUpdates")?;
    let date =
        |value: windows::core::Result<windows::Win32::System::Variant::VARIANT>| match Value::of(
            &value.ok()?,
        )? {
            Value::Real(days) => time::ole(days),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => None,
        };
    // SAFETY: the object is live, COM is ready on this thread.
    unsafe {
        let results = automatic
            .Results()
            .map_err(|error| win32::gap("IAutomaticUpdates2.Results", &error))?;
        Ok((date(results.LastSearchSuccessDate()), date(results.LastInstallationSuccessDate())))
    }
}

fn history(cx: &Context, session: &IUpdateSession) -> Result<Vec<UpdateRun>, Gap> {
    let lost = |error: &windows::core::Error| win32::gap("IUpdateSearcher.QueryHistory", error);
    // SAFETY: the session is live, COM is ready on this thread.
    let (entries, count) = unsafe {
        let searcher = session.CreateUpdateSearcher().map_err(|error| lost(&error))?;
        let total = searcher.GetTotalHistoryCount().map_err(|error| lost(&error))?;
        if total == 0 {
            return Ok(Vec::new());
        }
        let entries =
            searcher.QueryHistory(0, total.min(MAX_RUNS)).map_err(|error| lost(&error))?;
        let count = entries.Count().map_err(|error| lost(&error))?;
        (entries, count)
    };
    let mut runs: Vec<UpdateRun> = (0..count.min(MAX_RUNS))
        .filter_map(|index| {
            // SAFETY: as above, and the index is one of the list's.
            let entry = unsafe { entries.get_Item(index) }.ok()?;
            run(cx, &entry)
        })
        .collect();
    runs.sort_by(|a, b| (a.at, &a.names).cmp(&(b.at, &b.names)));
    Ok(runs)
}

fn run(cx: &Context, entry: &IUpdateHistoryEntry) -> Option<UpdateRun> {
    // SAFETY: the entry is live, COM is ready on this thread.
    let (date, operation, result, code, title) = unsafe {
        (
            entry.Date().ok()?,
            entry.Operation().ok()?,
            entry.ResultCode().ok()?,
            entry.HResult().ok(),
            entry.Title(),
        )
    };
    // 4: failed, 5: given up.
    let failed = matches!(result.0, 4 | 5);
    let error = code.filter(|code| failed && *code != 0).map(|code| {
        let words = hresult::words(code).map_or(String::new(), |words| format!(": {words}"));
        cx.redactor.text(&format!("0x{code:08x}{words}"))
    });
    Some(UpdateRun {
        at: time::ole(date)?,
        action: if operation.0 == 2 { "remove" } else { "install" }.to_owned(),
        packages: 1,
        names: title.ok().map(|title| title.to_string()).into_iter().collect(),
        failed,
        error,
    })
}

/// What is there and not installed, by the agent's own database.
fn look(cx: &Context) -> Result<Vec<PendingUpdate>, Gap> {
    let (answer, answered) = sync_channel(1);
    cx.root.trail().at("IUpdateSearcher.Search");
    thread::Builder::new()
        .name("updates".into())
        .spawn(move || answer.send(search()))
        .map_err(|error| Gap::failed(format!("no thread could be started: {error}")))?;
    answered.recv_timeout(SEARCH_WITHIN).unwrap_or_else(|_| {
        Err(Gap::failed("the update agent did not look through its database within 5 s"))
    })
}

fn search() -> Result<Vec<PendingUpdate>, Gap> {
    let com = Com::start()?;
    let session: IUpdateSession = com.create(UpdateSession, "UpdateSession")?;
    let lost = |error: &windows::core::Error| win32::gap("IUpdateSearcher.Search", error);
    let mut pending = Vec::new();
    // SAFETY: the objects are live, COM is ready on this thread.
    unsafe {
        let searcher = session.CreateUpdateSearcher().map_err(|error| lost(&error))?;
        searcher.SetOnline(VARIANT_FALSE).map_err(|error| lost(&error))?;
        let criteria = BSTR::from("IsInstalled=0 and IsHidden=0");
        let found = searcher.Search(&criteria).map_err(|error| lost(&error))?;
        let updates = found.Updates().map_err(|error| lost(&error))?;
        let count = updates.Count().map_err(|error| lost(&error))?;
        for index in 0..count.min(500) {
            let Ok(update) = updates.get_Item(index) else { continue };
            let Ok(title) = update.Title() else { continue };
            let grave = update.MsrcSeverity().is_ok_and(|severity| !severity.is_empty());
            pending.push(PendingUpdate {
                name: title.to_string(),
                security: grave,
                ..PendingUpdate::default()
            });
        }
    }
    pending.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pending)
}
