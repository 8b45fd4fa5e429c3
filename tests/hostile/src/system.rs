//! What a machine's own system says: SMBIOS tables, package databases, netlink, trees of files.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use befund_collect::{Root, fuzzing as collect};
use befund_model::snapshot::Status;

/// The most files of a tree.
const MOST_FILES: usize = 200;

pub(crate) fn smbios(data: &[u8]) {
    let _ = collect::smbios(data);
}

pub(crate) fn packages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.lines().count();
    assert!(collect::packages(&text) <= 2 * (lines + 1), "more packages than lines");
}

pub(crate) fn netlink(data: &[u8]) {
    let _ = collect::netlink(data);
}

/// Any tree of files under a root, in the form of `agent/collect/tests/trees`: every section is JSON
/// and has a reason if it is not all there.
pub(crate) fn tree(data: &[u8]) {
    let folder = tempfile::Builder::new().prefix("befund-tree-").tempdir_in(memory());
    let folder = folder.expect("a temporary folder");
    lay_out(folder.path(), &String::from_utf8_lossy(data));
    let root = Root::at(folder.path()).expect("the folder was just made");
    for section in collect::collect(&root) {
        let json: Result<serde_json::Value, _> = serde_json::from_slice(&section.bytes);
        assert!(json.is_ok(), "{} is no JSON", section.kind);
        let explained = section.status == Status::Ok || !section.reason.is_empty();
        assert!(explained, "{} is {} without a reason", section.kind, section.status);
    }
}

/// A folder in memory where there is one: thousands of trees are laid out and removed.
fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn lay_out(folder: &Path, text: &str) {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut links: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut current: Option<PathBuf> = None;
    for line in text.lines() {
        if let Some((path, target)) =
            line.strip_prefix("--> ").and_then(|link| link.split_once(' '))
        {
            links.extend(inside(path).map(|path| (path, target)));
            current = None;
        } else if let Some(path) = line.strip_prefix("--- ") {
            current = inside(path).filter(|_| files.len() < MOST_FILES);
            if let Some(path) = &current {
                files.entry(path.clone()).or_default();
            }
        } else if let Some(content) = current.as_ref().and_then(|path| files.get_mut(path)) {
            content.push_str(line);
            content.push('\n');
        }
    }
    // What cannot be made, since a file is in the way of a folder, is left out.
    for (path, content) in &files {
        let path = folder.join(path);
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(&path, content);
    }
    // Folders first, links last: nothing is ever written through a link, which may lead anywhere.
    let parents: Vec<_> =
        links.keys().filter_map(|path| folder.join(path).parent().map(Path::to_owned)).collect();
    for parent in parents {
        let _ = std::fs::create_dir_all(parent);
    }
    for (path, target) in links.into_iter().take(MOST_FILES) {
        let path = folder.join(path);
        if path.parent().is_some_and(Path::is_dir) {
            let _ = std::os::unix::fs::symlink(target, &path);
        }
    }
}

/// A path that stays inside, short enough for every file system.
fn inside(path: &str) -> Option<PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let fits = path.as_os_str().len() < 120 && path.components().count() <= 10;
    (plain
        && fits
        && !path.as_os_str().is_empty()
        && !path.as_os_str().as_encoded_bytes().contains(&0))
    .then(|| path.to_owned())
}
