//! A tree of files on Windows. Paths of the running system begin with a drive's letter.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The running system, or a directory that stands for one.
#[derive(Debug)]
pub(crate) struct Tree {
    /// None of the running system.
    directory: Option<PathBuf>,
}

impl Tree {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        if directory.as_os_str() == "/" {
            return Ok(Self { directory: None });
        }
        fs::metadata(directory)?;
        Ok(Self { directory: Some(directory.to_owned()) })
    }

    /// A folder of the tree as a tree of its own.
    pub(crate) fn within(&self, path: &str) -> io::Result<Self> {
        Self::open(&self.under(path))
    }

    pub(crate) const fn is_live(&self) -> bool {
        self.directory.is_none()
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

    /// In a recorded tree a drive is a folder of its letter.
    fn under(&self, path: &str) -> PathBuf {
        match &self.directory {
            None => PathBuf::from(path),
            Some(directory) => {
                directory.join(path.replace(':', "").trim_start_matches(['/', '\\']))
            }
        }
    }
}
