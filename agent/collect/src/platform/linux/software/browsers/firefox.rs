//! Firefox: its builds, and the extensions of its profiles.

use befund_model::section::maintenance::{Browser, BrowserExtension};
use serde::Deserialize;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::keyfile::Keyfile;
use crate::platform::linux::people::homes::Home;

use super::{application, flatpaks, policies};

/// Where builds lie, and what they are called.
const BUILDS: &[(&str, &str)] = &[
    ("/usr/lib/firefox", "Firefox"),
    ("/usr/lib64/firefox", "Firefox"),
    ("/opt/firefox", "Firefox"),
    ("/usr/lib/firefox-esr", "Firefox ESR"),
    ("/usr/lib64/firefox-esr", "Firefox ESR"),
    ("/snap/firefox/current/usr/lib/firefox", "Firefox"),
    ("/var/lib/snapd/snap/firefox/current/usr/lib/firefox", "Firefox"),
    ("/usr/lib/librewolf", "LibreWolf"),
    ("/usr/share/librewolf", "LibreWolf"),
];

/// Where profiles lie in a person's folder.
const PROFILES: &[&str] = &[
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
];

/// The most bytes of a list of extensions.
const MAX_LIST_BYTES: u64 = 8 << 20;

/// The builds that are installed.
pub(super) fn installed(cx: &Context) -> Vec<Browser> {
    let mut browsers = Vec::new();
    for (folder, name) in BUILDS {
        let Ok(text) = cx.root.text(&format!("{folder}/application.ini")) else { continue };
        let version = application(&text).map(|(_, version)| version);
        // `/usr/lib64` may be a link, and so one build be found twice.
        let path = Some((*folder).to_owned());
        let browser = Browser { name: (*name).to_owned(), version, path };
        let twice = browsers.iter().any(|known: &Browser| {
            known.name == browser.name
                && known.version == browser.version
                && is_same(cx, known, folder)
        });
        if !twice {
            browsers.push(browser);
        }
    }
    browsers.extend(flatpaks(cx, "Firefox", "org.mozilla.firefox"));
    browsers
}

fn is_same(cx: &Context, known: &Browser, folder: &str) -> bool {
    let place = |path: &str| files::about(cx, path).map(|about| (about.device, about.inode)).ok();
    known.path.as_deref().and_then(place) == place(folder)
}

/// The extensions of a person's profiles.
pub(super) fn extensions(
    cx: &Context,
    home: &Home,
    policies: &policies::Forced,
) -> Vec<BrowserExtension> {
    let mut extensions = Vec::new();
    for folder in PROFILES {
        let folder = format!("{}/{folder}", home.path);
        let Some(text) = files::text(cx, &format!("{folder}/profiles.ini")) else { continue };
        for path in profiles(&text) {
            let path = if path.starts_with('/') { path } else { format!("{folder}/{path}") };
            let profile = path.rsplit('/').next().unwrap_or_default().to_owned();
            let list = format!("{path}/extensions.json");
            if !files::is_file(cx, &list) {
                continue;
            }
            let Some(bytes) = cx.note(cx.root.read_capped(&list, MAX_LIST_BYTES)) else { continue };
            let Some(found) = listed(&bytes) else {
                cx.gap(Gap::failed(format!("{list} could not be understood")));
                continue;
            };
            extensions.extend(found.into_iter().map(|extension| BrowserExtension {
                browser: "Firefox".into(),
                user: home.user.clone(),
                profile: profile.clone(),
                forced: policies.has("Firefox", &extension.id),
                ..extension
            }));
        }
    }
    extensions
}

/// The folders of the profiles in `profiles.ini`.
pub(crate) fn profiles(text: &str) -> Vec<String> {
    let file = Keyfile::parse(text);
    let profiles = file.groups.iter().filter(|group| group.name.starts_with("Profile"));
    profiles.filter_map(|group| group.get("Path").map(str::to_owned)).collect()
}

#[derive(Deserialize)]
struct List {
    addons: Vec<Addon>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addon {
    id: String,
    version: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    active: Option<bool>,
    location: Option<String>,
    default_locale: Option<Locale>,
}

#[derive(Deserialize)]
struct Locale {
    name: Option<String>,
}

/// The extensions in `extensions.json`; those that come with the browser lie elsewhere than in the profile or
/// where the system's owner puts them. Themes and dictionaries are none.
pub(crate) fn listed(bytes: &[u8]) -> Option<Vec<BrowserExtension>> {
    let list: List = serde_json::from_slice(bytes).ok()?;
    let own = |addon: &Addon| {
        let place = addon.location.as_deref().unwrap_or_default();
        addon.kind.as_deref() == Some("extension")
            && !place.starts_with("app-system")
            && !place.starts_with("app-builtin")
    };
    let addons = list.addons.into_iter().filter(own);
    Some(
        addons
            .map(|addon| BrowserExtension {
                id: addon.id,
                name: addon.default_locale.and_then(|locale| locale.name),
                version: addon.version,
                enabled: addon.active,
                ..BrowserExtension::default()
            })
            .collect(),
    )
}
