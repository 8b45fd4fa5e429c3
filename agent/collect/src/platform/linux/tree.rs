//! A tree of files on Linux: `openat2` keeps links inside a recorded tree.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};

/// The running system, or a directory that stands for one.
#[derive(Debug)]
pub(crate) enum Tree {
    /// The running system: opened by path, since there is nothing to keep links inside of.
    Live,
    /// A recorded tree.
    Recorded(OwnedFd),
}

impl Tree {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        if directory == Path::new("/") {
            return Ok(Self::Live);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self::Recorded(openat(CWD, directory, flags, Mode::empty())?))
    }

    pub(crate) const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }

    pub(crate) fn file(&self, path: &str) -> io::Result<File> {
        match self {
            Self::Live => File::open(path),
            Self::Recorded(root) => inside(root, path, OFlags::RDONLY).map(File::from),
        }
    }

    pub(crate) fn names(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        match self {
            Self::Live => {
                for entry in fs::read_dir(path)? {
                    names.extend(entry?.file_name().into_string().ok());
                }
            }
            Self::Recorded(root) => {
                let directory = inside(root, path, OFlags::RDONLY | OFlags::DIRECTORY)?;
                for entry in Dir::new(directory)? {
                    let entry = entry?;
                    if let Ok(name) = entry.file_name().to_str()
                        && name != "."
                        && name != ".."
                    {
                        names.push(name.to_owned());
                    }
                }
            }
        }
        Ok(names)
    }

    pub(crate) fn link(&self, path: &str) -> io::Result<PathBuf> {
        match self {
            Self::Live => fs::read_link(path),
            Self::Recorded(root) => {
                let link = inside(root, path, OFlags::PATH | OFlags::NOFOLLOW)?;
                let target = readlinkat(&link, "", Vec::new())?;
                target.into_string().map(PathBuf::from).map_err(io::Error::other)
            }
        }
    }

    pub(crate) fn exists(&self, path: &str) -> io::Result<bool> {
        match self {
            Self::Live => Path::new(path).try_exists(),
            Self::Recorded(root) => match inside(root, path, OFlags::PATH) {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(error),
            },
        }
    }
}

fn inside(root: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    Ok(openat2(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?)
}
