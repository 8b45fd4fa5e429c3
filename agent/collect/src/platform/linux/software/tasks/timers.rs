//! Timers of systemd: the system's and those of people.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::maintenance::Task;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::keyfile::Keyfile;
use crate::platform::linux::people::homes;
use crate::platform::linux::software::services::FOLDERS;

/// Where the units for people's sessions lie; the earlier one wins (systemd.unit(5)).
const USER_FOLDERS: &[&str] = &[
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// All timers; `None` if there are no units at all.
pub(crate) fn all(cx: &Context) -> Option<Vec<Task>> {
    if !FOLDERS.iter().any(|folder| cx.root.exists(folder)) {
        return None;
    }
    let mut tasks = Units::read(cx, FOLDERS).timers(cx, None);
    for home in homes::local(cx) {
        // Only a person's own: those of the vendor for every session would come once for each person.
        let own = format!("{}/.config/systemd/user", home.path);
        let folders: Vec<&str> =
            [own.as_str()].into_iter().chain(USER_FOLDERS.iter().copied()).collect();
        let mut units = Units::read(cx, &folders);
        units.files.retain(|_, path| path.starts_with(&own));
        tasks.extend(units.timers(cx, Some(&home.user)));
    }
    Some(tasks)
}

/// The timers and services in some folders.
struct Units<'a> {
    folders: &'a [&'a str],
    /// Timers, by name, and their files.
    files: BTreeMap<String, String>,
    /// What is linked to start.
    wanted: BTreeSet<String>,
}

impl<'a> Units<'a> {
    fn read(cx: &Context, folders: &'a [&'a str]) -> Self {
        let mut units = Self { folders, files: BTreeMap::new(), wanted: BTreeSet::new() };
        for folder in folders {
            for name in cx.root.list(folder).unwrap_or_default() {
                if name.ends_with(".timer") {
                    units.files.entry(name.clone()).or_insert_with(|| format!("{folder}/{name}"));
                } else if name.ends_with(".wants") || name.ends_with(".requires") {
                    let links = cx.root.list(&format!("{folder}/{name}")).unwrap_or_default();
                    units.wanted.extend(links.into_iter().filter(|link| link.ends_with(".timer")));
                }
            }
        }
        units
    }

    fn timers(&self, cx: &Context, user: Option<&str>) -> Vec<Task> {
        let timers = self.files.iter().filter(|(name, _)| !name.ends_with("@.timer"));
        timers.filter_map(|(name, path)| self.timer(cx, name, path, user)).collect()
    }

    fn timer(&self, cx: &Context, name: &str, path: &str, user: Option<&str>) -> Option<Task> {
        let masked = cx.root.link(path).is_ok_and(|target| target.as_os_str() == "/dev/null");
        let mut task = Task {
            name: name.to_owned(),
            kind: "timer".into(),
            source: path.to_owned(),
            user: user.map(str::to_owned),
            enabled: !masked && self.wanted.contains(name),
            ..Task::default()
        };
        if masked {
            return Some(task);
        }
        let text = self.text(cx, name, path)?;
        let file = Keyfile::parse(&text);
        task.schedule = schedule(&file);
        let unit = file.get("Timer", "Unit").map(str::to_owned);
        let unit = unit.unwrap_or_else(|| format!("{}.service", name.trim_end_matches(".timer")));
        // `clean@var.service` is described by `clean@.service`.
        let template = unit.split_once('@').map(|(head, _)| format!("{head}@.service"));
        let service = [Some(unit), template].into_iter().flatten().find_map(|unit| {
            let folders = self.folders.iter().map(|folder| format!("{folder}/{unit}"));
            let path = folders.into_iter().find(|path| cx.root.exists(path))?;
            self.text(cx, &unit, &path)
        });
        if let Some(service) = service {
            let file = Keyfile::parse(&service);
            let commands: Vec<&str> = reset(file.all("Service", "ExecStart")).into_iter().collect();
            task.command = commands.first().map(|line| cx.redactor.command_line(line));
            let other = file.get("Service", "User").filter(|user| *user != "root");
            task.user = task.user.or_else(|| other.map(str::to_owned));
        }
        Some(task)
    }

    /// A unit's file, and what its owner has laid beside it to change it.
    fn text(&self, cx: &Context, name: &str, path: &str) -> Option<String> {
        let mut text = files::text(cx, path)?;
        for folder in self.folders.iter().rev() {
            for more in files::matching(cx, &format!("{folder}/{name}.d/*.conf")) {
                text.push('\n');
                text.push_str(&files::text(cx, &more).unwrap_or_default());
            }
        }
        Some(text)
    }
}

/// The values since the last empty one, which takes back those before.
fn reset<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    for value in values {
        if value.is_empty() {
            kept.clear();
        } else {
            kept.push(value);
        }
    }
    kept
}

/// When it runs: calendar times as they are, other conditions with their names (systemd.timer(5)).
pub(crate) fn schedule(file: &Keyfile<'_>) -> Option<String> {
    const OTHERS: &[&str] =
        &["OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"];
    let mut parts: Vec<String> =
        reset(file.all("Timer", "OnCalendar")).into_iter().map(str::to_owned).collect();
    for name in OTHERS {
        let values = reset(file.all("Timer", name));
        parts.extend(values.into_iter().map(|value| format!("{name}={value}")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}
