//! Services that are scripts in `/etc/init.d`: OpenRC's, and those of sysvinit.

use std::collections::{BTreeMap, BTreeSet};

use befund_model::section::software::{Service, ServiceState};

use crate::collector::Context;
use crate::platform::linux::files;

const FOLDER: &str = "/etc/init.d";
/// The most bytes of a script that are looked at: what it says of itself stands at its beginning.
const HEAD_BYTES: usize = 8_192;
/// What lies in the folder and is no service.
const OTHERS: &[&str] =
    &["README", "functions", "functions.sh", "skeleton", "rc", "rcS", "rc.local"];

/// The services; empty if there are none.
pub(super) fn services(cx: &Context) -> Vec<Service> {
    let started = super::started(cx);
    let paths = files::paths(cx, FOLDER).into_iter();
    let paths = paths.filter(|path| !OTHERS.contains(&name(path)) && files::is_file(cx, path));
    paths
        .filter_map(|path| {
            let text = cx.note(cx.root.text(&path))?;
            let script = Script::parse(&text);
            let enabled = started.contains(&format!("{}.service", name(&path)));
            Some(Service {
                name: name(&path).to_owned(),
                description: script.description.map(|text| cx.redactor.text(text)),
                start: if enabled { "enabled" } else { "disabled" }.into(),
                command: script.command.map(|line| cx.redactor.command_line(line)),
                user: script.user.filter(|user| *user != "root").map(str::to_owned),
                overridden: false,
                file: Some(path),
            })
        })
        .collect()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// What a script says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script<'a> {
    pub(crate) description: Option<&'a str>,
    pub(crate) command: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
}

impl<'a> Script<'a> {
    /// `name="value"` of OpenRC, `# Short-Description:` of LSB's header.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut script = Self::default();
        let mut end = text.len().min(HEAD_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        for line in text[..end].lines() {
            if let Some(told) = line.strip_prefix("# Short-Description:") {
                script.description.get_or_insert(told.trim());
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            // What is put together of other variables only the shell knows.
            if value.is_empty() || value.contains('$') {
                continue;
            }
            match key {
                "description" => script.description = Some(value),
                "command" | "DAEMON" => script.command = Some(value),
                "command_user" => script.user = value.split(':').next(),
                _ => {}
            }
        }
        script
    }
}

/// What runs and what failed; `None` if neither manager keeps anything.
pub(super) fn states(cx: &Context) -> Option<Vec<ServiceState>> {
    const OPENRC: &str = "/run/openrc";
    if !cx.root.exists(OPENRC) {
        return sysvinit(cx);
    }
    // A service that is starting is in both folders.
    const STATES: &[(&str, &str)] = &[
        ("started", "active"),
        ("inactive", "inactive"),
        ("starting", "activating"),
        ("stopping", "deactivating"),
        ("failed", "failed"),
    ];
    let mut states = BTreeMap::new();
    for (folder, state) in STATES {
        for name in cx.root.list(&format!("{OPENRC}/{folder}")).unwrap_or_default() {
            let state = (*state).to_owned();
            states.insert(name.clone(), ServiceState { name, state, ..ServiceState::default() });
        }
    }
    Some(states.into_values().collect())
}

/// sysvinit keeps no record of what runs; most daemons leave their number in a file.
fn sysvinit(cx: &Context) -> Option<Vec<ServiceState>> {
    let scripts: BTreeSet<String> = cx.root.list(FOLDER).ok()?.into_iter().collect();
    let mut states = Vec::new();
    for name in scripts {
        let files = [format!("/run/{name}.pid"), format!("/run/{name}/{name}.pid")];
        let pid = files.iter().find_map(|file| cx.root.number(file).ok().flatten());
        let Some(pid) = pid else { continue };
        let runs = cx.root.exists(&format!("/proc/{pid}/stat"));
        let state = if runs { "active" } else { "failed" }.to_owned();
        let processes = runs.then_some(1);
        states.push(ServiceState { name, state, processes, ..ServiceState::default() });
    }
    (!states.is_empty()).then_some(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_say_what_they_run() {
        let text = "#!/sbin/openrc-run\nname=\"busybox cron\"\ndescription=\"Runs jobs\"\ncommand=\"/usr/sbin/crond\"\ncommand_args=\"$CRON_OPTS\"\ncommand_user='cron:cron'\npidfile=\"/run/$RC_SVCNAME.pid\"\n";
        let expected = Script {
            description: Some("Runs jobs"),
            command: Some("/usr/sbin/crond"),
            user: Some("cron"),
        };
        assert_eq!(Script::parse(text), expected);
        let text = "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: ssh\n# Short-Description:\tOpenBSD Secure Shell server\n### END INIT INFO\nDAEMON=/usr/sbin/sshd\n";
        assert_eq!(Script::parse(text).description, Some("OpenBSD Secure Shell server"));
        assert_eq!(Script::parse(text).command, Some("/usr/sbin/sshd"));
    }
}
