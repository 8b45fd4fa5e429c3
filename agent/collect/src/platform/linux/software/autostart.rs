//! What starts when somebody signs in: desktop entries for all and of each person, units of people's
//! sessions that are switched on, and the old script that runs at the end of a start.

use std::collections::BTreeSet;

use befund_model::section::maintenance::{Autostart, AutostartItem};

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::keyfile::{Keyfile, truth};
use crate::platform::linux::people::homes;

/// Section `autostart`.
pub(crate) fn autostart(cx: &Context) -> Result<Autostart, Gap> {
    const ALL: &str = "/etc/xdg/autostart";
    const USER_UNITS: &str = "/etc/systemd/user";
    const SCRIPTS: &[&str] = &["/etc/rc.local", "/etc/rc.d/rc.local"];
    let homes = homes::local(cx);
    let mut items = Vec::new();
    items.extend(entries(cx, ALL).iter().filter_map(|path| entry(cx, path, None)));
    items.extend(units(cx, USER_UNITS, None));
    for home in &homes {
        for path in entries(cx, &format!("{}/.config/autostart", home.path)) {
            items.extend(entry(cx, &path, Some(&home.user)));
        }
        items.extend(units(cx, &format!("{}/.config/systemd/user", home.path), Some(&home.user)));
    }
    let mut scripts = BTreeSet::new();
    for path in SCRIPTS.iter().filter(|path| files::is_file(cx, path)) {
        // One of them may be a link to the other.
        let same = files::about(cx, path).map(|about| (about.device, about.inode)).ok();
        if scripts.insert(same) {
            items.push(AutostartItem {
                name: "rc.local".into(),
                source: (*path).to_owned(),
                command: None,
                user: None,
                enabled: files::is_executable(cx, path),
            });
        }
    }
    if items.is_empty() && homes.is_empty() && !cx.root.exists(ALL) && !cx.root.exists(USER_UNITS) {
        return Err(Gap::unsupported(format!(
            "there is neither {ALL} nor {USER_UNITS}, and no person has a folder here"
        )));
    }
    items.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    Ok(Autostart { items })
}

/// The desktop entries of a folder.
fn entries(cx: &Context, folder: &str) -> Vec<String> {
    let mut paths = files::paths(cx, folder);
    paths.retain(|path| path.ends_with(".desktop"));
    paths
}

fn entry(cx: &Context, path: &str, user: Option<&str>) -> Option<AutostartItem> {
    let text = files::text(cx, path)?;
    let entry = Entry::parse(&text);
    let file = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".desktop");
    let there = entry.needs.is_none_or(|program| {
        let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
        if program.starts_with('/') {
            cx.root.exists(program)
        } else {
            folders.iter().any(|folder| cx.root.exists(&format!("{folder}/{program}")))
        }
    });
    Some(AutostartItem {
        name: entry.name.unwrap_or(file).to_owned(),
        source: path.to_owned(),
        command: entry.command.map(|line| cx.redactor.command_line(line)),
        user: user.map(str::to_owned),
        enabled: entry.enabled && there,
    })
}

/// What is read of a desktop entry (Desktop Application Autostart Specification 0.5).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) command: Option<&'a str>,
    /// A program that has to be there.
    pub(crate) needs: Option<&'a str>,
    pub(crate) enabled: bool,
}

impl<'a> Entry<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        const GROUP: &str = "Desktop Entry";
        let file = Keyfile::parse(text);
        let is = |key: &str| file.get(GROUP, key).and_then(truth);
        Self {
            name: file.get(GROUP, "Name"),
            command: file.get(GROUP, "Exec"),
            needs: file.get(GROUP, "TryExec"),
            enabled: is("Hidden") != Some(true) && is("X-GNOME-Autostart-enabled") != Some(false),
        }
    }
}

/// Units of people's sessions that are linked to start.
fn units(cx: &Context, folder: &str, user: Option<&str>) -> Vec<AutostartItem> {
    const FOLDERS: &[&str] =
        &["/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];
    let mut items = Vec::new();
    for path in files::matching(cx, &format!("{folder}/*.wants/*")) {
        let Some(unit) = path.rsplit('/').next() else { continue };
        let mut files = vec![format!("{folder}/{unit}")];
        files.extend(FOLDERS.iter().map(|folder| format!("{folder}/{unit}")));
        let text = files.iter().find_map(|file| files::text(cx, file)).unwrap_or_default();
        let file = Keyfile::parse(&text);
        items.push(AutostartItem {
            name: unit.to_owned(),
            command: file
                .all("Service", "ExecStart")
                .next()
                .map(|line| cx.redactor.command_line(line)),
            user: user.map(str::to_owned),
            enabled: true,
            source: path,
        });
    }
    items
}
