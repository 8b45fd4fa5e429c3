//! Profiles as the browsers write them, shortened; and whatever else may stand in a person's files.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn firefox_tells_its_version_and_its_extensions() {
    let text = "[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox-esr\nVersion=115.9.1\nBuildID=20240319\n[Gecko]\nMinVersion=115.9.1\n";
    assert_eq!(application(text), Some(("Firefox".into(), "115.9.1".into())));
    let text = "[Install4F96D1932A9F858E]\nDefault=abc.default-release\n\n[Profile1]\nName=default\nIsRelative=1\nPath=xyz.default\n\n[Profile0]\nName=default-release\nPath=abc.default-release\n";
    assert_eq!(firefox::profiles(text), ["xyz.default", "abc.default-release"]);
    let list = json!({"schemaVersion": 36, "addons": [
        {"id": "uBlock0@raymondhill.net", "version": "1.57.2", "type": "extension", "active": true,
         "location": "app-profile", "defaultLocale": {"name": "uBlock Origin", "description": "x"}},
        {"id": "screenshots@mozilla.org", "version": "39", "type": "extension", "active": true, "location": "app-builtin"},
        {"id": "firefox-compact-dark@mozilla.org", "type": "theme", "location": "app-builtin"},
        {"id": "off@example.org", "version": "2", "type": "extension", "active": false, "location": "app-profile", "defaultLocale": null}
    ]});
    let found = firefox::listed(list.to_string().as_bytes()).expect("a list");
    let told: Vec<_> = found
        .iter()
        .map(|extension| (extension.id.as_str(), extension.name.as_deref(), extension.enabled))
        .collect();
    assert_eq!(
        told,
        [
            ("uBlock0@raymondhill.net", Some("uBlock Origin"), Some(true)),
            ("off@example.org", None, Some(false)),
        ]
    );
}

#[test]
fn chromium_says_which_extensions_are_off_in_two_ways() {
    let id = |letter: char| letter.to_string().repeat(32);
    let text = json!({"extensions": {"settings": {
        id('a'): {"state": 1, "location": 1, "manifest": {"name": "x"}},
        id('b'): {"state": 0, "disable_reasons": 1},
        id('c'): {"disable_reasons": [1]},
        id('d'): {"disable_reasons": [], "location": 7},
    }}, "profile": {"name": "Person 1"}});
    let states = chromium::preferences(text.to_string().as_bytes());
    let enabled: Vec<_> = states.values().map(chromium::State::enabled).collect();
    assert_eq!(enabled, [Some(true), Some(false), Some(false), Some(true)]);
}

#[test]
fn policies_name_what_is_forced() {
    let mut forced = policies::Forced::default();
    forced.add("Chromium", &json!({"ExtensionInstallForcelist": ["aaaa;https://x/crx"], "ExtensionSettings": {"bbbb": {"installation_mode": "force_installed"}, "*": {"installation_mode": "blocked"}}}));
    assert!(forced.has("Chromium", "aaaa") && forced.has("Chromium", "bbbb"));
    assert!(!forced.has("Chromium", "*") && !forced.has("Firefox", "aaaa"));
}

#[test]
fn the_makers_version_is_told() {
    for (package, expected) in [
        ("124.0.6367.91-1", "124.0.6367.91"),
        ("1:125.0.6422.60-1~deb12u1", "125.0.6422.60"),
        ("1.65.126", "1.65.126"),
        ("115.9.1esr-1~deb12u1", "115.9.1esr"),
    ] {
        assert_eq!(upstream(package), expected);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_them_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(\\{|\\}|\"extensions\":|\"settings\":|\"addons\":|\\[|\\]|\"id\":|\"a\"|1|,)*") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            firefox::listed(bytes);
            chromium::preferences(bytes);
            bundles::flatpak_version(bytes);
        }
        firefox::profiles(&text);
        bundles::snap_yaml(&text);
        upstream(&text);
    }
}
