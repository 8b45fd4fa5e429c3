//! Extensions of Chromium's kind and of Firefox, by the profiles in people's folders. Those of Safari are
//! programs, and stand among them.

use std::collections::BTreeMap;

use befund_model::section::maintenance::{BrowserExtension, BrowserExtensions};
use serde::Deserialize;
use serde_json::Value;

use crate::collector::{Context, Gap};
use crate::platform::macos::files;
use crate::platform::macos::people::{self, Home};

/// Where profiles lie below `Library/Application Support`, and whose they are.
const PROFILES: &[(&str, &str)] = &[
    ("Arc/User Data", "Arc"),
    ("BraveSoftware/Brave-Browser", "Brave"),
    ("Chromium", "Chromium"),
    ("Google/Chrome", "Google Chrome"),
    ("Google/Chrome Beta", "Google Chrome Beta"),
    ("Microsoft Edge", "Microsoft Edge"),
    ("Vivaldi", "Vivaldi"),
    ("com.operasoftware.Opera", "Opera"),
];
const MAX_BYTES: u64 = 8 << 20;

/// Section `browsers.extensions`.
pub(super) fn extensions(cx: &Context) -> Result<BrowserExtensions, Gap> {
    let homes = people::homes(cx);
    if homes.is_empty() {
        return Err(Gap::unsupported("no person has a folder on this machine"));
    }
    let mut extensions = Vec::new();
    for home in &homes {
        let support = format!("{}/Library/Application Support", home.path);
        for (folder, browser) in PROFILES {
            chromium(cx, home, browser, &format!("{support}/{folder}"), &mut extensions);
        }
        firefox(cx, home, &format!("{support}/Firefox/Profiles"), &mut extensions);
    }
    extensions.sort_by(|a, b| {
        (&a.browser, &a.user, &a.profile, &a.id).cmp(&(&b.browser, &b.user, &b.profile, &b.id))
    });
    Ok(BrowserExtensions { extensions })
}

fn json(cx: &Context, path: &str) -> Option<Value> {
    if !files::is_file(cx, path) {
        return None;
    }
    let bytes = cx.note(cx.root.read_capped(path, MAX_BYTES))?;
    serde_json::from_slice(&bytes).ok()
}

fn chromium(
    cx: &Context,
    home: &Home,
    browser: &str,
    folder: &str,
    into: &mut Vec<BrowserExtension>,
) {
    for profile in cx.root.list(folder).unwrap_or_default() {
        let path = format!("{folder}/{profile}");
        let Ok(ids) = cx.root.list(&format!("{path}/Extensions")) else { continue };
        let mut states = BTreeMap::new();
        for file in ["Preferences", "Secure Preferences"] {
            states.extend(json(cx, &format!("{path}/{file}")).map(settings).unwrap_or_default());
        }
        for id in ids {
            if id.len() != 32 || !id.bytes().all(|byte| (b'a'..=b'p').contains(&byte)) {
                continue;
            }
            let state = states.get(&id);
            // Parts of the browser come as extensions too (`Manifest::Location`).
            let location = state.and_then(|state| state.location);
            if matches!(location, Some(5 | 10)) {
                continue;
            }
            let own = format!("{path}/Extensions/{id}");
            let (name, version) = manifest(cx, &own);
            into.push(BrowserExtension {
                browser: browser.to_owned(),
                user: home.user.clone(),
                profile: profile.clone(),
                enabled: state.and_then(State::enabled),
                forced: matches!(location, Some(7 | 9)),
                id,
                name,
                version,
            });
        }
    }
}

/// What a profile's preferences say of an extension.
#[derive(Debug, Default, Deserialize)]
struct State {
    state: Option<i64>,
    location: Option<i64>,
    disable_reasons: Option<Value>,
}

impl State {
    /// Older versions say so; newer ones keep only why one is off.
    fn enabled(&self) -> Option<bool> {
        let off = match &self.disable_reasons {
            Some(Value::Number(bits)) => bits.as_i64() != Some(0),
            Some(Value::Array(reasons)) => !reasons.is_empty(),
            _ => false,
        };
        Some(self.state.unwrap_or(1) == 1 && !off)
    }
}

fn settings(mut preferences: Value) -> BTreeMap<String, State> {
    let told = preferences.pointer_mut("/extensions/settings").map(Value::take);
    let told: Option<BTreeMap<String, Value>> =
        told.and_then(|told| serde_json::from_value(told).ok());
    let read = |(id, state)| Some((id, serde_json::from_value(state).ok()?));
    told.unwrap_or_default().into_iter().filter_map(read).collect()
}

/// Name and version by the manifest of the newest version that is there.
fn manifest(cx: &Context, folder: &str) -> (Option<String>, Option<String>) {
    let mut versions = cx.root.list(folder).unwrap_or_default();
    versions.sort_by_key(|version| {
        version
            .split(['.', '_'])
            .map(|part| part.parse::<u64>().unwrap_or_default())
            .collect::<Vec<_>>()
    });
    let Some(newest) = versions.pop() else { return (None, None) };
    let Some(told) = json(cx, &format!("{folder}/{newest}/manifest.json")) else {
        return (None, newest.rsplit_once('_').map(|(version, _)| version.to_owned()));
    };
    let said = |name: &str| told.get(name)?.as_str().map(str::to_owned);
    let name = said("name");
    let key = name.as_deref().and_then(|name| name.strip_prefix("__MSG_")?.strip_suffix("__"));
    let name = match (key, said("default_locale").filter(|locale| !locale.contains('/'))) {
        (Some(key), Some(locale)) => {
            let path = format!("{folder}/{newest}/_locales/{locale}/messages.json");
            json(cx, &path).and_then(|messages| {
                let found =
                    messages.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
                Some(found?.1.get("message")?.as_str()?.to_owned())
            })
        }
        (Some(_), None) => None,
        (None, _) => name,
    };
    (name, said("version"))
}

fn firefox(cx: &Context, home: &Home, folder: &str, into: &mut Vec<BrowserExtension>) {
    for profile in cx.root.list(folder).unwrap_or_default() {
        let Some(told) = json(cx, &format!("{folder}/{profile}/extensions.json")) else { continue };
        let addons = told.get("addons").and_then(Value::as_array);
        for addon in addons.into_iter().flatten() {
            let said = |name: &str| addon.get(name)?.as_str().map(str::to_owned);
            // What comes with the browser lies in its own places.
            let place = said("location").unwrap_or_default();
            if !place.starts_with("app-profile") && !place.starts_with("app-global") {
                continue;
            }
            let (Some(id), Some("extension")) =
                (said("id"), addon.get("type").and_then(Value::as_str))
            else {
                continue;
            };
            let name = addon.pointer("/defaultLocale/name").and_then(Value::as_str);
            into.push(BrowserExtension {
                browser: "Firefox".into(),
                user: home.user.clone(),
                profile: profile.clone(),
                name: name.map(str::to_owned),
                version: said("version"),
                enabled: addon.get("active").and_then(Value::as_bool),
                forced: addon.pointer("/installTelemetryInfo/source").and_then(Value::as_str)
                    == Some("enterprise-policy"),
                id,
            });
        }
    }
}
