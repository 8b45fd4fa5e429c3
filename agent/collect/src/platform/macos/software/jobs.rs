//! Jobs of launchd as services, as tasks at set times, and as what starts when somebody signs in; and cron's.

use std::collections::BTreeMap;

use befund_model::section::maintenance::{
    Autostart, AutostartItem, Task, TaskState, Tasks, TasksState,
};
use befund_model::section::software::{Service, Services, ServicesState};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, is_administrator};
use crate::platform::macos::decode::launchd::{self, Job};
use crate::platform::macos::{files, people};

const LAUNCHCTL: &str = "/bin/launchctl";
/// Jobs of the machine: the owner's, and the system's.
const DAEMONS: &[&str] = &["/Library/LaunchDaemons", "/System/Library/LaunchDaemons"];
/// Jobs of whoever signs in, without those that come with the system.
const AGENTS: &str = "/Library/LaunchAgents";
const MAX_JOBS: usize = 1_500;

fn jobs(cx: &Context, folder: &str) -> Vec<(String, Job)> {
    let paths = files::ending(cx, folder, ".plist").into_iter().take(MAX_JOBS);
    let job = |path: String| {
        let told = files::plist(cx, &path)?;
        Some((path, launchd::job(&told)?))
    };
    paths.filter_map(job).collect()
}

/// What somebody has switched on or off beside the files.
fn switched(cx: &Context) -> BTreeMap<String, bool> {
    let told = ask(LAUNCHCTL, &["print-disabled", "system"]).text(cx);
    launchd::switched_off(&cx.note(told).unwrap_or_default())
}

/// Section `services`.
pub(super) fn services(cx: &Context) -> Result<Services, Gap> {
    let switched = switched(cx);
    let mut services = Vec::new();
    for folder in DAEMONS {
        for (path, job) in jobs(cx, folder) {
            let by_hand = switched.get(&job.label);
            let off = by_hand.copied().unwrap_or(job.disabled);
            services.push(Service {
                overridden: by_hand.is_some_and(|off| *off != job.disabled),
                start: match (off, job.at_load) {
                    (true, _) => "disabled",
                    (false, true) => "enabled",
                    (false, false) => "static",
                }
                .into(),
                command: command(cx, &job),
                user: job.user.filter(|user| user != "root"),
                file: Some(path),
                name: job.label,
                description: None,
            });
        }
    }
    if services.is_empty() {
        return Err(Gap::unsupported(format!("there are no jobs in {}", DAEMONS.join(" and "))));
    }
    services.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    services.dedup_by(|a, b| a.name == b.name);
    Ok(Services { services })
}

fn command(cx: &Context, job: &Job) -> Option<befund_model::redaction::Redacted> {
    let arguments = &job.arguments;
    (!arguments.is_empty()).then(|| cx.redactor.command(arguments.iter().map(String::as_str)))
}

/// Section `services.state`.
pub(super) fn services_state(cx: &Context) -> Result<ServicesState, Gap> {
    let told = ask(LAUNCHCTL, &["list"]).text(cx)?;
    if !is_administrator(cx) {
        cx.gap(Gap::denied("launchctl tells this account of its own jobs only"));
    }
    let mut services: Vec<_> = told.lines().filter_map(launchd::state).collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services.dedup_by(|a, b| a.name == b.name);
    Ok(ServicesState { system: None, services })
}

/// Section `tasks`.
pub(super) fn tasks(cx: &Context) -> Result<Tasks, Gap> {
    let switched = switched(cx);
    let mut tasks = Vec::new();
    let mut add = |cx: &Context, folder: &str, user: Option<&str>| {
        for (path, job) in jobs(cx, folder) {
            let Some(schedule) = job.schedule.clone() else { continue };
            let off = switched.get(&job.label).copied().unwrap_or(job.disabled);
            tasks.push(Task {
                kind: "launchd".into(),
                source: path,
                schedule: Some(schedule),
                command: command(cx, &job),
                user: job.user.or_else(|| user.map(str::to_owned)),
                enabled: !off,
                name: job.label,
            });
        }
    };
    DAEMONS.iter().for_each(|folder| add(cx, folder, Some("root")));
    add(cx, AGENTS, None);
    for home in people::homes(cx) {
        add(cx, &format!("{}/Library/LaunchAgents", home.path), Some(&home.user));
    }
    tasks.extend(cron(cx));
    tasks.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    Ok(Tasks { tasks })
}

/// Where cron keeps what people have it do, a file for each account; for administrators only to read.
const TABLES: &str = "/private/var/at/tabs";

fn cron(cx: &Context) -> Vec<Task> {
    let mut tasks = Vec::new();
    for user in cx.note(cx.root.list(TABLES)).unwrap_or_default() {
        let path = format!("{TABLES}/{user}");
        let text = files::text(cx, &path).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let Some((schedule, command)) = cron_line(line) else { continue };
            tasks.push(Task {
                name: format!("{user}:{}", number + 1),
                kind: "cron".into(),
                source: path.clone(),
                schedule: Some(schedule.to_owned()),
                command: Some(cx.redactor.command_line(command)),
                user: Some(user.clone()),
                enabled: true,
            });
        }
    }
    tasks
}

/// `17 * * * * command`, `@daily command`; settings and comments are none.
fn cron_line(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let words = if line.starts_with('@') { 1 } else { 5 };
    let begins = line.starts_with(|sign: char| sign.is_ascii_digit() || sign == '*' || sign == '@');
    if !begins {
        return None;
    }
    let mut end = 0;
    for _ in 0..words {
        let rest = &line[end..];
        let start = rest.find(|sign: char| !sign.is_whitespace())?;
        end += start + rest[start..].find(char::is_whitespace)?;
    }
    let command = line[end..].trim();
    (!command.is_empty()).then_some((&line[..end], command))
}

/// Section `tasks.state`: which of the machine's tasks ended with a fault, which is all that launchd tells.
pub(super) fn tasks_state(cx: &Context) -> Result<TasksState, Gap> {
    let told = ask(LAUNCHCTL, &["list"]).text(cx)?;
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    for state in told.lines().filter_map(launchd::state).filter(|one| one.state == "failed") {
        let status = state.exit_status.unwrap_or_default();
        failed.insert(state.name, format!("{} {status}", state.result.unwrap_or_default()));
    }
    let mut tasks = Vec::new();
    for (_, job) in DAEMONS.iter().flat_map(|folder| jobs(cx, folder)) {
        if job.schedule.is_some()
            && let Some(result) = failed.remove(&job.label)
        {
            tasks.push(TaskState { name: job.label, result: Some(result), ..TaskState::default() });
        }
    }
    tasks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(TasksState { tasks })
}

/// Section `autostart`.
pub(super) fn autostart(cx: &Context) -> Result<Autostart, Gap> {
    let mut items = Vec::new();
    let mut add = |cx: &Context, folder: &str, user: Option<&str>| {
        for (path, job) in jobs(cx, folder) {
            // Those that run at set times are tasks.
            if job.schedule.is_some() && !job.at_load {
                continue;
            }
            items.push(AutostartItem {
                source: path,
                command: command(cx, &job),
                user: user.map(str::to_owned),
                enabled: !job.disabled,
                name: job.label,
            });
        }
    };
    add(cx, AGENTS, None);
    for home in people::homes(cx) {
        add(cx, &format!("{}/Library/LaunchAgents", home.path), Some(&home.user));
    }
    if is_administrator(cx) {
        // Anybody else is asked for a password by it.
        let told = ask("/usr/bin/sfltool", &["dumpbtm"]).text(cx);
        items.extend(login_items(&cx.note(told).unwrap_or_default()));
    }
    items.sort_by(|a, b| (&a.name, &a.source, &a.user).cmp(&(&b.name, &b.source, &b.user)));
    items.dedup();
    Ok(Autostart { items })
}

/// Programs that open when somebody signs in: the items of `sfltool dumpbtm` (macOS 13 and newer) of that
/// type; jobs of launchd stand there as well.
fn login_items(text: &str) -> Vec<AutostartItem> {
    let mut items = Vec::new();
    for part in text.split("\n\n") {
        let said = |name: &str| {
            part.lines().find_map(|line| {
                let value = line.trim().strip_prefix(name)?.trim();
                (!value.is_empty() && value != "(null)").then_some(value)
            })
        };
        let Some(kind) = said("Type:") else { continue };
        if !kind.contains("login item") && !kind.starts_with("app (") {
            continue;
        }
        let Some(name) = said("Name:") else { continue };
        // `[enabled, allowed, visible, notified] (11)`; an app that is only known is `disabled`.
        let disposition = said("Disposition:").unwrap_or_default();
        let enabled = disposition.starts_with("[enabled, allowed");
        if !enabled && kind.starts_with("app (") {
            continue;
        }
        items.push(AutostartItem {
            name: name.to_owned(),
            source: said("Identifier:")
                .or_else(|| said("URL:"))
                .unwrap_or("login items")
                .to_owned(),
            command: None,
            user: None,
            enabled,
        });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cron_are_read() {
        assert_eq!(cron_line("17 *  * * 1-5 /bin/x --y"), Some(("17 *  * * 1-5", "/bin/x --y")));
        assert_eq!(cron_line("@daily /bin/x"), Some(("@daily", "/bin/x")));
        for none in ["# x", "MAILTO=anna", "", "17 * * * *", "*"] {
            assert_eq!(cron_line(none), None, "{none}");
        }
    }

    #[test]
    fn login_items_are_read() {
        // macOS 14; shortened.
        let text = "========================\n Records for UID 501 : X\n========================\n\n Items:\n\n #1:\n                 UUID: A\n                 Name: Dropbox\n       Developer Name: Dropbox\n                 Type: login item (0x4)\n          Disposition: [enabled, allowed, visible, notified] (11)\n           Identifier: 4.com.getdropbox.dropbox\n                  URL: file:///Applications/Dropbox.app/\n\n #2:\n                 Name: sync\n                 Type: legacy daemon (0x10010)\n          Disposition: [enabled, allowed, visible, notified] (11)\n\n #3:\n                 Name: Word\n                 Type: app (0x2)\n          Disposition: [disabled, allowed, visible, not notified] (2)\n";
        let items = login_items(text);
        assert_eq!(items.len(), 1);
        assert_eq!((items[0].name.as_str(), items[0].enabled), ("Dropbox", true));
    }
}
