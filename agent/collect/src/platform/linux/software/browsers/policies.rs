//! Extensions that the machine's owner has installed, by the browsers' policies.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

/// Where the policies of browsers of Chromium's kind lie.
const CHROMIUM: &[(&str, &str)] = &[
    ("/etc/opt/chrome/policies/managed", "Google Chrome"),
    ("/etc/chromium/policies/managed", "Chromium"),
    ("/etc/chromium-browser/policies/managed", "Chromium"),
    ("/etc/opt/edge/policies/managed", "Microsoft Edge"),
    ("/etc/brave/policies/managed", "Brave"),
    ("/etc/vivaldi/policies/managed", "Vivaldi"),
];
/// Where Firefox's lie.
const FIREFOX: &[&str] = &[
    "/etc/firefox/policies/policies.json",
    "/usr/lib/firefox/distribution/policies.json",
    "/usr/lib64/firefox/distribution/policies.json",
    "/usr/lib/firefox-esr/distribution/policies.json",
    "/opt/firefox/distribution/policies.json",
];

/// The forced ones: browser and id.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Forced(BTreeSet<(&'static str, String)>);

impl Forced {
    pub(crate) fn read(cx: &Context) -> Self {
        let mut forced = Self::default();
        let json = |path: &str| -> Option<Value> {
            let bytes = cx.note(cx.root.read(path))?;
            let read = serde_json::from_slice(&bytes);
            cx.note(read.map_err(|_| Gap::failed(format!("{path} could not be understood"))))
        };
        for path in FIREFOX {
            if let Some(value) = json(path) {
                forced.add("Firefox", value.get("policies").unwrap_or(&Value::Null));
            }
        }
        for (folder, browser) in CHROMIUM {
            for path in files::matching(cx, &format!("{folder}/*.json")) {
                if let Some(value) = json(&path) {
                    forced.add(browser, &value);
                }
            }
        }
        forced
    }

    /// Adds what a policy forces: `ExtensionSettings` of both kinds, `ExtensionInstallForcelist` of Chromium's.
    pub(crate) fn add(&mut self, browser: &'static str, policy: &Value) {
        let settings = policy.get("ExtensionSettings").and_then(Value::as_object);
        for (id, setting) in settings.into_iter().flatten() {
            let mode = setting.get("installation_mode").and_then(Value::as_str);
            if matches!(mode, Some("force_installed" | "normal_installed")) {
                self.0.insert((browser, id.clone()));
            }
        }
        let list = policy.get("ExtensionInstallForcelist").and_then(Value::as_array);
        for entry in list.into_iter().flatten().filter_map(Value::as_str) {
            // The id, and where to get it.
            let id = entry.split(';').next().unwrap_or_default();
            self.0.insert((browser, id.to_owned()));
        }
        let locked = policy.get("Extensions").and_then(|extensions| extensions.get("Locked"));
        for id in locked.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            self.0.insert((browser, id.to_owned()));
        }
    }

    pub(crate) fn has(&self, browser: &str, id: &str) -> bool {
        self.0.iter().any(|(known, forced)| *known == browser && forced == id)
    }
}
