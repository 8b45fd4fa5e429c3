//! How programs write proxies down: pairs of what for (`http`, `no_proxy`, `auto`, …) and where. No
//! I/O.

use serde_json::Value;

type Found = Vec<(String, String)>;

/// The keys of a file in groups (`[group]`, `key=value`): group, key, value. KDE's marks behind a key
/// (`[$i]`) are left out.
pub(crate) fn keyfile(text: &str) -> Vec<(String, String, String)> {
    let mut group = String::new();
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // `[group][$i]` is KDE's for one that nobody may change.
            group = name.split(']').next().unwrap_or_default().to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            let key = key.split('[').next().unwrap_or_default().trim();
            keys.push((group.clone(), key.to_owned(), value.trim().to_owned()));
        }
    }
    keys
}

/// GNOME's: dconf's keyfiles (`[system/proxy/http]`) and overrides of schemas
/// (`[org.gnome.system.proxy.http]`). Values are GVariant's texts.
pub(crate) fn gnome(text: &str) -> Found {
    let keys: Vec<_> = keyfile(text)
        .into_iter()
        .filter_map(|(group, key, value)| {
            let group = group.split(':').next()?.replace('.', "/");
            let group = group.strip_prefix("org/gnome/").unwrap_or(&group);
            let part = group.strip_prefix("system/proxy")?.trim_start_matches('/').to_owned();
            Some((part, key, value))
        })
        .collect();
    let value = |part: &str, key: &str| {
        let found = keys.iter().rev().find(|(of, name, _)| of == part && name == key);
        found.map(|(_, _, value)| value.trim_matches(['\'', '"']).to_owned())
    };
    let mut found = Vec::new();
    match value("", "mode").as_deref() {
        Some("auto") => {
            // Without an address it is looked for in the network (WPAD).
            let url = value("", "autoconfig-url").filter(|url| !url.is_empty());
            found.push(("auto".to_owned(), url.unwrap_or_else(|| "wpad".to_owned())));
        }
        Some("manual") => {
            for scheme in ["http", "https", "ftp", "socks"] {
                let Some(host) = value(scheme, "host").filter(|host| !host.is_empty()) else {
                    continue;
                };
                let port = value(scheme, "port").filter(|port| port != "0");
                let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                found.push((scheme.to_owned(), format!("{host}{port}")));
            }
            let list = value("", "ignore-hosts").unwrap_or_default();
            let list: Vec<_> = list
                .trim_matches(['[', ']'])
                .split(',')
                .map(|host| host.trim().trim_matches(['\'', '"']))
                .filter(|host| !host.is_empty())
                .collect();
            if !list.is_empty() && !found.is_empty() {
                found.push(("no_proxy".to_owned(), list.join(",")));
            }
        }
        _ => {}
    }
    found
}

/// KDE's kioslaverc: `ProxyType` 0 none, 1 by hand, 2 a script, 3 a script that is looked for, 4 by
/// the environment. A proxy is an address and, behind a blank, its port.
pub(crate) fn kde(text: &str) -> Found {
    let keys = keyfile(text);
    let value = |key: &str| {
        let found = keys.iter().rev().find(|(of, name, _)| of == "Proxy Settings" && name == key);
        found.map(|(_, _, value)| value.clone()).filter(|value| !value.is_empty())
    };
    match value("ProxyType").as_deref() {
        Some("1") => {
            let schemes = [
                ("http", "httpProxy"),
                ("https", "httpsProxy"),
                ("ftp", "ftpProxy"),
                ("socks", "socksProxy"),
                ("no_proxy", "NoProxyFor"),
            ];
            let told = |(scheme, key): &(&str, &str)| {
                let value = value(key)?;
                let value = match value.rsplit_once(' ') {
                    Some((host, port)) if *scheme != "no_proxy" => format!("{host}:{port}"),
                    _ => value,
                };
                Some(((*scheme).to_owned(), value))
            };
            schemes.iter().filter_map(told).collect()
        }
        Some("2") => {
            value("Proxy Config Script").map(|url| ("auto".to_owned(), url)).into_iter().collect()
        }
        Some("3") => vec![("auto".to_owned(), "wpad".to_owned())],
        _ => Vec::new(),
    }
}

/// apt.conf(5): `Acquire::http::Proxy "…";`, or the same in braces. `DIRECT` means none.
pub(crate) fn apt(text: &str) -> Found {
    let mut found = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token.as_str() {
            "{" => scopes.push(words.join("::").to_ascii_lowercase()),
            "}" => {
                scopes.pop();
            }
            ";" => {
                if let [name, value] = words.as_slice() {
                    let mut path: Vec<&str> = scopes.iter().map(String::as_str).collect();
                    let name = name.to_ascii_lowercase();
                    path.push(&name);
                    let scheme = match path.join("::").as_str() {
                        "acquire::http::proxy" => Some("http"),
                        "acquire::https::proxy" => Some("https"),
                        "acquire::ftp::proxy" => Some("ftp"),
                        _ => None,
                    };
                    if let Some(scheme) = scheme.filter(|_| value != "DIRECT") {
                        found.push((scheme.to_owned(), value.clone()));
                    }
                }
            }
            other => {
                words.push(other.to_owned());
                continue;
            }
        }
        words.clear();
    }
    found
}

/// The words of apt's configuration: signs by themselves, quoted ones without quotes, no comments.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut commented = false;
    for line in text.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            if commented {
                let Some((_, after)) = rest.split_once("*/") else { break };
                (rest, commented) = (after, false);
                continue;
            }
            rest = rest.trim_start();
            if rest.starts_with("//") || rest.starts_with('#') {
                break;
            }
            if let Some(after) = rest.strip_prefix("/*") {
                (rest, commented) = (after, true);
            } else if let Some(inner) = rest.strip_prefix('"') {
                let end = inner.find('"').unwrap_or(inner.len());
                tokens.push(inner[..end].to_owned());
                rest = inner.get(end + 1..).unwrap_or_default();
            } else if rest.starts_with(['{', '}', ';']) {
                tokens.push(rest[..1].to_owned());
                rest = &rest[1..];
            } else if !rest.is_empty() {
                let stops =
                    |sign: char| sign.is_whitespace() || matches!(sign, '{' | '}' | ';' | '"');
                let end = rest.find(stops).unwrap_or(rest.len());
                tokens.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
        }
    }
    tokens
}

fn string(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Firefox' policies.json (`policies.Proxy`, mozilla.github.io/policy-templates).
pub(crate) fn firefox(text: &str) -> Found {
    let Ok(policies) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let Some(proxy) = policies.pointer("/policies/Proxy") else { return Vec::new() };
    let keys: &[(&str, &str)] = match string(proxy, "Mode").as_deref() {
        Some("autoConfig") => &[("auto", "AutoConfigURL")],
        Some("autoDetect") => return vec![("auto".to_owned(), "wpad".to_owned())],
        Some("manual") => &[
            ("http", "HTTPProxy"),
            ("https", "SSLProxy"),
            ("socks", "SOCKSProxy"),
            ("no_proxy", "Passthrough"),
        ],
        _ => return Vec::new(),
    };
    keys.iter()
        .filter_map(|(scheme, key)| Some(((*scheme).to_owned(), string(proxy, key)?)))
        .collect()
}

/// Chromium's managed policies (`ProxySettings`, or the older keys beside one another).
pub(crate) fn chromium(text: &str) -> Found {
    let Ok(policies) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let proxy = policies.get("ProxySettings").unwrap_or(&policies);
    let mut found = Vec::new();
    match string(proxy, "ProxyMode").as_deref() {
        Some("pac_script") => {
            found.extend(string(proxy, "ProxyPacUrl").map(|url| ("auto".to_owned(), url)));
        }
        Some("auto_detect") => found.push(("auto".to_owned(), "wpad".to_owned())),
        Some("fixed_servers") => {
            found.extend(string(proxy, "ProxyServer").map(|server| ("all".to_owned(), server)));
            let except = string(proxy, "ProxyBypassList");
            found.extend(except.map(|except| ("no_proxy".to_owned(), except)));
        }
        _ => {}
    }
    found
}
