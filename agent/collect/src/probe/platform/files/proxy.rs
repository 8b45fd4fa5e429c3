//! Proxies by the files that set one for everyone: environments, desktops' system-wide settings,
//! browsers' policies, package managers.

use befund_model::probe::network::Proxy;

use crate::probe::proxy::{SETTINGS, VARIABLES, address};
use crate::probe::{Context, Unmeasured};

/// Files of `name=value` lines, as a shell or pam_env reads them.
const ENVIRONMENTS: &[&str] =
    &["/etc/environment", "/etc/sysconfig/proxy", "/etc/profile.d/proxy.sh"];
/// The proxies that are configured, each once.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::probe) fn proxies(context: &Context<'_>) -> Result<Vec<Proxy>, Unmeasured> {
    let mut proxies: Vec<Proxy> = Vec::new();
    let mut add = |source: &str, setting: &str, value: &str| {
        let Some(address) = address(value) else { return };
        let same = |known: &Proxy| known.address == address && known.setting == setting;
        if !proxies.iter().any(same) {
            let (source, setting) = (source.to_owned(), setting.to_owned());
            proxies.push(Proxy { address, source, setting, ..Proxy::default() });
        }
    };
    for source in ENVIRONMENTS {
        let Ok(text) = context.read(source) else { continue };
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else { continue };
            if VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(name.trim())) {
                add(source, &name.trim().to_ascii_lowercase(), value);
            }
        }
    }
    let folder = "/etc/apt/apt.conf.d";
    let listed = std::fs::read_dir(context.path(folder)).into_iter().flatten().flatten();
    let mut files: Vec<_> = listed
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| format!("{folder}/{name}"))
        .collect();
    files.sort_unstable();
    files.push("/etc/apt/apt.conf".to_owned());
    for source in files {
        let Ok(text) = context.read(&source) else { continue };
        for line in text.lines().map(str::trim) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
            if ["Acquire::http::Proxy", "Acquire::https::Proxy"].contains(&name) {
                add(&source, name, value.trim_end_matches(';'));
            }
        }
    }
    // What the collectors know beside these: desktops, browsers, other package managers.
    let known = |source: &str| ENVIRONMENTS.contains(&source) || source.starts_with("/etc/apt/");
    for (source, setting, value) in super::super::proxy_settings(context.root).unwrap_or_default() {
        if SETTINGS.contains(&setting.as_str()) && !known(&source) {
            add(&source, &setting, &value);
        }
    }
    Ok(proxies)
}
