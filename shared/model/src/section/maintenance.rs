//! How the system is kept up: starts and ends, updates, drivers, scheduled tasks, what starts by itself.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;
use crate::redaction::Redacted;

/// Section `boots`: the latest starts of the system, and how each time ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boots {
    /// The latest ones, newest last.
    pub boots: Vec<Boot>,
}

/// The time from a start to an end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boot {
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended, as far as that is known; absent for the one that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How: `shut down`, `restarted`, `crashed`, `power lost or reset` (nothing was written at the end);
    /// absent for the one that runs, or if that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// What was given as a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
}

/// Section `updates`: where updates come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Updates {
    /// Whether they are installed without anybody asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
    /// The sources, sorted by name.
    pub sources: Vec<UpdateSource>,
    /// What is held back from updates, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub held: Vec<String>,
}

/// A place that updates come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateSource {
    /// Its file and line, or its name.
    pub name: String,
    /// The package system: `deb`, `rpm`, `apk`, `flatpak`, `snap`, `pacman`; on Windows `windows update`, `wsus`;
    /// on macOS `apple` (the system), `store`.
    pub kind: String,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Redacted>,
    /// What of it is used, in order (`bookworm main contrib`).
    #[serde(skip_serializing_if = "absent")]
    pub parts: Vec<String>,
    /// Whether it is in use.
    pub enabled: bool,
}

/// Section `updates.state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdatesState {
    /// When the system last asked what there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// When something was last installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<Timestamp>,
    /// What there is and is not installed, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub pending: Vec<PendingUpdate>,
    /// The latest runs, newest last.
    #[serde(skip_serializing_if = "absent")]
    pub runs: Vec<UpdateRun>,
    /// What stands in the way of updates, in words.
    #[serde(skip_serializing_if = "absent")]
    pub trouble: Vec<String>,
}

/// An update that is there and not installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PendingUpdate {
    /// What it is for.
    pub name: String,
    /// The version that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version that is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
    /// Whether it mends a weakness, by its source's word.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
}

/// A run of the package system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateRun {
    /// When it began.
    pub at: Timestamp,
    /// What was done: `install`, `upgrade`, `remove`, `purge`.
    pub action: String,
    /// To how many packages.
    pub packages: u32,
    /// The first of them, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub names: Vec<String>,
    /// Whether it failed or never ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// What it said then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Redacted>,
}

/// Section `drivers`: those that have a device, and those that do not come with the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Drivers {
    /// The drivers, sorted by name.
    pub drivers: Vec<Driver>,
}

/// A driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// Its name.
    pub name: String,
    /// Its version, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who made it, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The file that it was loaded from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The devices that it has, by bus and address as in `devices`, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub devices: Vec<String>,
    /// Whether it does not come with the system (built outside of the kernel).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// Whether it carries a signature that the system knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
}

/// Section `tasks`: what runs at set times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tasks {
    /// The tasks, sorted by name and source.
    pub tasks: Vec<Task>,
}

/// A task that runs at set times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// `timer`, `cron`, `task scheduler` or `launchd`.
    pub kind: String,
    /// The file, or the folder of the task scheduler, that defines it.
    pub source: String,
    /// When, in the system's own words (`daily`, `17 * * * *`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Redacted>,
    /// The account that it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// Section `tasks.state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TasksState {
    /// The tasks of which something is known, sorted by name.
    pub tasks: Vec<TaskState>,
}

/// A task's last and next run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskState {
    /// Its name, as in `tasks`.
    pub name: String,
    /// When it ran last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Timestamp>,
    /// When it runs next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    /// How it ended, if not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// Section `autostart`: what starts when somebody signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autostart {
    /// The items, sorted by name and source.
    pub items: Vec<AutostartItem>,
}

/// A program that starts when somebody signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutostartItem {
    /// Its name.
    pub name: String,
    /// The file or registry key that starts it.
    pub source: String,
    /// What is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Redacted>,
    /// The account for which it starts; absent if for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// Section `browsers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browsers {
    /// The browsers, sorted by name.
    pub browsers: Vec<Browser>,
}

/// A web browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browser {
    /// Its name for people (`Firefox ESR`).
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Section `browsers.extensions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrowserExtensions {
    /// The extensions, sorted by browser, user, profile and id; those that come with a browser are left out.
    pub extensions: Vec<BrowserExtension>,
}

/// An extension of a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrowserExtension {
    /// The browser, as in `browsers`.
    pub browser: String,
    /// Whose it is.
    pub user: String,
    /// The profile.
    pub profile: String,
    /// Its id.
    pub id: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the machine's owner has installed it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}
