//! The tree of files that actions change: the running system's, or a folder that stands for one. `openat2`
//! keeps links inside such a folder.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, Uid, XattrFlags, fchmod,
    fchown, fgetxattr, fsetxattr, fstat, fsync, openat, openat2, readlinkat, renameat, statat,
    unlinkat,
};

/// The most bytes of a file that is only read.
const MAX_BYTES: usize = 1 << 20;
/// The longest label that SELinux gives a file.
const MAX_LABEL_BYTES: usize = 4096;

/// A tree of files.
#[derive(Debug)]
pub struct Root {
    folder: PathBuf,
    /// Absent for the running system, where paths are opened as they are.
    top: Option<OwnedFd>,
}

impl Root {
    /// The running system.
    #[must_use]
    pub fn system() -> Self {
        Self { folder: PathBuf::from("/"), top: None }
    }

    /// The tree under this folder; `/` is the running system.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn at(folder: &Path) -> io::Result<Self> {
        if folder == Path::new("/") {
            return Ok(Self::system());
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = Some(openat(CWD, folder, flags, Mode::empty())?);
        Ok(Self { folder: folder.to_owned(), top })
    }

    /// Whether this is the running system, so that the kernel can be asked what no file says.
    pub(crate) const fn is_live(&self) -> bool {
        self.top.is_none()
    }

    /// The path as programs outside know it.
    pub(crate) fn host_path(&self, path: &str) -> PathBuf {
        self.folder.join(path.trim_start_matches('/'))
    }

    pub(crate) fn open_here(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let Some(top) = &self.top else { return Ok(openat(CWD, path, flags, Mode::empty())?) };
        Ok(openat2(top, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?)
    }

    /// A whole file, 1 MiB at most.
    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        capped(File::from(self.open_here(path, OFlags::RDONLY | OFlags::NONBLOCK)?), MAX_BYTES)
    }

    /// A whole file as text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self, path: &str) -> io::Result<String> {
        self.read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The first line of a file, trimmed, if it says anything.
    pub(crate) fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path).ok()?;
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The names in a folder, sorted; none if it cannot be read.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let Ok(folder) = self.open_here(path, OFlags::RDONLY | OFlags::DIRECTORY) else {
            return Vec::new();
        };
        let mut names: Vec<String> = Dir::new(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned))
            .filter(|name| name != "." && name != "..")
            .collect();
        names.sort_unstable();
        names
    }

    /// Whether there is anything at the path.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.open_here(path, OFlags::PATH).is_ok()
    }

    /// What a link says, if it is one.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        let link = self.open_here(path, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        readlinkat(&link, "", Vec::new()).ok()?.into_string().ok()
    }

    /// What the file system says of a file.
    pub(crate) fn about(&self, path: &str) -> io::Result<Stat> {
        Ok(fstat(self.open_here(path, OFlags::PATH)?)?)
    }

    /// Writes into a file that is there: one of the kernel's.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        File::from(self.open_here(path, OFlags::WRONLY)?).write_all(bytes)
    }

    /// A whole file that is to be changed: a regular one with a single name, never a link.
    pub(crate) fn own_file(&self, path: &str, cap: usize) -> io::Result<Vec<u8>> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&folder, name, flags, Mode::empty()).map_err(|error| match error {
            rustix::io::Errno::LOOP => io::Error::other(
                "it is a symbolic link, so that another file would be changed; change that by hand",
            ),
            other => other.into(),
        })?;
        let about = fstat(&file)?;
        if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is not a regular file"));
        }
        if about.st_nlink != 1 {
            return Err(io::Error::other("it has several names, of which only one would change"));
        }
        capped(file.into(), cap)
    }

    /// Replaces a file in one go; its mode, owner and SELinux label stay.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        let old = openat(
            &folder,
            name,
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let about = fstat(&old)?;
        let random = u64::from_ne_bytes(befund_runtime::clock::random());
        let beside = format!(".{name}.{random:016x}");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, &beside, flags, Mode::RUSR | Mode::WUSR)?);
        let written = (|| -> io::Result<()> {
            file.write_all(bytes)?;
            let (uid, gid) = (Uid::from_raw(about.st_uid), Gid::from_raw(about.st_gid));
            fchown(&file, Some(uid), Some(gid))?;
            fchmod(&file, Mode::from_raw_mode(about.st_mode & 0o7777))?;
            let mut label = vec![0; MAX_LABEL_BYTES];
            if let Ok(length) = fgetxattr(&old, "security.selinux", &mut label[..]) {
                fsetxattr(&file, "security.selinux", &label[..length], XattrFlags::empty())?;
            }
            file.sync_all()?;
            renameat(&folder, &beside, &folder, name)?;
            Ok(())
        })();
        if written.is_err() {
            let _ = unlinkat(&folder, &beside, AtFlags::empty());
            return written;
        }
        Ok(fsync(&folder)?)
    }

    /// The folder that a file is in, opened, and the file's name.
    fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("/", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        let folder = self.open_here(folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
        statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok((folder, name))
    }
}

fn capped(file: File, cap: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(cap as u64 + 1).read_to_end(&mut bytes)?;
    if read > cap {
        return Err(io::Error::other(format!("it is larger than the {cap} bytes that are read")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_and_a_link_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let etc = folder.path().join("etc");
        std::fs::create_dir(&etc).expect("a folder");
        std::fs::write(etc.join("hosts"), "old").expect("a file");
        std::fs::set_permissions(etc.join("hosts"), std::fs::Permissions::from_mode(0o604))
            .expect("a mode");
        symlink("hosts", etc.join("link")).expect("a link");
        let root = Root::at(folder.path()).expect("a tree");

        root.replace("/etc/hosts", b"new").expect("it is replaced");

        let about = std::fs::metadata(etc.join("hosts")).expect("a file");
        assert_eq!(about.permissions().mode() & 0o7777, 0o604);
        assert_eq!(root.read("/etc/hosts").expect("readable"), b"new");
        assert_eq!(root.names("/etc"), ["hosts", "link"]);
        let refused = root.own_file("/etc/link", 10).expect_err("a link");
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
        assert!(root.replace("/etc/link", b"x").is_err());
        assert!(root.own_file("/etc/hosts", 2).is_err());
    }

    #[test]
    fn links_do_not_lead_out_of_a_tree() {
        let folder = tempfile::tempdir().expect("a folder");
        symlink("/etc", folder.path().join("etc")).expect("a link");
        let root = Root::at(folder.path()).expect("a tree");
        assert!(!root.exists("/etc/passwd"));
        assert!(!root.exists("/../../../../etc/passwd"));
    }
}
