//! File systems: the drives that are fixed in this machine.

use std::io;

use befund_model::probe::machine::FileSystem;
use befund_runtime::platform::wide::wide;
use windows_sys::Win32::Foundation::MAX_PATH;
use windows_sys::Win32::Storage::FileSystem::{
    GetDiskFreeSpaceExW, GetDriveTypeW, GetLogicalDrives, GetVolumeInformationW,
};
use windows_sys::Win32::System::SystemServices::FILE_READ_ONLY_VOLUME;
use windows_sys::Win32::System::WindowsProgramming::DRIVE_FIXED;

use super::{failed, until_zero};
use crate::probe::disk::percent;
use crate::probe::{Context, Unmeasured};

/// The file systems on disks, and what could not be read.
pub(in crate::probe) fn file_systems(
    _: &Context<'_>,
) -> Result<(Vec<FileSystem>, Vec<String>), Unmeasured> {
    let drives = drives().map_err(|error| failed("GetLogicalDrives", &error))?;
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for drive in drives {
        match file_system(&drive) {
            Ok(system) if system.total_bytes > 0 => found.push(system),
            Ok(_) => {}
            Err(error) => unread.push(format!("{drive}: {error}")),
        }
    }
    Ok((found, unread))
}

/// The drives' roots, as in `C:\`. Others than fixed ones say nothing of this machine, or may hang.
#[expect(unsafe_code, reason = "functions of Windows")]
fn drives() -> io::Result<Vec<String>> {
    // SAFETY: takes nothing.
    let letters = unsafe { GetLogicalDrives() };
    if letters == 0 {
        return Err(io::Error::last_os_error());
    }
    let there = (b'A'..=b'Z').filter(|letter| letters & (1 << (letter - b'A')) != 0);
    let roots = there.map(|letter| format!("{}:\\", char::from(letter)));
    // SAFETY: the root is ended by a zero.
    Ok(roots.filter(|root| unsafe { GetDriveTypeW(wide(root).as_ptr()) } == DRIVE_FIXED).collect())
}

#[expect(unsafe_code, reason = "functions of Windows")]
fn file_system(root: &str) -> io::Result<FileSystem> {
    let name = wide(root);
    let (mut available_bytes, mut total_bytes) = (0, 0);
    // SAFETY: the root is ended by a zero, and the numbers are ours.
    let told = unsafe {
        GetDiskFreeSpaceExW(
            name.as_ptr(),
            &raw mut available_bytes,
            &raw mut total_bytes,
            std::ptr::null_mut(),
        )
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    let mut flags = 0;
    let mut kind = [0_u16; MAX_PATH as usize + 1];
    // SAFETY: the root is ended by a zero, and the buffer is as long as is said.
    let told = unsafe {
        GetVolumeInformationW(
            name.as_ptr(),
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &raw mut flags,
            kind.as_mut_ptr(),
            MAX_PATH + 1,
        )
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(FileSystem {
        mount_point: root.to_owned(),
        device: root.trim_end_matches('\\').to_owned(),
        kind: until_zero(&kind).to_lowercase(),
        total_bytes,
        available_bytes,
        available_percent: percent(available_bytes, total_bytes),
        inodes_used_percent: None,
        read_only: flags & FILE_READ_ONLY_VOLUME != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_that_is_not_there_is_told() {
        assert!(file_system("Q:\\").is_err());
    }
}
