//! A tree of files on Linux: `openat2` keeps links inside a recorded tree.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use befund_model::Timestamp;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp,
    openat, openat2, readlinkat, statx,
};

/// The running system, or a directory that stands for one.
#[derive(Debug)]
pub(crate) enum Tree {
    /// The running system: opened by path, since there is nothing to keep links inside of.
    Live,
    /// A recorded tree.
    Recorded(OwnedFd),
}

/// What the file system says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) kind: FileType,
    /// Its length, in bytes.
    pub(crate) length: u64,
    /// What it occupies, in bytes.
    pub(crate) occupied: u64,
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) inode: u64,
    /// The file system that it lies on, as major and minor number.
    pub(crate) device: (u32, u32),
    pub(crate) modified: Option<Timestamp>,
    /// When it was made, if the file system keeps that.
    pub(crate) born: Option<Timestamp>,
}

impl About {
    fn of(told: &Statx) -> Self {
        let time = |at: StatxTimestamp| {
            let nanos = i32::try_from(at.tv_nsec).ok()?;
            Timestamp::new(at.tv_sec, nanos).ok()
        };
        let has_birth = told.stx_mask & StatxFlags::BTIME.bits() != 0;
        Self {
            kind: FileType::from_raw_mode(told.stx_mode.into()),
            length: told.stx_size,
            occupied: told.stx_blocks.saturating_mul(512),
            mode: u32::from(told.stx_mode) & 0o7777,
            owner: told.stx_uid,
            inode: told.stx_ino,
            device: (told.stx_dev_major, told.stx_dev_minor),
            modified: time(told.stx_mtime),
            // Some file systems tell zero for what they do not know.
            born: time(told.stx_btime).filter(|at| has_birth && at.as_second() > 0),
        }
    }
}

/// Whether a link is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// What it points to is asked for.
    Followed,
    /// The link itself is asked for.
    Told,
}

impl Tree {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        if directory == Path::new("/") {
            return Ok(Self::Live);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self::Recorded(openat(CWD, directory, flags, Mode::empty())?))
    }

    /// A folder of the tree as a tree of its own.
    pub(crate) fn within(&self, path: &str) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self {
            Self::Live => Self::open(Path::new(path)),
            Self::Recorded(root) => inside(root, path, flags).map(Self::Recorded),
        }
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

    pub(crate) fn about(&self, path: &str, links: Links) -> io::Result<About> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let told = match self {
            Self::Live => {
                let flags = match links {
                    Links::Followed => AtFlags::NO_AUTOMOUNT,
                    Links::Told => AtFlags::NO_AUTOMOUNT | AtFlags::SYMLINK_NOFOLLOW,
                };
                statx(CWD, path, flags, wanted)?
            }
            Self::Recorded(root) => {
                let flags = match links {
                    Links::Followed => OFlags::PATH,
                    Links::Told => OFlags::PATH | OFlags::NOFOLLOW,
                };
                statx(inside(root, path, flags)?, "", AtFlags::EMPTY_PATH, wanted)?
            }
        };
        Ok(About::of(&told))
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
