//! The few things that identity and spool ask of a file system, behind a trait, so that a test can
//! replay what a power cut leaves of them.
//!
//! A write is durable in four steps: a temporary file, its sync, a rename, the folder's sync.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use befund_runtime::files;

/// What [`put`] appends to the name of a file that is not yet whole.
pub const TEMPORARY: &str = ".new";

/// The most bytes of a file that is read: the largest is a section in the spool, of 16 MiB before it is packed. Who owns
/// the folder may put anything into it, and the executor looks in there, too.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// A file that stands in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name within the folder.
    pub name: String,
    /// Its bytes.
    pub size: u64,
}

/// A file system. Only [`sync_file`](Self::sync_file) and [`sync_folder`](Self::sync_folder) make
/// anything durable.
pub trait Disk {
    /// Makes a folder that only its owner may enter, and those above it, durably.
    ///
    /// # Errors
    /// The system's.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a file anew, for its owner's eyes only.
    ///
    /// # Errors
    /// The system's.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes a file's bytes durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what bore it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names within a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Reads a file.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The files within a folder, by name.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
}

/// Writes a file so that a crash leaves either the old one or the new one, and the new one is there
/// to stay once this returns.
///
/// # Errors
/// The system's; what was there before is unharmed then.
pub fn put(disk: &impl Disk, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary: PathBuf = folder.join(format!("{name}{TEMPORARY}"));
    let written = disk
        .write(&temporary, bytes)
        .and_then(|()| disk.sync_file(&temporary))
        .and_then(|()| disk.rename(&temporary, &folder.join(name)));
    if let Err(error) = written {
        // The first error is the one to tell.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_folder(folder)
}

/// The real one.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        files::make_private_folder(path)?;
        // The state folder itself may be new as well.
        for above in path.ancestors().skip(1).take(3).filter(|above| above.is_dir()) {
            files::sync_folder(above)?;
        }
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        files::create_private(path)?.write_all(bytes)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        std::fs::OpenOptions::new().write(true).open(path)?.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        files::rename(from, to)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        files::sync_folder(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if !std::fs::symlink_metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than any of ours",
            ));
        }
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if let (true, Ok(name)) = (about.is_file(), entry.file_name().into_string()) {
                files.push(Listed { name, size: about.len() });
            }
        }
        files.sort();
        Ok(files)
    }
}
