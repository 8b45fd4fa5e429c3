//! Texts as Windows takes and gives them: UTF-16, ended by a zero.

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt as _;

/// A text for Windows.
#[must_use]
pub fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// A text of Windows' making, up to its zero.
///
/// # Safety
/// It must be ended by a zero.
#[expect(unsafe_code, reason = "a C string's length is found by reading it")]
#[must_use]
pub unsafe fn text(from: *const u16) -> String {
    let mut length = 0;
    // SAFETY: nothing beyond the zero is read, which the caller says is there.
    while unsafe { *from.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: all of it was just read.
    String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(from, length) })
}
