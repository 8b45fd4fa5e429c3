//! What functions of Windows take and tell: texts, codes, files put in one another's place.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{REPLACEFILE_WRITE_THROUGH, ReplaceFileW};

use crate::trouble::{Outcome, Trouble};

/// The text as Windows takes it: in UTF-16, ended by a zero.
pub(super) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// What a function says that gives a code, 0 being well.
pub(super) fn code(attempt: impl std::fmt::Display, code: u32) -> Outcome<()> {
    match code {
        0 => Ok(()),
        code => {
            let error = io::Error::from_raw_os_error(code.cast_signed());
            Err(Trouble::io(attempt, &error))
        }
    }
}

/// What a function says that gives zero when it fails.
pub(super) fn last(attempt: impl std::fmt::Display, result: i32) -> Outcome<()> {
    if result != 0 {
        return Ok(());
    }
    Err(Trouble::io(attempt, &io::Error::last_os_error()))
}

/// Puts one file in another's place, which keeps its access list and attributes.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(in crate::platform) fn swap(path: &Path, beside: &Path) -> io::Result<()> {
    let (path, beside) = (wide(path), wide(beside));
    // SAFETY: both paths are ended by a zero; no backup is asked for.
    let done = unsafe {
        ReplaceFileW(
            path.as_ptr(),
            beside.as_ptr(),
            std::ptr::null(),
            REPLACEFILE_WRITE_THROUGH,
            std::ptr::null(),
            std::ptr::null(),
        )
    };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
