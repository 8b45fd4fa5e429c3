//! The registry: keys and values as they are needed here. What is not there is `None`; what may not be
//! read is noted.

use windows_registry::{Key, LOCAL_MACHINE, USERS};

use super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::hresult;

/// Which of the two views of the registry (`KEY_WOW64_64KEY`, `KEY_WOW64_32KEY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// That of 64-bit programs.
    Wide = 0x0100,
    /// That of 32-bit programs.
    Narrow = 0x0200,
}

/// A key of the machine.
pub(crate) fn machine(cx: &Context, path: &str) -> Option<Key> {
    viewed(cx, LOCAL_MACHINE, path, View::Wide)
}

/// A key under another, in a view.
pub(crate) fn viewed(cx: &Context, under: &Key, path: &str, view: View) -> Option<Key> {
    cx.root.trail().at(path);
    match under.options().read().access(view as u32).open(path) {
        Ok(key) => Some(key),
        Err(error) if hresult::not_found(error.code().0) => None,
        Err(error) => {
            let error = windows::core::Error::from_hresult(windows::core::HRESULT(error.code().0));
            let gap = win32::gap("RegOpenKeyEx", &error);
            cx.gap(Gap { reason: format!("registry key {path}: {}", gap.reason), ..gap });
            None
        }
    }
}

/// A key under another.
pub(crate) fn under(cx: &Context, key: &Key, path: &str) -> Option<Key> {
    viewed(cx, key, path, View::Wide)
}

/// The names of the keys under one, sorted.
pub(crate) fn names(key: &Key) -> Vec<String> {
    let mut names: Vec<String> = key.keys().map(Iterator::collect).unwrap_or_default();
    names.sort_unstable();
    names
}

/// The names of a key's values, sorted.
pub(crate) fn value_names(key: &Key) -> Vec<String> {
    let values = key.values().map(|values| values.map(|(name, _)| name).collect());
    let mut names: Vec<String> = values.unwrap_or_default();
    names.sort_unstable();
    names
}

/// A text, trimmed, if it says something.
pub(crate) fn text(key: &Key, name: &str) -> Option<String> {
    let text = key.get_string(name).ok()?;
    let text = text.trim_matches(['\0', ' ', '\t', '\r', '\n']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number of 32 bits.
pub(crate) fn number(key: &Key, name: &str) -> Option<u32> {
    key.get_u32(name).ok()
}

/// Whether a switch is on.
pub(crate) fn flag(key: &Key, name: &str) -> Option<bool> {
    number(key, name).map(|value| value != 0)
}

/// Bytes of any type.
pub(crate) fn bytes(key: &Key, name: &str) -> Option<Vec<u8>> {
    key.get_value(name).ok().map(|value| value.to_vec())
}

/// Several texts.
pub(crate) fn texts(key: &Key, name: &str) -> Vec<String> {
    let texts = key.get_multi_string(name).unwrap_or_default();
    texts.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// The registries of people that are loaded now: SID and key. Those of services and the classes'
/// own are left out.
pub(crate) fn people() -> Vec<(String, Key)> {
    let person = |sid: &String| sid.starts_with("S-1-5-21-") || sid.starts_with("S-1-12-1-");
    let sids = names(USERS).into_iter().filter(|sid| person(sid) && !sid.ends_with("_Classes"));
    sids.filter_map(|sid| {
        let key = USERS.options().read().open(&sid).ok()?;
        Some((sid, key))
    })
    .collect()
}

/// A text in which names of the environment between percent signs are replaced.
pub(crate) fn expanded(text: &str) -> String {
    crate::platform::decode::text::expanded(text, |name| std::env::var(name).ok())
}
