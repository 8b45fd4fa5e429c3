//! The tree of files that collectors read: the system's own, or a recorded one of another machine.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use befund_model::snapshot::Status;

use crate::platform::Tree;

/// The most bytes that are read of a file unless a collector says otherwise (4 MiB).
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// A handle on a directory under which everything is read. Links inside it do not lead out of it.
#[derive(Clone, Debug)]
pub struct Root {
    tree: Arc<Tree>,
    trail: Trail,
}

/// The path that a collector was last busy with, to tell what it hung on.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Mutex<String>>);

impl Trail {
    /// The path, if there was one.
    #[must_use]
    pub fn last(&self) -> Option<String> {
        let last = self.0.lock().ok()?;
        (!last.is_empty()).then(|| last.clone())
    }

    /// Notes what comes next.
    pub fn at(&self, path: &str) {
        if let Ok(mut last) = self.0.lock() {
            last.clear();
            last.push_str(path);
        }
    }
}

impl Root {
    /// The running system.
    ///
    /// # Errors
    /// If `/` cannot be opened.
    pub fn system() -> Result<Self, Unread> {
        Self::at("/")
    }

    /// The tree under this directory; `/` is the running system.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn at(directory: impl AsRef<Path>) -> Result<Self, Unread> {
        let directory = directory.as_ref();
        let tree = Tree::open(directory)
            .map_err(|source| Unread { path: directory.display().to_string(), source })?;
        Ok(Self { tree: Arc::new(tree), trail: Trail::default() })
    }

    /// Whether this is the running system, so that it can be asked what no file says.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.tree.is_live()
    }

    /// The same tree with a trail of its own.
    #[must_use]
    pub fn tracked(&self) -> Self {
        Self { tree: Arc::clone(&self.tree), trail: Trail::default() }
    }

    /// A second look at the same system: the running one, which has gone on meanwhile. A recorded tree
    /// stands still; it has a second look if it holds one, as a tree in its folder `/later`.
    ///
    /// # Errors
    /// If a recorded tree holds none.
    pub(crate) fn later(&self) -> Result<Self, Unread> {
        if self.is_live() {
            return Ok(self.clone());
        }
        let tree = self.attempt("/later", |tree| tree.within("/later"))?;
        Ok(Self { tree: Arc::new(tree), trail: self.trail() })
    }

    /// The trail of this handle.
    #[must_use]
    pub fn trail(&self) -> Trail {
        self.trail.clone()
    }

    /// A whole file, [`MAX_FILE_BYTES`] at most.
    ///
    /// # Errors
    /// If it cannot be read, or is larger.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Unread> {
        self.read_capped(path, MAX_FILE_BYTES)
    }

    /// A whole file, `cap` bytes at most.
    ///
    /// # Errors
    /// If it cannot be read, or is larger.
    pub fn read_capped(&self, path: &str, cap: u64) -> Result<Vec<u8>, Unread> {
        self.attempt(path, |tree| {
            let mut bytes = Vec::new();
            let read = tree.file(path)?.take(cap + 1).read_to_end(&mut bytes)?;
            if read as u64 > cap {
                let reason = format!("it is larger than the {cap} bytes that are read of it");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
            }
            Ok(bytes)
        })
    }

    /// The first `cap` bytes of a file or a device, less where it is shorter.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn head(&self, path: &str, cap: u64) -> Result<Vec<u8>, Unread> {
        self.attempt(path, |tree| {
            let mut bytes = Vec::new();
            tree.file(path)?.take(cap).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    /// Gives `each` the lines of a file one after the other, until it breaks off: for files that are
    /// too large to be held in memory. A line is cut at 4 KiB; what is behind that is lost.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn scan(
        &self,
        path: &str,
        mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Unread> {
        const MAX_LINE_BYTES: u64 = 4096;
        self.attempt(path, |tree| {
            let mut lines = BufReader::with_capacity(32 << 10, tree.file(path)?);
            let mut line = Vec::new();
            loop {
                line.clear();
                if (&mut lines).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                    return Ok(());
                }
                if line.last() == Some(&b'\n') {
                    line.pop();
                } else {
                    lines.skip_until(b'\n')?;
                }
                if each(&line).is_break() {
                    return Ok(());
                }
            }
        })
    }

    /// The last `cap` bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn tail(&self, path: &str, cap: u64) -> Result<Vec<u8>, Unread> {
        self.attempt(path, |tree| {
            let mut file = tree.file(path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(cap)))?;
            let mut bytes = Vec::new();
            file.take(cap).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    /// A whole file as text; what is not UTF-8 is replaced.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn text(&self, path: &str) -> Result<String, Unread> {
        self.read(path).map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// A file of one line, trimmed; `None` if it has nothing to say.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn line(&self, path: &str) -> Result<Option<String>, Unread> {
        let text = self.text(path)?;
        let line = text.lines().next().unwrap_or_default().trim_matches(['\0', ' ', '\t']);
        Ok((!line.is_empty()).then(|| line.to_owned()))
    }

    /// A file that holds one number; `None` if it has nothing to say.
    ///
    /// # Errors
    /// As [`Root::read`], or if it holds something else.
    pub fn number(&self, path: &str) -> Result<Option<u64>, Unread> {
        let Some(line) = self.line(path)? else { return Ok(None) };
        let other = |_| Unread {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, "it is no number"),
        };
        line.parse().map(Some).map_err(other)
    }

    /// The names in a directory, sorted. Names that are not UTF-8 are left out.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn list(&self, path: &str) -> Result<Vec<String>, Unread> {
        let mut names = self.attempt(path, |tree| tree.names(path))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Where a symbolic link points, as it is written.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn link(&self, path: &str) -> Result<PathBuf, Unread> {
        self.attempt(path, |tree| tree.link(path))
    }

    /// When a file was written last.
    ///
    /// # Errors
    /// If it cannot be looked at, or its time is out of all bounds.
    pub fn modified(&self, path: &str) -> Result<befund_model::Timestamp, Unread> {
        self.attempt(path, |tree| {
            let time = tree.file(path)?.metadata()?.modified()?;
            time.try_into().map_err(|_| io::Error::other("its time is out of all bounds"))
        })
    }

    /// Whether there is anything at the path. What may not be looked at counts as absent.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.attempt(path, |tree| tree.exists(path)).unwrap_or(false)
    }

    /// Does something with the tree itself, under a trail that names the path.
    pub(crate) fn attempt<T>(
        &self,
        path: &str,
        with: impl FnOnce(&Tree) -> io::Result<T>,
    ) -> Result<T, Unread> {
        self.trail.at(path);
        with(&self.tree).map_err(|source| Unread { path: path.to_owned(), source })
    }
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {path}")]
pub struct Unread {
    /// The path under the root.
    pub path: String,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl Unread {
    /// How a section comes out that stands on this file alone.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Status::Unsupported,
            io::ErrorKind::PermissionDenied => Status::Denied,
            _ => Status::Failed,
        }
    }

    /// What and why, in one line for people.
    #[must_use]
    pub fn told(&self) -> String {
        match self.status() {
            Status::Unsupported => format!("there is no {}", self.path),
            Status::Denied => format!("{} may not be read by this account", self.path),
            _ => format!("{} could not be read: {}", self.path, Cause(&self.source)),
        }
    }
}

/// An I/O error without the number that Rust puts behind it.
struct Cause<'a>(&'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split(" (os error").next().unwrap_or(&text))
    }
}
