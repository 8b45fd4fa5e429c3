//! Where updates come from: the sources of apt, dnf, zypper, apk, pacman, flatpak and snap, as they are set up.

use befund_model::section::maintenance::UpdateSource;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::keyfile::{Keyfile, truth};
use crate::platform::linux::people::homes;
use crate::platform::linux::software::packages::bundles::FLATPAKS;

use super::Family;
use super::configuration::is_used;

/// The most sources of a file, and the most components of a source, that are told: a few lines of many
/// words each would come to more than there is memory.
pub(crate) const MAX_SOURCES: usize = 1024;
const MAX_PARTS: usize = 64;

/// All of them.
pub(crate) fn all(cx: &Context) -> Vec<UpdateSource> {
    let mut sources = apt(cx);
    sources.extend(rpm(cx));
    sources.extend(apk(cx));
    sources.extend(pacman(cx));
    sources.extend(flatpak(cx, FLATPAKS));
    for home in homes::local(cx) {
        sources.extend(flatpak(cx, &format!("{}/.local/share/flatpak", home.path)));
    }
    if cx.root.exists("/var/lib/snapd/state.json") {
        let (name, kind) = ("snap store".to_owned(), "snap".to_owned());
        sources.push(UpdateSource { name, kind, enabled: true, ..UpdateSource::default() });
    }
    sources
}

fn apt(cx: &Context) -> Vec<UpdateSource> {
    let mut paths = vec!["/etc/apt/sources.list".to_owned()];
    let more = files::paths(cx, "/etc/apt/sources.list.d");
    paths.extend(more.into_iter().filter(|path| is_used(path)));
    let mut sources = Vec::new();
    for path in paths {
        let Some(text) = cx.note(cx.root.text(&path)) else { continue };
        if path.ends_with(".sources") {
            sources.extend(deb822(cx, &path, &text));
        } else if path.ends_with(".list") {
            sources.extend(one_line(cx, &path, &text));
        }
    }
    sources
}

/// `deb [options] URI suite component...` (sources.list(5)). Sources of source code are no updates.
pub(crate) fn one_line(cx: &Context, path: &str, text: &str) -> Vec<UpdateSource> {
    let mut sources = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))
        else {
            continue;
        };
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let mut words = rest.split_ascii_whitespace();
        let Some(url) = words.next() else { continue };
        sources.push(UpdateSource {
            name: format!("{path}:{}", index + 1),
            kind: "deb".into(),
            url: Some(cx.redactor.text(url)),
            parts: words.map(str::to_owned).collect(),
            enabled: true,
        });
    }
    sources
}

/// Paragraphs of `Types`, `URIs`, `Suites`, `Components`; one source for each URI and suite.
pub(crate) fn deb822(cx: &Context, path: &str, text: &str) -> Vec<UpdateSource> {
    let mut sources = Vec::new();
    let (mut fields, mut first): (Vec<(String, String)>, usize) = (Vec::new(), 1);
    let mut left_out = false;
    for (index, line) in text.lines().chain([""]).enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            let field = |name: &str| -> Vec<&str> {
                let named = fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                named.map(|(_, value)| value.split_ascii_whitespace().collect()).unwrap_or_default()
            };
            let enabled = field("Enabled").first().and_then(|word| truth(word)) != Some(false);
            if field("Types").contains(&"deb") {
                let (urls, suites, components) =
                    (field("URIs"), field("Suites"), field("Components"));
                let several = urls.len() * suites.len() > 1;
                let each = urls.iter().flat_map(|url| suites.iter().map(move |suite| (url, suite)));
                let room = MAX_SOURCES - sources.len();
                left_out |= urls.len() * suites.len() > room || components.len() > MAX_PARTS;
                for (url, suite) in each.take(room) {
                    let place = format!("{path}:{first}");
                    let parts = [suite].into_iter().chain(components.iter().take(MAX_PARTS));
                    sources.push(UpdateSource {
                        name: if several { format!("{place} {suite}") } else { place },
                        kind: "deb".into(),
                        url: Some(cx.redactor.text(url)),
                        parts: parts.map(|part| (*part).to_owned()).collect(),
                        enabled,
                    });
                }
            }
            fields.clear();
            continue;
        }
        if fields.is_empty() {
            first = index + 1;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    if left_out {
        cx.gap(Gap::failed(format!("{path} has more sources than are told")));
    }
    sources
}

/// Repositories of dnf and yum, and of zypper, which keeps them in the same form.
fn rpm(cx: &Context) -> Vec<UpdateSource> {
    let mut paths = files::matching(cx, "/etc/yum.repos.d/*.repo");
    paths.extend(files::matching(cx, "/etc/zypp/repos.d/*.repo"));
    let mut sources = Vec::new();
    for path in paths {
        let Some(text) = cx.note(cx.root.text(&path)) else { continue };
        sources.extend(repositories(cx, &text));
    }
    sources
}

/// A repository is on unless it says otherwise (dnf.conf(5)).
pub(crate) fn repositories(cx: &Context, text: &str) -> Vec<UpdateSource> {
    let file = Keyfile::parse(text);
    let named = file.groups.iter().filter(|group| !group.name.is_empty() && group.name != "main");
    named
        .map(|group| UpdateSource {
            name: group.name.to_owned(),
            kind: "rpm".into(),
            url: ["baseurl", "metalink", "mirrorlist"]
                .iter()
                .find_map(|key| group.get(key))
                .map(|url| cx.redactor.text(url)),
            parts: Vec::new(),
            enabled: group.get("enabled").and_then(truth) != Some(false),
        })
        .collect()
}

/// `/etc/apk/repositories`: a URL or a path in a line, a tag before it if it has one.
fn apk(cx: &Context) -> Vec<UpdateSource> {
    let mut paths = vec!["/etc/apk/repositories".to_owned()];
    paths.extend(files::matching(cx, "/etc/apk/repositories.d/*.list"));
    let mut sources = Vec::new();
    for path in paths {
        let Some(text) = cx.note(cx.root.text(&path)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace().peekable();
            let tag = words.next_if(|word| word.starts_with('@')).map(str::to_owned);
            let Some(url) = words.next() else { continue };
            sources.push(UpdateSource {
                name: format!("{path}:{}", index + 1),
                kind: "apk".into(),
                url: Some(cx.redactor.text(url)),
                parts: tag.into_iter().collect(),
                enabled: true,
            });
        }
    }
    sources
}

/// `[repository]` groups of `/etc/pacman.conf` and the lists of mirrors that they take in.
fn pacman(cx: &Context) -> Vec<UpdateSource> {
    let Some(text) = cx.note(cx.root.text("/etc/pacman.conf")) else { return Vec::new() };
    let file = Keyfile::parse(&text);
    let mut sources = Vec::new();
    for group in file.groups.iter().filter(|group| !matches!(group.name, "" | "options")) {
        let mut server = group.get("Server").map(str::to_owned);
        if server.is_none()
            && let Some(list) = group.get("Include").filter(|path| path.starts_with('/'))
        {
            let text = cx.note(cx.root.text(list)).unwrap_or_default();
            // The first mirror is the one that is asked.
            server = Keyfile::parse(&text).all("", "Server").next().map(str::to_owned);
        }
        sources.push(UpdateSource {
            name: group.name.to_owned(),
            kind: "pacman".into(),
            url: server.map(|url| cx.redactor.text(&url)),
            parts: Vec::new(),
            enabled: true,
        });
    }
    sources
}

/// Remotes of flatpak: `[remote "flathub"]` in the configuration of its repository.
fn flatpak(cx: &Context, folder: &str) -> Vec<UpdateSource> {
    let Some(text) = files::text(cx, &format!("{folder}/repo/config")) else { return Vec::new() };
    let file = Keyfile::parse(&text);
    let remote = |name: &str| Some(name.strip_prefix("remote \"")?.strip_suffix('"')?.to_owned());
    let remotes = file.groups.iter().filter_map(|group| Some((group, remote(group.name)?)));
    remotes
        .map(|(group, name)| UpdateSource {
            name: if folder == FLATPAKS { name } else { format!("{folder}: {name}") },
            kind: "flatpak".into(),
            url: group.get("url").map(|url| cx.redactor.text(url)),
            parts: Vec::new(),
            enabled: group.get("xa.disable").and_then(truth) != Some(true),
        })
        .collect()
}

/// What is held back from updates by the settings of the package system.
pub(crate) fn held(cx: &Context, family: Family) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        text.split([' ', ',', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let text = |path: &str| cx.note(cx.root.text(path)).unwrap_or_default();
    match family {
        Family::Apt => Vec::new(),
        Family::Rpm => {
            let conf = [text("/etc/dnf/dnf.conf"), text("/etc/yum.conf")].join("\n");
            let file = Keyfile::parse(&conf);
            let excluded =
                ["excludepkgs", "exclude"].into_iter().flat_map(|key| file.all("main", key));
            let mut held: Vec<String> = excluded.flat_map(words).collect();
            let locks = text("/etc/dnf/plugins/versionlock.list");
            let locks = locks.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!']));
            held.extend(locks.filter(|line| !line.is_empty()).map(str::to_owned));
            held
        }
        // A version that the world asks for is not left.
        Family::Apk => text("/etc/apk/world")
            .split_ascii_whitespace()
            .filter(|word| word.contains(['=', '<', '~']))
            .map(str::to_owned)
            .collect(),
        Family::Pacman => {
            let conf = text("/etc/pacman.conf");
            let file = Keyfile::parse(&conf);
            let ignored =
                ["IgnorePkg", "IgnoreGroup"].into_iter().flat_map(|key| file.all("options", key));
            ignored.flat_map(words).collect()
        }
    }
}
