//! Extensions of browsers: Chromium's manifests and Firefox's list.

use befund_model::section::maintenance::BrowserExtension;
use serde_json::Value;

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
}

/// Whether a folder's name is an extension's id: 32 letters from a to p.
pub(crate) fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}

/// The language whose words the manifest's names stand for.
pub(crate) fn language(manifest: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(manifest.trim_start_matches('\u{feff}')).ok()?;
    let language = manifest.get("default_locale")?.as_str()?;
    let plain =
        language.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (plain && !language.is_empty()).then(|| language.to_owned())
}

/// Reads a manifest; a name such as `__MSG_appName__` stands for one among the words of a language.
pub(crate) fn manifest(text: &str, words: Option<&str>) -> Option<Manifest> {
    let manifest: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let text = |name: &str| manifest.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").and_then(|name| {
        let key = name.strip_prefix("__MSG_").and_then(|name| name.strip_suffix("__"));
        match key {
            Some(key) => message(words?, key),
            None => Some(name),
        }
    });
    Some(Manifest { name, version: text("version") })
}

fn message(words: &str, key: &str) -> Option<String> {
    let words: Value = serde_json::from_str(words.trim_start_matches('\u{feff}')).ok()?;
    let (_, entry) = words.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    entry.get("message")?.as_str().map(str::to_owned)
}

/// Firefox's `extensions.json`; what comes with it is left out.
pub(crate) fn firefox(text: &str, user: &str, profile: &str) -> Vec<BrowserExtension> {
    let Ok(list) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let addons = list.get("addons").and_then(Value::as_array);
    let read = |addon: &Value| {
        let text = |name: &str| addon.get(name).and_then(Value::as_str);
        let location = text("location").unwrap_or_default();
        if text("type") != Some("extension")
            || location.starts_with("app-builtin")
            || location == "app-system-defaults"
        {
            return None;
        }
        let name = addon.get("defaultLocale").and_then(|locale| locale.get("name"));
        Some(BrowserExtension {
            browser: "Firefox".into(),
            user: user.to_owned(),
            profile: profile.to_owned(),
            id: text("id")?.to_owned(),
            name: name.and_then(Value::as_str).map(str::to_owned),
            version: text("version").map(str::to_owned),
            enabled: addon.get("active").and_then(Value::as_bool),
            forced: false,
        })
    };
    addons.into_iter().flatten().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_may_stand_in_the_words_of_a_language() {
        let text = r#"{"name":"__MSG_appName__","version":"1.2","default_locale":"en"}"#;
        assert_eq!(language(text).as_deref(), Some("en"));
        let told = manifest(text, Some(r#"{"appname":{"message":"A Tool"}}"#)).expect("JSON");
        assert_eq!(told, Manifest { name: Some("A Tool".into()), version: Some("1.2".into()) });
        assert_eq!(language(r#"{"default_locale":"..\\x"}"#), None);
        assert!(is_id("cjpalhdlnbpafiamejdnhcphjbkeiagm"));
        assert!(!is_id("Temp"));
    }

    #[test]
    fn firefox_s_own_are_left_out() {
        let text = r#"{"addons":[{"id":"a@b","type":"extension","location":"app-profile","active":true,
            "version":"3","defaultLocale":{"name":"Blocker"}},
            {"id":"c@mozilla.org","type":"extension","location":"app-builtin"}]}"#;
        let found = firefox(text, "u", "p");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name.as_deref(), Some("Blocker"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,100}", words in "\\PC{0,50}") {
            let _ = (language(&text), manifest(&text, Some(&words)), firefox(&text, "", ""), is_id(&text));
        }
    }
}
