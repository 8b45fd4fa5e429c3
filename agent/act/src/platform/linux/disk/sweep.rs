//! Old files removed below a folder: from one opened folder to the next, never over a link, never on another
//! file system, and only what nobody has used for a while.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, StatxFlags, flock, fstat, openat, statx,
    unlinkat,
};

use crate::platform::Root;

/// How deep folders are gone into.
const MAX_DEPTH: usize = 32;
/// How many names are looked at in all.
const MAX_NAMES: u64 = 2_000_000;

/// Whether files are removed or only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Count,
    Remove,
}

/// What is removed.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    /// Last used before this, in seconds since 1970.
    pub(super) before: i64,
    /// Which names directly below the folder are not touched, whatever is in them.
    pub(super) spared: &'a dyn Fn(&str) -> bool,
    /// Which files may be removed at all, by name.
    pub(super) chosen: &'a dyn Fn(&str) -> bool,
    /// Whether folders that are empty and old go, too.
    pub(super) folders: bool,
}

/// What was found or removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) files: u64,
    /// What they occupied, in bytes.
    pub(super) bytes: u64,
    /// How many could not be looked at or removed.
    pub(super) failed: u64,
    names: u64,
}

/// Sweeps below a folder; nothing if it is not there, or is a link.
pub(super) fn sweep(
    root: &Root,
    folder: &str,
    rule: Rule<'_>,
    manner: Manner,
) -> io::Result<Swept> {
    let mut swept = Swept::default();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let opened = match root.open_here(folder, flags) {
        Ok(opened) => opened,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(swept);
        }
        Err(error) => return Err(error),
    };
    let device = fstat(&opened)?.st_dev;
    within(opened, device, rule, manner, 0, &mut swept)?;
    Ok(swept)
}

/// Sweeps within an opened folder; whether it is empty afterwards.
fn within(
    folder: OwnedFd,
    device: u64,
    rule: Rule<'_>,
    manner: Manner,
    depth: usize,
    swept: &mut Swept,
) -> io::Result<bool> {
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
        swept.names += 1;
        if swept.names > MAX_NAMES {
            return Ok(false);
        }
    }
    let mut left = names.len();
    for name in names {
        let gone = entry(&folder, &name, device, rule, manner, depth, swept);
        left -= usize::from(gone);
    }
    Ok(left == 0)
}

/// Looks at one name; whether it is gone, or would be.
fn entry(
    folder: &OwnedFd,
    name: &CStr,
    device: u64,
    rule: Rule<'_>,
    manner: Manner,
    depth: usize,
    swept: &mut Swept,
) -> bool {
    let text = name.to_string_lossy();
    if depth == 0 && (rule.spared)(&text) {
        return false;
    }
    let wanted = StatxFlags::BASIC_STATS;
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let Ok(about) = statx(folder.as_fd(), name, flags, wanted) else {
        swept.failed += 1;
        return false;
    };
    if rustix::fs::makedev(about.stx_dev_major, about.stx_dev_minor) != device {
        return false;
    }
    let used = about.stx_atime.tv_sec.max(about.stx_mtime.tv_sec).max(about.stx_ctime.tv_sec);
    match FileType::from_raw_mode(about.stx_mode.into()) {
        FileType::RegularFile => {
            if used >= rule.before || !(rule.chosen)(&text) {
                return false;
            }
            let bytes = about.stx_blocks.saturating_mul(512);
            remove(folder, name, AtFlags::empty(), manner, bytes, about.stx_nlink, swept)
        }
        FileType::Symlink => {
            // A link is used by whoever follows it, which is not written down: its own age counts.
            let made = about.stx_mtime.tv_sec.max(about.stx_ctime.tv_sec);
            made < rule.before
                && (rule.chosen)(&text)
                && remove(folder, name, AtFlags::empty(), manner, 0, 1, swept)
        }
        FileType::Directory if depth < MAX_DEPTH => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let Ok(inner) = openat(folder, name, flags, Mode::empty()) else {
                swept.failed += 1;
                return false;
            };
            // tmpfiles.d(5): whoever holds a lock on a folder wants it left alone.
            if flock(&inner, FlockOperation::NonBlockingLockExclusive).is_err() {
                return false;
            }
            let Ok(empty) = within(inner, device, rule, manner, depth + 1, swept) else {
                swept.failed += 1;
                return false;
            };
            let old = about.stx_mtime.tv_sec.max(about.stx_ctime.tv_sec) < rule.before;
            // An emptied folder has just been written to; its age is that from before.
            empty
                && old
                && rule.folders
                && remove(folder, name, AtFlags::REMOVEDIR, manner, 0, 1, swept)
        }
        // Sockets, pipes and devices belong to whoever made them.
        _ => false,
    }
}

fn remove(
    folder: &OwnedFd,
    name: &CStr,
    flags: AtFlags,
    manner: Manner,
    bytes: u64,
    links: u32,
    swept: &mut Swept,
) -> bool {
    if manner == Manner::Remove && unlinkat(folder, CString::from(name), flags).is_err() {
        swept.failed += 1;
        return false;
    }
    if !flags.contains(AtFlags::REMOVEDIR) {
        swept.files += 1;
        // What has another name still occupies its room.
        swept.bytes += if links > 1 { 0 } else { bytes };
    }
    true
}

impl Swept {
    pub(super) fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.failed += other.failed;
    }

    /// What was removed, in a line; an error if nothing could be.
    pub(super) fn told(self, what: &str) -> crate::trouble::Outcome<String> {
        let Self { files, bytes, failed, .. } = self;
        if files == 0 && failed > 0 {
            return Err(crate::trouble::Trouble::failed(format!(
                "none of the {what} could be removed; {failed} were tried"
            )));
        }
        let rest = if failed > 0 { format!("; {failed} could not be") } else { String::new() };
        Ok(format!("{files} {what} were removed, which freed {}{rest}", super::size(bytes)))
    }
}
