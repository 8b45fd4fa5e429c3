//! Scripts in memory that nobody can write to any more.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::platform::family::Folder;

/// The bytes as a file that only whoever is started from here can open.
pub(crate) fn sealed(_: &Folder, bytes: &[u8]) -> io::Result<(PathBuf, Option<OwnedFd>)> {
    // Without CLOEXEC: the interpreter opens the descriptor that it is left.
    let mut file = File::from(memfd_create("script", MemfdFlags::ALLOW_SEALING)?);
    file.write_all(bytes)?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    Ok((path, Some(file.into())))
}
