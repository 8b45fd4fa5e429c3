//! Proxies: WinHTTP's for the machine, those of everybody who is signed in, policies, and the
//! environment.

use befund_model::section::network::{Proxy, ProxySetting};
use windows_registry::Key;

use super::super::people::names::Names;
use super::super::registry;
use crate::collector::{Context, Gap};
use crate::platform::decode::proxy as decode;

const SETTINGS: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings";
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
const ENVIRONMENT: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment";

/// Section `network.proxy`.
pub(crate) fn proxy(cx: &Context) -> Result<Proxy, Gap> {
    let mut settings = Vec::new();
    if let Some(key) = registry::machine(cx, &format!(r"{SETTINGS}\Connections"))
        && let Some(bytes) = registry::bytes(&key, "WinHttpSettings")
    {
        match decode::winhttp(&bytes) {
            Some(found) => settings.extend(told(cx, "winhttp", found)),
            None => {
                cx.gap(Gap::failed("WinHTTP's settings in the registry could not be understood"))
            }
        }
    }
    for (path, source) in [(SETTINGS, "machine"), (POLICY, "group policy")] {
        if let Some(key) = registry::machine(cx, path) {
            settings.extend(told(cx, source, internet(&key)));
        }
    }
    if let Some(key) = registry::machine(cx, ENVIRONMENT) {
        settings.extend(told(cx, "environment", environment(&key)));
    }
    let mut names = Names::default();
    for (sid, person) in registry::people() {
        let user = names.name(&sid);
        if let Some(key) = registry::under(cx, &person, SETTINGS) {
            settings.extend(told(cx, &format!("user {user}"), internet(&key)));
        }
        if let Some(key) = registry::under(cx, &person, "Environment") {
            settings.extend(told(cx, &format!("environment of {user}"), environment(&key)));
        }
    }
    settings.sort_by(|a, b| (&a.source, &a.scheme).cmp(&(&b.source, &b.scheme)));
    settings.dedup();
    Ok(Proxy { settings })
}

fn told(cx: &Context, source: &str, found: Vec<(String, String)>) -> Vec<ProxySetting> {
    let setting = |(scheme, value): (String, String)| ProxySetting {
        source: source.to_owned(),
        scheme,
        // A name and password are known as such behind a scheme.
        value: match value.split_once('@') {
            Some((before, _)) if !before.contains("://") => {
                cx.redactor.text(&format!("http://{value}"))
            }
            _ => cx.redactor.text(&value),
        },
    };
    found.into_iter().map(setting).collect()
}

/// The settings of Windows' internet options.
fn internet(key: &Key) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if registry::flag(key, "ProxyEnable") == Some(true)
        && let Some(server) = registry::text(key, "ProxyServer")
    {
        found.extend(decode::servers(&server));
        let exceptions = registry::text(key, "ProxyOverride");
        found.extend(exceptions.map(|exceptions| ("no_proxy".to_owned(), exceptions)));
    }
    let script = registry::text(key, "AutoConfigURL");
    found.extend(script.map(|script| ("auto".to_owned(), script)));
    found
}

fn environment(key: &Key) -> Vec<(String, String)> {
    const NAMES: &[(&str, &str)] = &[
        ("HTTP_PROXY", "http"),
        ("HTTPS_PROXY", "https"),
        ("ALL_PROXY", "all"),
        ("NO_PROXY", "no_proxy"),
    ];
    let value =
        |(name, scheme): &(&str, &str)| Some(((*scheme).to_owned(), registry::text(key, name)?));
    NAMES.iter().filter_map(value).collect()
}
