//! The paths of a catalogue's files, which mean the same on every system and lead nowhere else. Not the files.

/// The most characters of a path.
pub const MAX_PATH: usize = 200;

/// Names that Windows takes for devices, whatever follows their first dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin", "conout"];

/// A path that no catalogue may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path {path:?} {why}")]
pub struct InvalidPath {
    /// The path, at most its first 200 characters.
    pub path: String,
    /// Why.
    pub why: &'static str,
}

/// Whether a path is relative, within the folder, and the same on every system: letters, digits and `._-/`, lower
/// case, at most [`MAX_PATH`] characters, each part neither empty nor beginning or ending with a dot.
///
/// # Errors
/// If it is not.
pub fn check_path(path: &str) -> Result<(), InvalidPath> {
    why_not(path).map_or(Ok(()), |why| Err(invalid(path, why)))
}

fn invalid(path: &str, why: &'static str) -> InvalidPath {
    InvalidPath { path: path.chars().take(MAX_PATH).collect(), why }
}

fn why_not(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.len() > MAX_PATH {
        return Some("is longer than 200 characters");
    }
    if path.starts_with('/') {
        return Some("is absolute, but has to be relative to the catalogue's folder");
    }
    if path.contains('\\') {
        return Some("has a backslash; parts are set apart by / on every system");
    }
    if !path
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/'))
    {
        return Some("has other characters than a-z, 0-9 and ._-/");
    }
    path.split('/').find_map(|part| {
        if part.is_empty() {
            return Some("has an empty part");
        }
        if part == "." || part == ".." {
            return Some("leads elsewhere by . or ..");
        }
        if part.starts_with('.') || part.ends_with('.') {
            return Some("has a part that begins or ends with a dot");
        }
        let stem = part.split('.').next().unwrap_or(part);
        let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
        let is_port = port.is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
        (is_port || DEVICES.contains(&stem)).then_some("has a part that Windows takes for a device")
    })
}

/// Whether no path is a folder of another one.
pub(super) fn check_apart<'a>(
    paths: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), InvalidPath> {
    let files: std::collections::HashSet<&str> = paths.clone().collect();
    for path in paths {
        for (at, _) in path.match_indices('/') {
            if files.contains(&path[..at]) {
                return Err(invalid(path, "lies below another file"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within_the_folder_on_every_system() {
        for good in ["net.no-internet.yaml", "scripts/clean.sh", "a/b_c/d-1.ps1", &"a".repeat(200)]
        {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "A",
            "c:x",
            "a b",
            "é",
            "a\0",
            ".hidden",
            "a/.git/x",
            "a.",
            "nul",
            "a/com1.txt",
            "aux.sh",
            &"a".repeat(201),
        ] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_is_no_folder() {
        assert_eq!(check_apart(["a", "a-b", "ab/c"].into_iter()), Ok(()));
        let error = check_apart(["a", "a-b", "a/b"].into_iter()).expect_err("a/b lies below a");
        assert_eq!(error.path, "a/b");
    }
}
