//! The files of a data folder that are in a backup, and how they are put back: written whole and
//! synced under another name first.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{BackupError, platform};
use crate::config::DataFolder;

const CONFIG: &str = "config.toml";
const LEDGER: &str = "ledger";
const CA: &str = "ca/";

/// The files of a backup, by their place in the data folder.
pub(super) fn of(data: &DataFolder) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let mut files = Vec::new();
    for (name, path) in [(CONFIG, data.config()), (LEDGER, data.ledger())] {
        match std::fs::read(&path) {
            Ok(bytes) => files.push((name.to_owned(), bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BackupError::File { attempt: "read", path, source }),
        }
    }
    let folder = data.ca();
    let failed = |source| BackupError::File { attempt: "read", path: folder.clone(), source };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push((format!("{CA}{name}"), std::fs::read(entry.path()).map_err(failed)?));
        }
    }
    Ok(files)
}

/// Files that are written and synced, but not in place yet.
pub(super) struct Staged {
    ledger: PathBuf,
    ca: Option<PathBuf>,
    config: Option<(PathBuf, PathBuf)>,
}

/// Writes the files beside the places where they belong.
pub(super) fn stage(
    data: &DataFolder,
    kept: &[(String, Vec<u8>)],
    ledger: &[u8],
) -> Result<Staged, BackupError> {
    let ledger_part = part_of(&data.ledger());
    write(&ledger_part, ledger)?;
    let mut staged = Staged { ledger: ledger_part, ca: None, config: None };
    let ca = part_of(&data.ca());
    for (name, bytes) in kept {
        if let Some(name) = name.strip_prefix(CA) {
            // A name comes from the file: it must not lead anywhere else.
            if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
                let problem = format!("it names a file {name:?}");
                return Err(BackupError::Contents { path: data.path().to_owned(), problem });
            }
            if staged.ca.is_none() {
                fresh_folder(&ca)?;
                staged.ca = Some(ca.clone());
            }
            write(&ca.join(name), bytes)?;
        } else if name == CONFIG {
            // The configuration that is there names this machine's addresses: it stays.
            let place = match std::fs::read(data.config()) {
                Ok(there) if there == *bytes => continue,
                Ok(_) => data.path().join("config.restored.toml"),
                Err(_) => data.config(),
            };
            let part = part_of(&place);
            write(&part, bytes)?;
            staged.config = Some((part, place));
        }
    }
    Ok(staged)
}

impl Staged {
    /// Puts the ledger in place.
    pub(super) fn ledger(&self, data: &DataFolder) -> Result<(), BackupError> {
        let path = data.ledger();
        put_in_place(&self.ledger, &path).map_err(|source| BackupError::File {
            attempt: "put in place",
            path,
            source,
        })
    }

    /// Puts the rest in place; answers where the configuration went.
    pub(super) fn rest(self, data: &DataFolder) -> Result<Option<PathBuf>, BackupError> {
        if let Some(part) = self.ca {
            let place = data.ca();
            let failed =
                |source| BackupError::File { attempt: "put in place", path: data.ca(), source };
            if place.exists() {
                let before = data.path().join("ca.before-restore");
                remove_folder(&before).map_err(failed)?;
                std::fs::rename(&place, &before).map_err(failed)?;
            }
            put_in_place(&part, &place).map_err(failed)?;
        }
        let Some((part, place)) = self.config else { return Ok(None) };
        put_in_place(&part, &place).map_err(|source| BackupError::File {
            attempt: "put in place",
            path: place.clone(),
            source,
        })?;
        Ok(Some(place))
    }
}

/// The name under which something is written before it is whole.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Renames what is whole and synced into its place, and syncs the folder.
pub(super) fn put_in_place(part: &Path, place: &Path) -> io::Result<()> {
    std::fs::rename(part, place)?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.sync_all(),
        // Folders cannot be opened everywhere.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { attempt: "write", path: path.to_owned(), source };
    let mut file = platform::create_private(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn fresh_folder(path: &Path) -> Result<(), BackupError> {
    remove_folder(path)
        .and_then(|()| crate::platform::create_private_folder(path))
        .map_err(|source| BackupError::File { attempt: "make", path: path.to_owned(), source })
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
