//! Files of macOS: property lists, and folders of people and of programs.

use super::decode::plist::Value;
use crate::collector::{Context, Gap};

/// Whether there is an ordinary file: a pipe that somebody put there would hold up whoever opens it.
pub(super) fn is_file(cx: &Context, path: &str) -> bool {
    #[cfg(target_os = "macos")]
    let is = cx.root.attempt(path, |tree| tree.about(path)).is_ok_and(|about| about.is_file());
    #[cfg(not(target_os = "macos"))]
    let is = !cx.root.exists(&format!("{path}/.")) && cx.root.exists(path);
    is
}

/// A property list; `None` if there is none. What cannot be read or understood is noted.
pub(super) fn plist(cx: &Context, path: &str) -> Option<Value> {
    if !is_file(cx, path) {
        return None;
    }
    let bytes = cx.note(cx.root.read(path))?;
    let value = Value::parse(&bytes);
    if value.is_none() {
        cx.gap(Gap::failed(format!("{path} is no property list, or is cut")));
    }
    value
}

/// As [`plist`], of a file of which it is no trouble if it is not one.
pub(super) fn quiet_plist(cx: &Context, path: &str) -> Option<Value> {
    if !is_file(cx, path) {
        return None;
    }
    Value::parse(&cx.root.read(path).ok()?)
}

/// A text file; `None` if there is none. Any other trouble is noted.
pub(super) fn text(cx: &Context, path: &str) -> Option<String> {
    if !is_file(cx, path) {
        return None;
    }
    cx.note(cx.root.text(path))
}

/// The paths in a folder whose names end so, sorted; none if it is not there. Any other trouble is noted.
pub(super) fn ending(cx: &Context, folder: &str, end: &str) -> Vec<String> {
    let names = cx.note(cx.root.list(folder)).unwrap_or_default();
    let ours = names.into_iter().filter(|name| name.ends_with(end) && !name.starts_with("._"));
    ours.map(|name| format!("{folder}/{name}")).collect()
}
