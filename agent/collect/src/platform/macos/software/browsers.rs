//! Web browsers.

use befund_model::section::maintenance::{Browser, Browsers};

use super::packages::{bundles, version};
use crate::collector::{Context, Gap};
use crate::platform::macos::people;

/// Bundles, and what they are called; newer systems keep Safari in a volume of its own.
const KINDS: &[(&str, &str)] = &[
    ("Arc", "Arc"),
    ("Brave Browser", "Brave"),
    ("Chromium", "Chromium"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("Firefox", "Firefox"),
    ("Firefox Developer Edition", "Firefox Developer Edition"),
    ("Google Chrome", "Google Chrome"),
    ("Google Chrome Beta", "Google Chrome Beta"),
    ("LibreWolf", "LibreWolf"),
    ("Microsoft Edge", "Microsoft Edge"),
    ("Opera", "Opera"),
    ("Orion", "Orion"),
    ("Safari", "Safari"),
    ("Tor Browser", "Tor Browser"),
    ("Vivaldi", "Vivaldi"),
];
const SAFARI: &[&str] =
    &["/Applications/Safari.app", "/System/Cryptexes/App/System/Applications/Safari.app"];

/// Section `browsers`.
pub(super) fn browsers(cx: &Context) -> Result<Browsers, Gap> {
    let mut paths = bundles(cx, "/Applications");
    for home in people::homes(cx) {
        paths.extend(bundles(cx, &format!("{}/Applications", home.path)));
    }
    let safari = SAFARI.iter().copied().find(|path| cx.root.exists(path)).map(str::to_owned);
    paths.retain(|path| !path.ends_with("/Safari.app"));
    paths.extend(safari);
    let browser = |path: String| {
        let bundle = path.rsplit('/').next()?.strip_suffix(".app")?;
        let (_, name) = KINDS.iter().find(|(known, _)| *known == bundle)?;
        Some(Browser { name: (*name).to_owned(), version: version(cx, &path), path: Some(path) })
    };
    let mut browsers: Vec<_> = paths.into_iter().filter_map(browser).collect();
    browsers.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(Browsers { browsers })
}
