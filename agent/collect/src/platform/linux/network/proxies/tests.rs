//! Proxies as each program writes them down.

use proptest::prelude::*;

use super::formats::{apt, chromium, firefox, gnome, kde, keyfile};
use super::{environment, proxy};
use crate::Root;
use crate::collector::Context;

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(scheme, value)| (scheme.as_str(), value.as_str())).collect()
}

#[test]
fn gnomes_settings_are_read_from_dconf_and_from_overrides() {
    let manual = "[system/proxy]\nmode='manual'\nignore-hosts=['localhost', '10.0.0.0/8']\n\n[system/proxy/http]\nhost='proxy.example'\nport=3128\n[system/proxy/https]\nhost=''\nport=0\n";
    assert_eq!(
        pairs(&gnome(manual)),
        [("http", "proxy.example:3128"), ("no_proxy", "localhost,10.0.0.0/8")]
    );
    let auto =
        "[org.gnome.system.proxy]\nmode='auto'\nautoconfig-url='http://wpad.example/x.pac'\n";
    assert_eq!(pairs(&gnome(auto)), [("auto", "http://wpad.example/x.pac")]);
    assert_eq!(pairs(&gnome("[org.gnome.system.proxy:GNOME]\nmode='auto'\n")), [("auto", "wpad")]);
    // A proxy that is written down and switched off is none.
    assert!(
        gnome("[system/proxy]\nmode='none'\n[system/proxy/http]\nhost='x'\nport=1\n").is_empty()
    );
    assert!(gnome("[system/proxy/http]\nhost='x'\nport=1\n").is_empty());
}

#[test]
fn kdes_settings_are_read_by_their_kind() {
    let settings = |kind: u8| {
        format!(
            "[Proxy Settings][$i]\nNoProxyFor=localhost\nProxy Config Script=http://wpad.example/x.pac\nProxyType[$i]={kind}\nhttpProxy=http://proxy.example 3128\nhttpsProxy=http://proxy.example:3129\n"
        )
    };
    assert_eq!(
        pairs(&kde(&settings(1))),
        [
            ("http", "http://proxy.example:3128"),
            ("https", "http://proxy.example:3129"),
            ("no_proxy", "localhost")
        ]
    );
    assert_eq!(pairs(&kde(&settings(2))), [("auto", "http://wpad.example/x.pac")]);
    assert_eq!(pairs(&kde(&settings(3))), [("auto", "wpad")]);
    assert!(kde(&settings(0)).is_empty() && kde(&settings(4)).is_empty());
}

#[test]
fn apts_proxy_is_read_in_both_its_forms() {
    let text = "// by hand\nAcquire::http::Proxy \"http://proxy.example:3142\";\n/* Acquire::ftp::Proxy \"x\";\n*/ Acquire { https { Proxy \"http://proxy.example:3143/\"; Timeout \"9\"; }; }\nAcquire::https::Proxy::direct.example \"DIRECT\"; # none\nAcquire::http::Proxy DIRECT;\n";
    assert_eq!(
        pairs(&apt(text)),
        [("http", "http://proxy.example:3142"), ("https", "http://proxy.example:3143/")]
    );
}

#[test]
fn browsers_policies_are_read() {
    let text = r#"{"policies": {"Proxy": {"Mode": "manual", "HTTPProxy": "proxy.example:80", "Locked": true}}}"#;
    assert_eq!(pairs(&firefox(text)), [("http", "proxy.example:80")]);
    let text = r#"{"policies": {"Proxy": {"Mode": "autoConfig", "AutoConfigURL": "https://x.example/p.pac"}}}"#;
    assert_eq!(pairs(&firefox(text)), [("auto", "https://x.example/p.pac")]);
    let text = r#"{"ProxySettings": {"ProxyMode": "fixed_servers", "ProxyServer": "p:8080", "ProxyBypassList": "<local>"}}"#;
    assert_eq!(pairs(&chromium(text)), [("all", "p:8080"), ("no_proxy", "<local>")]);
    let text = r#"{"ProxyMode": "pac_script", "ProxyPacUrl": "http://x.example/p.pac"}"#;
    assert_eq!(pairs(&chromium(text)), [("auto", "http://x.example/p.pac")]);
    assert!(chromium(r#"{"HomepageLocation": "x"}"#).is_empty());
}

#[test]
fn suses_switch_is_obeyed() {
    let text = "PROXY_ENABLED=\"no\"\nHTTP_PROXY=\"http://proxy.example:3128\"\n";
    assert!(environment(text).is_empty());
    assert_eq!(environment(&text.replace("no", "yes")).len(), 1);
}

#[test]
fn every_place_is_looked_at_and_passwords_are_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("etc/environment", "http_proxy=http://anna:hunter2@proxy.example:3128\n"),
        ("etc/profile.d/proxy.sh", "export https_proxy=\"http://proxy.example:3128\"\n"),
        (
            "etc/systemd/system.conf.d/p.conf",
            "[Manager]\nDefaultEnvironment=\"no_proxy=lan\" X=1\n",
        ),
        ("etc/dnf/dnf.conf", "[main]\nproxy=http://proxy.example:3128\nproxy_password=hunter3\n"),
        ("etc/apt/apt.conf.d/30proxy", "Acquire::http::Proxy \"http://u:hunter4@apt.example\";\n"),
        (
            "etc/dconf/db/local.d/00-proxy",
            "[system/proxy]\nmode='auto'\nautoconfig-url='http://w.example/x.pac'\n",
        ),
        ("etc/dconf/db/local.d/locks/proxy", "/system/proxy/mode\n"),
        ("etc/xdg/kioslaverc", "[Proxy Settings]\nProxyType=3\n"),
        ("etc/opt/chrome/policies/managed/a.json", "{\"ProxyMode\":\"auto_detect\"}"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
    let told = proxy(&cx).expect("settings");
    let text = serde_json::to_string(&told).expect("JSON");
    assert!(!text.contains("hunter"), "{text}");
    let places: Vec<_> = told
        .settings
        .iter()
        .map(|one| (one.source.rsplit('/').next().expect("a name"), one.scheme.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("30proxy", "http"),
            ("00-proxy", "auto"),
            ("dnf.conf", "all"),
            ("environment", "http"),
            ("a.json", "auto"),
            ("proxy.sh", "https"),
            ("p.conf", "no_proxy"),
            ("kioslaverc", "auto"),
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "([\\[\\]{};=\"'/*#: \n]|Acquire::http::Proxy|[a-z$é]{0,6}|\\[system/proxy\\]|mode='manual'|ProxyType=1){0,40}") {
        environment(&text);
        gnome(&text);
        kde(&text);
        apt(&text);
        firefox(&text);
        chromium(&text);
        keyfile(&text);
    }
}
