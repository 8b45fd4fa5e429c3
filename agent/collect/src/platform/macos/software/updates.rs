//! Updates of the system: its settings, what it found when it last asked, and what was installed.

use befund_model::Timestamp;
use befund_model::section::maintenance::{
    PendingUpdate, UpdateRun, UpdateSource, Updates, UpdatesState,
};

use crate::collector::{Context, Gap};
use crate::platform::macos::decode::plist::Value;
use crate::platform::macos::files;

const SETTINGS: &str = "/Library/Preferences/com.apple.SoftwareUpdate.plist";
/// What the machine's owner has set by a profile counts more.
const MANAGED: &str = "/Library/Managed Preferences/com.apple.SoftwareUpdate.plist";
const STORE: &str = "/Library/Preferences/com.apple.commerce.plist";
const HISTORY: &str = "/Library/Receipts/InstallHistory.plist";
/// How many runs are kept.
const MAX_RUNS: usize = 30;

fn settings(cx: &Context) -> Result<Value, Gap> {
    cx.root.read(SETTINGS)?;
    let told = files::plist(cx, SETTINGS);
    told.ok_or_else(|| Gap::failed(format!("{SETTINGS} could not be understood")))
}

/// Section `updates`.
pub(super) fn updates(cx: &Context) -> Result<Updates, Gap> {
    let settings = settings(cx)?;
    let managed = files::plist(cx, MANAGED);
    let said = |name: &str| {
        managed.as_ref().and_then(|managed| managed.flag(name)).or_else(|| settings.flag(name))
    };
    let catalog = managed.as_ref().and_then(|told| told.text("CatalogURL"));
    let catalog = catalog.or_else(|| settings.text("CatalogURL"));
    let mut sources = vec![UpdateSource {
        name: "software update".into(),
        kind: "apple".into(),
        url: catalog.map(|url| cx.redactor.text(url)),
        parts: Vec::new(),
        // It asks unless somebody said not to.
        enabled: said("AutomaticCheckEnabled").unwrap_or(true),
    }];
    if let Some(on) = files::plist(cx, STORE).and_then(|store| store.flag("AutoUpdate")) {
        let (name, kind) = ("app store".into(), "store".into());
        sources.push(UpdateSource { name, kind, url: None, parts: Vec::new(), enabled: on });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Updates { automatic: said("AutomaticallyInstallMacOSUpdates"), sources, held: Vec::new() })
}

/// Section `updates.state`.
pub(super) fn state(cx: &Context) -> Result<UpdatesState, Gap> {
    let settings = settings(cx)?;
    let checked_at =
        ["LastFullSuccessfulDate", "LastSuccessfulDate", "LastBackgroundSuccessfulDate"]
            .iter()
            .filter_map(|name| settings.date(name))
            .max();
    let mut pending: Vec<_> =
        settings.list("RecommendedUpdates").iter().filter_map(update).collect();
    pending.sort_by(|a, b| a.name.cmp(&b.name));
    let history = files::plist(cx, HISTORY);
    let mut runs = history.as_ref().map(|told| runs(told.items())).unwrap_or_default();
    let installed_at = runs.iter().map(|run| run.at).max();
    let more = runs.len().saturating_sub(MAX_RUNS);
    runs.drain(..more);
    let failed = settings.number("LastResultCode").filter(|code| !matches!(code, 0..=2));
    let trouble = failed.map(|code| format!("the last look for updates ended with code {code}"));
    Ok(UpdatesState {
        checked_at,
        installed_at,
        pending,
        runs,
        trouble: trouble.into_iter().collect(),
    })
}

fn update(told: &Value) -> Option<PendingUpdate> {
    let name = told.owned("Display Name").or_else(|| told.owned("Identifier"))?;
    // The catalog does not say; Apple names them so.
    let words = ["security", "xprotect", "mrt"];
    let lower = name.to_ascii_lowercase();
    let security = words.iter().any(|word| lower.contains(word));
    Some(PendingUpdate { name, version: told.owned("Display Version"), installed: None, security })
}

/// What was installed within one minute by the same program is one run.
fn runs(entries: &[Value]) -> Vec<UpdateRun> {
    const WINDOW_S: i64 = 60;
    const MAX_NAMES: usize = 8;
    let mut found: Vec<(Timestamp, String)> = entries
        .iter()
        .filter_map(|entry| {
            let by = entry.text("processName").unwrap_or_default();
            // Programs that bring their own installer along are no updates of the system.
            if !matches!(
                by,
                "softwareupdated"
                    | "macOS Installer"
                    | "OS X Installer"
                    | "appstoreagent"
                    | "storedownloadd"
                    | "installer"
            ) {
                return None;
            }
            let name = entry.text("displayName")?;
            let version = entry.text("displayVersion").map(|version| format!(" {version}"));
            Some((entry.date("date")?, format!("{name}{}", version.unwrap_or_default())))
        })
        .collect();
    found.sort();
    let mut runs: Vec<UpdateRun> = Vec::new();
    for (at, name) in found {
        match runs.last_mut() {
            Some(run) if at.as_second() - run.at.as_second() < WINDOW_S => {
                run.packages = run.packages.saturating_add(1);
                if run.names.len() < MAX_NAMES {
                    run.names.push(name);
                    run.names.sort_unstable();
                }
            }
            _ => runs.push(UpdateRun {
                at,
                action: "install".into(),
                packages: 1,
                names: vec![name],
                failed: false,
                error: None,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_by_the_minute() {
        let entry = |at: &str, name: &str, by: &str| {
            format!(
                "<dict><key>date</key><date>{at}</date><key>displayName</key><string>{name}</string><key>displayVersion</key><string>1</string><key>processName</key><string>{by}</string></dict>"
            )
        };
        let text = format!(
            "<plist><array>{}{}{}{}</array></plist>",
            entry("2024-05-01T10:00:30Z", "XProtectPlistConfigData", "softwareupdated"),
            entry("2024-05-01T10:00:00Z", "Gatekeeper", "softwareupdated"),
            entry("2024-04-01T10:00:00Z", "macOS 14.4.1", "softwareupdated"),
            entry("2024-04-02T10:00:00Z", "Zoom", "ZoomUpdater")
        );
        let told = Value::parse(text.as_bytes()).expect("a list");
        let runs = runs(told.items());
        assert_eq!(runs.len(), 2);
        assert_eq!((runs[1].packages, runs[1].names[0].as_str()), (2, "Gatekeeper 1"));
    }
}
