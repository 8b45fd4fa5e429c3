//! Files by their access lists.

use std::fs::File;
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsHandle as _, FromRawHandle as _};
use std::path::Path;
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, GENERIC_WRITE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_ALWAYS, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE, MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH, MoveFileExW, READ_CONTROL,
};

use super::peer::Account;
use super::security::{self, Descriptor, FILE};
use super::wide::wide;

/// How often a file that somebody else holds open is tried again, and how long apart: scanners of
/// all kinds look at files when they are new.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// What makes something in this folder private: nothing where the folder's own list does, so that
/// whoever administers the folder decides; else a list for this account, the system and
/// administrators alone.
fn private(folder: Option<&Path>, inherited: &str) -> io::Result<Option<Descriptor>> {
    let is_private = |folder: &Path| -> io::Result<bool> {
        security::of(look_at(folder, 0)?.as_handle(), FILE)?.is_private()
    };
    // What cannot be looked at is not relied on.
    if folder.is_some_and(|folder| is_private(folder).unwrap_or(false)) {
        return Ok(None);
    }
    let own = Account::own();
    let sddl =
        format!("D:PAI(A;{inherited};FA;;;SY)(A;{inherited};FA;;;BA)(A;{inherited};FA;;;{own})");
    Descriptor::read(&sddl).map(Some)
}

/// Creates or empties a file that only its owner may read.
///
/// # Errors
/// The system's.
#[expect(unsafe_code, reason = "the standard library makes no files with access lists")]
pub fn create_private(path: &Path) -> io::Result<File> {
    let descriptor = private(path.parent(), "")?;
    let attributes = descriptor.as_ref().map(Descriptor::attributes);
    let attributes = attributes.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the path is ended by a zero, and the attributes live beyond the call.
    let handle = unsafe {
        CreateFileW(
            wide(path).as_ptr(),
            GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            attributes,
            CREATE_ALWAYS,
            FILE_ATTRIBUTE_NORMAL,
            std::ptr::null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened for us.
    Ok(unsafe { File::from_raw_handle(handle) })
}

/// Makes a folder, and those above it, that only its owner may enter.
///
/// # Errors
/// The system's.
#[expect(unsafe_code, reason = "the standard library makes no folders with access lists")]
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_private_folder(above)?;
    }
    let descriptor = private(path.parent(), "OICI")?;
    let attributes = descriptor.as_ref().map(Descriptor::attributes);
    let attributes = attributes.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the path is ended by a zero, and the attributes live beyond the call.
    if unsafe { CreateDirectoryW(wide(path).as_ptr(), attributes) } == 0 {
        let error = io::Error::last_os_error();
        // Another process was faster.
        return if path.is_dir() { Ok(()) } else { Err(error) };
    }
    Ok(())
}

/// Windows syncs no folders; [`rename`] makes the new name durable instead.
///
/// # Errors
/// If there is no such folder.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    std::fs::metadata(path).map(drop)
}

/// Gives a file another name, replacing what bore it, and returns when that is on the disk.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (wide(from), wide(to));
    let mut tries = 0;
    loop {
        match move_file(&from, &to) {
            Err(error) if tries < TRIES && is_held(&error) => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            moved => return moved,
        }
    }
}

fn is_held(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(i32::cast_unsigned);
    matches!(code, Some(ERROR_SHARING_VIOLATION | ERROR_ACCESS_DENIED))
}

#[expect(unsafe_code, reason = "the standard library's rename does not wait for the disk")]
fn move_file(from: &[u16], to: &[u16]) -> io::Result<()> {
    let how = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
    // SAFETY: both are ended by a zero.
    match unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), how) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The account that owns a file, if it is there.
#[must_use]
pub fn owner_of(path: &Path) -> Option<Account> {
    let file = look_at(path, FILE_FLAG_OPEN_REPARSE_POINT).ok()?;
    security::of(file.as_handle(), FILE).ok()?.owner().ok()
}

/// Who but the system, administrators and this process's account may change an open file, in words;
/// `None` if nobody.
///
/// # Errors
/// The system's.
pub fn changeable_by(file: &File) -> io::Result<Option<String>> {
    security::of(file.as_handle(), FILE)?.changeable_by()
}

/// Who but the system, administrators and this process's account may change what is in a folder, in
/// words; `None` if nobody.
///
/// # Errors
/// The system's.
pub fn folder_changeable_by(folder: &Path) -> io::Result<Option<String>> {
    changeable_by(&look_at(folder, 0)?)
}

/// Opens a file or folder to see its security and no more.
fn look_at(path: &Path, how: u32) -> io::Result<File> {
    File::options()
        .access_mode(READ_CONTROL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | how)
        .open(path)
}

/// What makes a file nobody's but the administrators', in words.
#[must_use]
pub fn how_to_own(path: &Path) -> String {
    let path = path.display();
    format!(
        "as an administrator, make it theirs with `icacls \"{path}\" /setowner *S-1-5-32-544` and `icacls \"{path}\" /inheritance:r /grant *S-1-5-18:F *S-1-5-32-544:F`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("befund-{}-{name}", std::process::id()))
    }

    #[test]
    fn what_is_made_private_is_changed_by_nobody_else_and_replaced_as_a_whole() {
        let folder = folder("private").join("deeper");
        make_private_folder(&folder).expect("a folder");
        make_private_folder(&folder).expect("the same");
        assert_eq!(folder_changeable_by(&folder).expect("a descriptor"), None);
        let (new, old) = (folder.join("new"), folder.join("old"));
        for text in ["one", "other"] {
            std::io::Write::write_all(&mut create_private(&new).expect("a file"), text.as_bytes())
                .expect("written");
            rename(&new, &old).expect("renamed");
            assert_eq!(std::fs::read_to_string(&old).expect("a file"), text);
        }
        let file = File::open(&old).expect("a file");
        assert_eq!(changeable_by(&file).expect("a descriptor"), None);
        assert_eq!(owner_of(&old), Some(Account::own()));
        assert_eq!(owner_of(&new), None, "it was renamed");
        drop(file);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_not_there_is_told() {
        let nowhere = folder("nowhere");
        assert!(sync_folder(&nowhere).is_err());
        assert!(folder_changeable_by(&nowhere).is_err());
        let error = rename(&nowhere.join("a"), &nowhere.join("b")).expect_err("nothing there");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
