//! The folder: files written whole and durably, read with a cap, and trusted only if nobody else may write them.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use befund_runtime::files;

use super::KeepError;

/// The folder.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Opens it, and makes it where there is none.
    pub(super) fn open(folder: &Path) -> Result<Self, KeepError> {
        let wrong = |what| move |source| KeepError::Disk { what, path: folder.to_owned(), source };
        for path in [folder.to_owned(), folder.join("files"), folder.join(super::former::FOLDER)] {
            if !path.is_dir() {
                files::make_private_folder(&path).map_err(wrong("make the folder"))?;
            }
        }
        if let Some(why) = files::folder_changeable_by(folder).map_err(wrong("look at"))? {
            let source = io::Error::new(io::ErrorKind::PermissionDenied, why);
            return Err(wrong("trust the folder")(source));
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.folder.join(name).is_file()
    }

    /// Reads a file; `None` where there is none.
    pub(super) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, KeepError> {
        let path = self.folder.join(name);
        let wrong = |source| KeepError::Disk { what: "read", path: path.clone(), source };
        let file = match std::fs::File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(wrong)?,
        };
        if let Some(why) = files::changeable_by(&file).map_err(wrong)? {
            return Err(self.damaged(name, &why));
        }
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(wrong)?;
        if bytes.len() as u64 > most {
            return Err(self.damaged(name, &format!("it has more than {most} bytes")));
        }
        Ok(Some(bytes))
    }

    /// Writes a file so that a crash leaves the old one or the new one.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), KeepError> {
        let path = self.folder.join(name);
        let temporary = self.folder.join(format!("{name}.new"));
        let written = || {
            let mut file = files::create_private(&temporary)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            drop(file);
            files::rename(&temporary, &path)?;
            files::sync_folder(path.parent().unwrap_or(&self.folder))
        };
        written().map_err(|source| KeepError::Disk { what: "write", path: path.clone(), source })
    }

    /// Removes a file; one that is not there is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), KeepError> {
        let path = self.folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(|source| KeepError::Disk { what: "remove", path, source }),
        }
    }

    /// Removes the files of a folder within it that are not to be kept.
    pub(super) fn clear(&self, folder: &str, keep: &dyn Fn(&str) -> bool) -> Result<(), KeepError> {
        let folder = self.folder.join(folder);
        let wrong = |source| KeepError::Disk { what: "clear", path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let name = entry.map_err(wrong)?.file_name();
            if !name.to_str().is_some_and(keep) {
                std::fs::remove_file(folder.join(&name)).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// The names of the files of a folder within it.
    pub(super) fn names(&self, folder: &str) -> Result<Vec<String>, KeepError> {
        let folder = self.folder.join(folder);
        let wrong = |source| KeepError::Disk { what: "look into", path: folder.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            names.extend(entry.map_err(wrong)?.file_name().into_string());
        }
        Ok(names)
    }

    pub(super) fn damaged(&self, name: &str, why: &str) -> KeepError {
        KeepError::Damaged { path: self.folder.join(name), why: why.to_owned() }
    }
}
