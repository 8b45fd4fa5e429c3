//! Extensions of Chromium and of the browsers that are made from it. What is installed lies in folders, one
//! for each extension and version; whether it is switched on stands in the profile's preferences.

use std::collections::BTreeMap;

use befund_model::section::maintenance::BrowserExtension;
use serde::Deserialize;
use serde_json::Value;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::people::homes::Home;

use super::policies;

/// Where profiles lie in a person's folder, and whose they are.
#[rustfmt::skip]
const PROFILES: &[(&str, &str)] = &[
    (".config/google-chrome", "Google Chrome"),
    (".config/google-chrome-beta", "Google Chrome Beta"),
    (".config/chromium", "Chromium"),
    (".config/microsoft-edge", "Microsoft Edge"),
    (".config/BraveSoftware/Brave-Browser", "Brave"),
    (".config/vivaldi", "Vivaldi"),
    (".config/opera", "Opera"),
    ("snap/chromium/common/chromium", "Chromium"),
    ("snap/brave/current/.config/BraveSoftware/Brave-Browser", "Brave"),
    (".var/app/com.google.Chrome/config/google-chrome", "Google Chrome"),
    (".var/app/org.chromium.Chromium/config/chromium", "Chromium"),
    (".var/app/com.microsoft.Edge/config/microsoft-edge", "Microsoft Edge"),
    (".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser", "Brave"),
    (".var/app/com.vivaldi.Vivaldi/config/vivaldi", "Vivaldi"),
];
/// The most bytes of a file of preferences, and of an extension's own files.
const MAX_PREFERENCES_BYTES: u64 = 8 << 20;
const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// Parts of the browser itself: Chrome's payments, documents offline, and hangouts.
const BUILT_IN: &[&str] = &[
    "nmmhkkegccagdldgiimedpiccmgmieda",
    "ghbmnnjooekpmoecnnnilnnbdlolhkhi",
    "nkeimhogjdpnpccoofpliimaahmaaome",
];

/// The extensions of a person's profiles.
pub(super) fn extensions(
    cx: &Context,
    home: &Home,
    policies: &policies::Forced,
) -> Vec<BrowserExtension> {
    let mut extensions = Vec::new();
    for (folder, browser) in PROFILES {
        let folder = format!("{}/{folder}", home.path);
        for profile in cx.root.list(&folder).unwrap_or_default() {
            let path = format!("{folder}/{profile}");
            let Ok(ids) = cx.root.list(&format!("{path}/Extensions")) else { continue };
            let states = states(cx, &path);
            for id in ids.iter().filter(|id| is_id(id) && !BUILT_IN.contains(&id.as_str())) {
                let state = states.get(id);
                // Parts of the browser come as extensions too (`Manifest::Location`).
                if state.is_some_and(|state| matches!(state.location, Some(5 | 10))) {
                    continue;
                }
                let (name, version) = told(cx, &format!("{path}/Extensions/{id}"));
                extensions.push(BrowserExtension {
                    browser: (*browser).to_owned(),
                    user: home.user.clone(),
                    profile: profile.clone(),
                    id: id.clone(),
                    name,
                    version,
                    enabled: state.and_then(State::enabled),
                    forced: policies.has(browser, id)
                        || state.is_some_and(|state| matches!(state.location, Some(7 | 9))),
                });
            }
        }
    }
    extensions
}

/// 32 letters from `a` to `p`.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}

/// What a profile's preferences say of an extension.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct State {
    state: Option<i64>,
    location: Option<i64>,
    /// A bit mask, or a list of reasons in newer versions.
    disable_reasons: Option<Value>,
}

impl State {
    /// Older versions say so; newer ones keep only why one is off.
    pub(crate) fn enabled(&self) -> Option<bool> {
        let reasons = match &self.disable_reasons {
            Some(Value::Number(bits)) => bits.as_i64() != Some(0),
            Some(Value::Array(reasons)) => !reasons.is_empty(),
            _ => false,
        };
        match self.state {
            Some(state) => Some(state == 1 && !reasons),
            None => Some(!reasons),
        }
    }
}

#[derive(Deserialize)]
struct Preferences {
    extensions: Option<Settings>,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    settings: BTreeMap<String, State>,
}

fn states(cx: &Context, profile: &str) -> BTreeMap<String, State> {
    let mut states = BTreeMap::new();
    for file in ["Preferences", "Secure Preferences"] {
        let path = format!("{profile}/{file}");
        if !files::is_file(cx, &path) {
            continue;
        }
        let bytes = cx.note(cx.root.read_capped(&path, MAX_PREFERENCES_BYTES)).unwrap_or_default();
        states.extend(preferences(&bytes));
    }
    states
}

/// The states in a file of preferences, which may be of any shape: it is a person's.
pub(crate) fn preferences(bytes: &[u8]) -> BTreeMap<String, State> {
    let read: Result<Preferences, _> = serde_json::from_slice(bytes);
    read.ok().and_then(|read| read.extensions).map(|read| read.settings).unwrap_or_default()
}

#[derive(Deserialize)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    default_locale: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

/// Name and version by the manifest of the newest version that is there.
fn told(cx: &Context, folder: &str) -> (Option<String>, Option<String>) {
    let mut versions = cx.root.list(folder).unwrap_or_default();
    versions.sort_by_key(|version| numbers(version));
    let Some(newest) = versions.pop() else { return (None, None) };
    let folder = format!("{folder}/{newest}");
    let json = |path: String| {
        if !files::is_file(cx, &path) {
            return None;
        }
        cx.root.read_capped(&path, MAX_MANIFEST_BYTES).ok()
    };
    let manifest = json(format!("{folder}/manifest.json"));
    let Some(manifest) = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok())
    else {
        // The folder's name is the version and a count.
        return (None, newest.rsplit_once('_').map(|(version, _)| version.to_owned()));
    };
    let key =
        manifest.name.as_deref().and_then(|name| name.strip_prefix("__MSG_")?.strip_suffix("__"));
    let name = match (key, &manifest.default_locale) {
        (Some(key), Some(locale)) if !locale.contains('/') => {
            json(format!("{folder}/_locales/{locale}/messages.json"))
                .and_then(|bytes| message(&bytes, key))
        }
        (Some(_), _) => None,
        (None, _) => manifest.name,
    };
    (name, manifest.version)
}

/// A text by its key, which is the same in upper and lower case.
fn message(bytes: &[u8], key: &str) -> Option<String> {
    let messages: BTreeMap<String, Value> = serde_json::from_slice(bytes).ok()?;
    let found = messages.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(key))?.1;
    serde_json::from_value::<Message>(found).ok().map(|message| message.message)
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '_']).map(|part| part.parse().unwrap_or_default()).collect()
}
