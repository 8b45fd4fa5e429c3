//! Web browsers: where they lie and which version they are. None of them is started to be asked.

use befund_model::section::maintenance::{Browser, BrowserExtensions, Browsers};

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::keyfile::Keyfile;
use crate::platform::linux::people::homes;

use super::packages::{bundles, dpkg, rpm};

pub(crate) mod chromium;
pub(crate) mod firefox;
mod policies;

/// A browser that may be there: its name; the programs by which it is recognised, as packages and by
/// hand; its packages; its snap; its flatpak.
struct Kind {
    name: &'static str,
    programs: &'static [&'static str],
    packages: &'static [&'static str],
    snap: Option<&'static str>,
    flatpak: &'static str,
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { name: "Brave", programs: &["/opt/brave.com/brave/brave"], packages: &["brave-browser"], snap: Some("brave"), flatpak: "com.brave.Browser" },
    Kind { name: "Chromium", programs: &["/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser", "/usr/lib/chromium-browser/chromium-browser"], packages: &["chromium", "chromium-browser"], snap: Some("chromium"), flatpak: "org.chromium.Chromium" },
    Kind { name: "Google Chrome", programs: &["/opt/google/chrome/chrome"], packages: &["google-chrome-stable"], snap: None, flatpak: "com.google.Chrome" },
    Kind { name: "Google Chrome Beta", programs: &["/opt/google/chrome-beta/chrome"], packages: &["google-chrome-beta"], snap: None, flatpak: "com.google.ChromeBeta" },
    Kind { name: "Microsoft Edge", programs: &["/opt/microsoft/msedge/msedge"], packages: &["microsoft-edge-stable"], snap: None, flatpak: "com.microsoft.Edge" },
    Kind { name: "Opera", programs: &["/usr/lib/x86_64-linux-gnu/opera-stable/opera", "/usr/lib64/opera/opera", "/usr/lib/opera/opera"], packages: &["opera-stable"], snap: Some("opera"), flatpak: "com.opera.Opera" },
    Kind { name: "Vivaldi", programs: &["/opt/vivaldi/vivaldi-bin"], packages: &["vivaldi-stable"], snap: Some("vivaldi"), flatpak: "com.vivaldi.Vivaldi" },
];

/// Section `browsers`.
pub(crate) fn browsers(cx: &Context) -> Result<Browsers, Gap> {
    let mut browsers = firefox::installed(cx);
    // Asked only once there is something to ask of.
    let mut versions: Option<Vec<(String, String)>> = None;
    for kind in KINDS {
        if let Some(path) = kind.programs.iter().find(|path| cx.root.exists(path)) {
            let versions = versions.get_or_insert_with(|| package_versions(cx));
            let version = versions.iter().find(|(name, _)| kind.packages.contains(&name.as_str()));
            browsers.push(Browser {
                name: kind.name.to_owned(),
                version: version.map(|(_, version)| upstream(version)),
                path: Some((*path).to_owned()),
            });
        }
        browsers.extend(kind.snap.and_then(|snap| snapped(cx, kind.name, snap)));
        browsers.extend(flatpaks(cx, kind.name, kind.flatpak));
    }
    browsers.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(Browsers { browsers })
}

/// The versions of the browsers' packages: a program of Chromium's kind has no file that says it.
fn package_versions(cx: &Context) -> Vec<(String, String)> {
    let ours = |name: &str| KINDS.iter().any(|kind| kind.packages.contains(&name));
    if cx.root.exists(dpkg::STATUS) {
        let installed = cx.note(dpkg::installed(cx)).unwrap_or_default().into_iter();
        return installed
            .filter(|package| ours(&package.name))
            .map(|package| (package.name, package.version))
            .collect();
    }
    if let (true, Some(database)) = (cx.root.is_live(), rpm::database(cx)) {
        let names: Vec<&str> = KINDS.iter().flat_map(|kind| kind.packages).copied().collect();
        return rpm::versions(cx, database, &names);
    }
    Vec::new()
}

/// The maker's version in a package's: without an epoch, and without the packager's revision.
pub(crate) fn upstream(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let version = version.rsplit_once('-').map_or(version, |(version, _)| version);
    version.split('~').next().unwrap_or(version).to_owned()
}

/// A browser as a snap.
fn snapped(cx: &Context, name: &str, snap: &str) -> Option<Browser> {
    ["/snap", "/var/lib/snapd/snap"].iter().find_map(|folder| {
        let path = format!("{folder}/{snap}/current");
        let text = cx.root.text(&format!("{path}/meta/snap.yaml")).ok()?;
        let version = bundles::snap_yaml(&text).0.map(|version| upstream(&version));
        Some(Browser { name: name.to_owned(), version, path: Some(path) })
    })
}

/// A browser as a flatpak, of all and of each person.
fn flatpaks(cx: &Context, name: &str, app: &str) -> Vec<Browser> {
    let homes = homes::local(cx).into_iter();
    let folders = homes.map(|home| format!("{}/.local/share/flatpak", home.path));
    let folders = [bundles::FLATPAKS.to_owned()].into_iter().chain(folders);
    let found =
        folders.flat_map(|folder| files::matching(cx, &format!("{folder}/app/{app}/*/*/active")));
    found
        .map(|path| {
            let version = bundles::deployed_version(cx, &path);
            Browser { name: name.to_owned(), version, path: Some(path) }
        })
        .collect()
}

/// Section `browsers.extensions`.
pub(crate) fn extensions(cx: &Context) -> Result<BrowserExtensions, Gap> {
    let homes = homes::local(cx);
    if homes.is_empty() {
        return Err(Gap::unsupported("no person has a folder on this machine"));
    }
    let policies = policies::Forced::read(cx);
    let mut extensions = Vec::new();
    for home in &homes {
        extensions.extend(firefox::extensions(cx, home, &policies));
        extensions.extend(chromium::extensions(cx, home, &policies));
    }
    extensions.sort_by(|a, b| {
        (&a.browser, &a.user, &a.profile, &a.id).cmp(&(&b.browser, &b.user, &b.profile, &b.id))
    });
    Ok(BrowserExtensions { extensions })
}

/// The version of a program of Mozilla's, by its `application.ini`.
pub(crate) fn application(text: &str) -> Option<(String, String)> {
    let file = Keyfile::parse(text);
    Some((file.get("App", "Name")?.to_owned(), file.get("App", "Version")?.to_owned()))
}

#[cfg(test)]
mod tests;
