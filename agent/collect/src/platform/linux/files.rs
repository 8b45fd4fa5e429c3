//! What a tree of files is asked on Linux beside the content of its files: owners and times, one file
//! piece by piece, names by pattern.

use std::fs::File;

use befund_model::Timestamp;
use rustix::fs::FileType;

use crate::collector::Context;
use crate::root::Unread;

use super::tree::{About, Links};

/// The most names that one pattern gives.
const MAX_NAMES: usize = 4_096;

/// Opens a file to read it piece by piece.
pub(super) fn open(cx: &Context, path: &str) -> Result<File, Unread> {
    cx.root.attempt(path, |tree| tree.file(path))
}

/// What the file system says of a file; of a link's target, if it is one.
pub(super) fn about(cx: &Context, path: &str) -> Result<About, Unread> {
    cx.root.attempt(path, |tree| tree.about(path, Links::Followed))
}

/// What the file system says of a file, or of a link itself.
pub(super) fn about_link(cx: &Context, path: &str) -> Result<About, Unread> {
    cx.root.attempt(path, |tree| tree.about(path, Links::Told))
}

/// A file as text, if it is a regular one: what people put into their folders may be a pipe, which would hold
/// up whoever opens it.
pub(super) fn text(cx: &Context, path: &str) -> Option<String> {
    let about = cx.note(about(cx, path))?;
    if about.kind != FileType::RegularFile {
        return None;
    }
    cx.note(cx.root.text(path))
}

/// When a file was last written; `None` if it is not there.
pub(super) fn modified(cx: &Context, path: &str) -> Option<Timestamp> {
    about(cx, path).ok()?.modified
}

pub(super) fn is_folder(cx: &Context, path: &str) -> bool {
    about(cx, path).is_ok_and(|about| about.kind == FileType::Directory)
}

pub(super) fn is_file(cx: &Context, path: &str) -> bool {
    about(cx, path).is_ok_and(|about| about.kind == FileType::RegularFile)
}

pub(super) fn is_executable(cx: &Context, path: &str) -> bool {
    about(cx, path)
        .is_ok_and(|about| about.kind == FileType::RegularFile && about.mode & 0o111 != 0)
}

/// The paths in a folder, sorted; none if it is not there. Any other trouble is noted.
pub(super) fn paths(cx: &Context, folder: &str) -> Vec<String> {
    let folder = folder.trim_end_matches('/');
    let names = cx.note(cx.root.list(folder)).unwrap_or_default();
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// The paths that match a pattern with `*` and `?` in any of its parts, sorted.
pub(super) fn matching(cx: &Context, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in &found {
            if part.contains(['*', '?']) {
                let all = cx.root.list(if folder.is_empty() { "/" } else { folder });
                let names = cx.note(all).unwrap_or_default();
                let hidden = |name: &str| name.starts_with('.') && !part.starts_with('.');
                next.extend(
                    names
                        .iter()
                        .filter(|name| !hidden(name) && fits(part, name))
                        .map(|name| format!("{folder}/{name}")),
                );
            } else {
                next.push(format!("{folder}/{part}"));
            }
        }
        next.truncate(MAX_NAMES);
        found = next;
    }
    // What was found in a folder is there, if only as a link that leads nowhere.
    let listed = pattern.rsplit('/').next().is_some_and(|part| part.contains(['*', '?']));
    found.retain(|path| !path.is_empty() && (listed || cx.root.exists(path)));
    found
}

/// Whether a name fits a pattern in which `*` stands for any letters and `?` for one.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((back, from)) = star else { return false };
                at = back + 1;
                in_name = from + 1;
                star = Some((back, from + 1));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_as_a_shells_do() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("linux-*-generic", "linux-image-6.8-generic", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "a", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
