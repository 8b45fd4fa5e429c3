//! The few things that the journal asks of a file system, behind a trait, so that a test can replay what a
//! power cut leaves of them. Nothing here knows what a record is.

use std::io::{self, Write as _};
use std::path::Path;

use befund_runtime::files;

/// A file that stands in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name within the folder.
    pub name: String,
    /// Its bytes.
    pub size: u64,
}

/// A file system. Only [`sync`](Self::sync) and [`sync_folder`](Self::sync_folder) make anything durable: the
/// one a file's bytes, the other the names in a folder.
pub trait Io {
    /// Makes a folder that only its owner may enter, and those above it, durably; one that others may write to
    /// is refused.
    ///
    /// # Errors
    /// The system's, or `PermissionDenied` with the reason.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Creates an empty file, for its owner's eyes only, in place of what bore the name.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<()>;
    /// Adds bytes to the end of a file that is there. After an error some of them may have been added.
    ///
    /// # Errors
    /// The system's.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes a file's bytes durable.
    ///
    /// # Errors
    /// The system's. What was written since the last success may be lost then, also if a later call succeeds.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what bore it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Reads a file of at most `most` bytes.
    ///
    /// # Errors
    /// The system's; `FileTooLarge` if it is longer.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>>;
    /// The files within a folder, by name.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
    /// Makes the names within a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The machine's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealIo;

impl Io for RealIo {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if !folder.is_dir() {
            files::make_private_folder(folder)?;
            // Those above it may be new as well.
            for above in folder.ancestors().skip(1).take(3).filter(|above| above.is_dir()) {
                files::sync_folder(above)?;
            }
        }
        match files::folder_changeable_by(folder)? {
            None => Ok(()),
            Some(others) => {
                let how = files::how_to_own(folder);
                let text = format!("{others}, and what it holds is believed; {how}");
                Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
            }
        }
    }

    fn create(&self, path: &Path) -> io::Result<()> {
        files::create_private(path).map(drop)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::OpenOptions::new().append(true).open(path)?.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        std::fs::OpenOptions::new().append(true).open(path)?.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        files::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::ErrorKind::FileTooLarge.into());
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

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        files::sync_folder(folder)
    }
}
