//! Files by their modes.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::peer::Account;

/// Creates or empties a file that only its owner may read.
///
/// # Errors
/// The system's.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Makes a folder, and those above it, that only its owner may enter.
///
/// # Errors
/// The system's.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names within a folder durable.
///
/// # Errors
/// The system's.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Gives a file another name, replacing what bore it. Durable once the folder is synced.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// The account that owns a file, if it is there.
#[must_use]
pub fn owner_of(path: &Path) -> Option<Account> {
    std::fs::symlink_metadata(path).ok().map(|file| Account::of_uid(file.uid()))
}

/// Who but root and this process's account may change an open file, in words; `None` if nobody.
///
/// # Errors
/// The system's.
pub fn changeable_by(file: &File) -> io::Result<Option<String>> {
    Ok(changeable(&file.metadata()?))
}

/// Who but root and this process's account may change what is in a folder, in words; `None` if
/// nobody.
///
/// # Errors
/// The system's.
pub fn folder_changeable_by(folder: &Path) -> io::Result<Option<String>> {
    Ok(changeable(&std::fs::metadata(folder)?))
}

fn changeable(file: &Metadata) -> Option<String> {
    if file.uid() != 0 && file.uid() != Account::own().uid() {
        return Some(format!("it belongs to user {}", file.uid()));
    }
    let mode = file.mode();
    if mode & 0o022 != 0 {
        return Some(format!("its mode is {:o}, so others may write to it", mode & 0o7777));
    }
    None
}

/// What makes a file nobody's but root's, in words.
#[must_use]
pub fn how_to_own(path: &Path) -> String {
    let path = path.display();
    format!("make it root's with `chown root: {path}` and `chmod 644 {path}`")
}
