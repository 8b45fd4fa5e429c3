//! A tree of files on macOS.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::asked::kept::Kept;

/// The running system, or the tree under a directory. Of a recorded one, links that lead out of it are
/// followed: it is a test's own.
#[derive(Debug)]
pub(crate) struct Tree {
    directory: PathBuf,
    kept: Kept,
}

impl Tree {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::metadata(directory)?;
        Ok(Self { directory: directory.to_owned(), kept: Kept::default() })
    }

    /// A folder of the tree as a tree of its own.
    pub(crate) fn within(&self, path: &str) -> io::Result<Self> {
        Self::open(&self.under(path))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.directory.as_os_str() == "/"
    }

    pub(crate) fn file(&self, path: &str) -> io::Result<File> {
        File::open(self.under(path))
    }

    pub(crate) fn names(&self, path: &str) -> io::Result<Vec<String>> {
        fs::read_dir(self.under(path))?
            .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
            .collect()
    }

    pub(crate) fn link(&self, path: &str) -> io::Result<PathBuf> {
        fs::read_link(self.under(path))
    }

    pub(crate) fn exists(&self, path: &str) -> io::Result<bool> {
        self.under(path).try_exists()
    }

    pub(crate) fn about(&self, path: &str) -> io::Result<fs::Metadata> {
        fs::metadata(self.under(path))
    }

    /// What programs answered lately.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    fn under(&self, path: &str) -> PathBuf {
        self.directory.join(path.trim_start_matches('/'))
    }
}
