//! The tree of files that actions change, where paths are opened as they are: the running system, or a folder
//! that stands for one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A tree of files.
#[derive(Debug)]
pub struct Root {
    folder: Option<PathBuf>,
}

impl Root {
    /// The running system.
    #[must_use]
    pub const fn system() -> Self {
        Self { folder: None }
    }

    /// The tree under this folder; `/` is the running system.
    ///
    /// # Errors
    /// If it is no folder.
    pub fn at(folder: &Path) -> io::Result<Self> {
        if folder == Path::new("/") {
            return Ok(Self::system());
        }
        if !fs::metadata(folder)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { folder: Some(folder.to_owned()) })
    }

    /// The path as programs outside know it.
    pub(crate) fn host_path(&self, path: &str) -> PathBuf {
        match &self.folder {
            None => PathBuf::from(path),
            Some(folder) => folder.join(path.trim_start_matches(['/', '\\']).replace(':', "")),
        }
    }

    /// Whether there is anything at the path.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.host_path(path).exists()
    }

    /// A whole file that is to be changed: a regular one, never a link.
    pub(crate) fn own_file(&self, path: &str, cap: usize) -> io::Result<Vec<u8>> {
        let path = self.host_path(path);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::other(
                "it is not a regular file, so that another would be changed; change that by hand",
            ));
        }
        let mut bytes = Vec::new();
        let read = File::open(path)?.take(cap as u64 + 1).read_to_end(&mut bytes)?;
        if read > cap {
            let why = format!("it is larger than the {cap} bytes that are read");
            return Err(io::Error::other(why));
        }
        Ok(bytes)
    }

    /// Replaces a file in one go; who may do what with it stays.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.host_path(path);
        fs::symlink_metadata(&path)?;
        let random = u64::from_ne_bytes(befund_runtime::clock::random());
        let beside = path.with_extension(format!("{random:016x}"));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            drop(file);
            super::system::swap(&path, &beside)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }
}
