//! The checks of a controller: those that come with Befund, and the site's own from its folder. A site's
//! check of the same id takes the place of the shipped one.

use std::path::{Path, PathBuf};

use befund_checks::{Check, Patterns, Problem};
use befund_model::api::CheckView;
use befund_model::id::Hash;

/// Why the site's checks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckSetError {
    /// The folder or a file cannot be read.
    #[error("cannot read the site's checks in {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is wrong.
    #[error("the site's checks in {} are wrong: {first}; `befund check lint` tells all", path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// The first of what is wrong.
        first: Problem,
    },
}

/// All checks, and the hash of all their texts.
#[derive(Debug)]
pub struct CheckSet {
    checks: Vec<Check>,
    digest: Hash,
    patterns: Patterns,
}

impl CheckSet {
    /// The shipped ones alone.
    #[must_use]
    pub fn shipped() -> Self {
        Self::of(befund_checks::shipped())
    }

    /// The shipped ones and those of a folder's `*.toml`, which need not be there.
    ///
    /// # Errors
    /// If a file cannot be read or is wrong.
    pub fn with_folder(folder: &Path) -> Result<Self, CheckSetError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            |source| CheckSetError::Unreadable { path, source }
        };
        let mut checks = befund_checks::shipped();
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::of(checks));
            }
            entries => entries.map_err(unreadable(folder))?,
        };
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(unreadable(folder))?.path());
        }
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(unreadable(&file))?;
            let own = befund_checks::read(&text).map_err(|problems| {
                let nothing = Problem { line: 1, column: 1, message: "it is wrong".to_owned() };
                let first = problems.into_iter().next().unwrap_or(nothing);
                CheckSetError::Wrong { path: file.clone(), first }
            })?;
            for check in own {
                checks.retain(|other| other.id != check.id);
                checks.push(check);
            }
        }
        Ok(Self::of(checks))
    }

    fn of(checks: Vec<Check>) -> Self {
        let digests: Vec<u8> =
            checks.iter().flat_map(|check| check.digest.as_bytes().to_owned()).collect();
        Self { checks, digest: Hash::of(&digests), patterns: Patterns::default() }
    }

    /// The checks.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The patterns that they have used so far.
    #[must_use]
    pub const fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Changes when any of them does.
    #[must_use]
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// One of them, as people read it.
    #[must_use]
    pub fn view(&self, id: &str) -> Option<CheckView> {
        self.checks.iter().find(|check| check.id == id).map(view)
    }

    /// All of them, as people read them.
    #[must_use]
    pub fn views(&self) -> Vec<CheckView> {
        self.checks.iter().map(view).collect()
    }
}

fn view(check: &Check) -> CheckView {
    CheckView {
        id: check.id.clone(),
        version: check.version,
        category: check.category.clone(),
        title: check.title.clone(),
        explanation: check.explanation.clone(),
        user: check.user.clone(),
        remedy: check.remedy.clone(),
        references: check.references.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
[[check]]
id = "disk.space"
version = 9
title = { en = "Ours", de = "Unser" }
category = "storage"
warn = "filesystems_usage.filesystems.exists(f, f.size_bytes < 10)"
explanation = { en = "x", de = "x" }
user = { en = "x", de = "x" }
remedy = { en = "x", de = "x" }
"#;

    #[test]
    fn a_sites_check_takes_the_place_of_the_shipped_one() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("own.toml"), OWN).expect("written");
        let set = CheckSet::with_folder(folder.path()).expect("a set");
        assert_eq!(set.view("disk.space").expect("there").version, 9);
        assert_eq!(set.checks().len(), CheckSet::shipped().checks().len());
        assert_ne!(set.digest(), CheckSet::shipped().digest());
    }

    #[test]
    fn a_wrong_file_is_named_with_its_place_and_a_missing_folder_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = CheckSet::with_folder(&folder.path().join("gone")).expect("the shipped ones");
        assert_eq!(gone.digest(), CheckSet::shipped().digest());
        std::fs::write(folder.path().join("own.toml"), OWN.replace("< 10", "<")).expect("written");
        let error = CheckSet::with_folder(folder.path()).expect_err("wrong").to_string();
        assert!(error.contains("own.toml are wrong: 7:"), "{error}");
    }
}
