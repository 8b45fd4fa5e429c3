//! Proxies as they are configured for the whole machine: environment files, desktops' system-wide
//! settings (GNOME's dconf and schemas, KDE's), package managers, browsers' policies. What a user set
//! for themselves is not looked at.

pub(crate) mod formats;
#[cfg(test)]
mod tests;

use befund_model::section::network::{Proxy, ProxySetting};

use crate::Root;
use crate::collector::{Context, Gap};

use crate::platform::linux::software::os::settings;

/// Files of `name=value` lines that hold for every program, or every shell.
const ENVIRONMENTS: &[&str] =
    &["/etc/environment", "/etc/sysconfig/proxy", "/etc/systemd/system.conf", "/etc/default/proxy"];
/// Folders of such, and how the names of theirs end.
const ENVIRONMENT_FOLDERS: &[(&str, &str)] = &[
    ("/etc/profile.d", ".sh"),
    ("/etc/environment.d", ".conf"),
    ("/etc/systemd/system.conf.d", ".conf"),
];
const APT: &str = "/etc/apt/apt.conf.d";
/// dnf's and yum's, snap has none of its own.
const DNF: &[&str] = &["/etc/dnf/dnf.conf", "/etc/yum.conf"];
const KDE: &[&str] = &["/etc/xdg/kioslaverc", "/etc/kde/kioslaverc"];
const SCHEMAS: &str = "/usr/share/glib-2.0/schemas";
const DCONF: &str = "/etc/dconf/db";
const FIREFOX: &[&str] =
    &["/etc/firefox/policies/policies.json", "/usr/lib/firefox/distribution/policies.json"];
const CHROMIUM: &[&str] = &[
    "/etc/opt/chrome/policies/managed",
    "/etc/chromium/policies/managed",
    "/etc/opt/edge/policies/managed",
];
/// The most files of a folder.
const MAX_FILES: usize = 200;

/// Section `network.proxy`.
pub(crate) fn proxy(cx: &Context) -> Result<Proxy, Gap> {
    let mut proxy = Proxy { settings: configured(cx) };
    proxy.settings.sort_by(|a, b| {
        (&a.source, &a.scheme, a.value.as_str()).cmp(&(&b.source, &b.scheme, b.value.as_str()))
    });
    proxy.settings.dedup();
    Ok(proxy)
}

/// The proxies of a tree, for those who have no context.
pub(crate) fn of(root: &Root) -> Vec<ProxySetting> {
    configured(&Context::new(root))
}

fn configured(cx: &Context) -> Vec<ProxySetting> {
    let mut found = Vec::new();
    let mut add = |source: &str, told: Vec<(String, String)>| {
        for (scheme, value) in told {
            let value = cx.redactor.text(value.trim());
            if !value.as_str().is_empty() {
                found.push(ProxySetting { source: source.to_owned(), scheme, value });
            }
        }
    };
    let text = |path: &str| cx.note(cx.root.text(path)).unwrap_or_default();
    let listed = |folder: &str, end: &str| -> Vec<String> {
        let names = cx.root.list(folder).unwrap_or_default();
        let names = names.into_iter().filter(|name| name.ends_with(end)).take(MAX_FILES);
        names.map(|name| format!("{folder}/{name}")).collect()
    };
    let folders = ENVIRONMENT_FOLDERS.iter().flat_map(|(folder, end)| listed(folder, end));
    for source in ENVIRONMENTS.iter().map(|path| (*path).to_owned()).chain(folders) {
        add(&source, environment(&text(&source)));
    }
    for source in std::iter::once("/etc/apt/apt.conf".to_owned()).chain(listed(APT, "")) {
        add(&source, formats::apt(&text(&source)));
    }
    for source in DNF {
        let keys = formats::keyfile(&text(source));
        let of_dnf = keys.into_iter().filter(|(_, key, _)| key == "proxy");
        add(source, of_dnf.map(|(_, _, value)| ("all".to_owned(), value)).collect());
    }
    for source in KDE {
        add(source, formats::kde(&text(source)));
    }
    for source in listed(SCHEMAS, ".gschema.override") {
        add(&source, formats::gnome(&text(&source)));
    }
    let databases = cx.root.list(DCONF).unwrap_or_default();
    for database in databases.iter().filter(|name| name.ends_with(".d")) {
        for source in listed(&format!("{DCONF}/{database}"), "") {
            // A folder of locks stands among the files.
            if !source.ends_with("/locks") {
                add(&source, formats::gnome(&text(&source)));
            }
        }
    }
    for source in FIREFOX {
        add(source, formats::firefox(&text(source)));
    }
    for source in CHROMIUM.iter().flat_map(|folder| listed(folder, ".json")) {
        add(&source, formats::chromium(&text(&source)));
    }
    found
}

/// `name=value` lines, as a shell, pam_env and systemd read them. SUSE's file has a switch of its own.
pub(crate) fn environment(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in settings(text) {
        if name == "PROXY_ENABLED" && value.eq_ignore_ascii_case("no") {
            return Vec::new();
        }
        if name == "DefaultEnvironment" {
            let words = value.split(' ').map(|word| word.trim_matches(['"', '\'']));
            found.extend(
                words
                    .filter_map(|word| word.split_once('='))
                    .filter_map(|(name, value)| Some((scheme(name)?, value.to_owned()))),
            );
        } else if let Some(scheme) = scheme(&name) {
            found.push((scheme, value));
        }
    }
    found
}

fn scheme(name: &str) -> Option<String> {
    let name = name.trim_start_matches("export ").trim().to_ascii_lowercase();
    let scheme = match name.as_str() {
        "no_proxy" => "no_proxy",
        "auto_proxy" => "auto",
        other => other
            .strip_suffix("_proxy")
            .filter(|scheme| matches!(*scheme, "http" | "https" | "ftp" | "all" | "socks"))?,
    };
    Some(scheme.to_owned())
}
