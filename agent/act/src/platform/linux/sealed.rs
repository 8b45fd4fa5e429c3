//! Scripts, and what they are given, in memory that nobody can write to any more.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::platform::family::Folder;

/// The bytes as a file that only whoever is started from here can open.
pub(crate) fn sealed(_: &Folder, bytes: &[u8]) -> io::Result<(PathBuf, Option<OwnedFd>)> {
    // Without CLOEXEC: the interpreter opens the descriptor that it is left.
    let file = memory("script", MemfdFlags::empty(), bytes)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    Ok((path, Some(file.into())))
}

/// The bytes as a standard input, to be read from its beginning.
pub(crate) fn input(_: &Folder, bytes: &[u8]) -> io::Result<File> {
    let mut file = memory("input", MemfdFlags::CLOEXEC, bytes)?;
    file.rewind()?;
    Ok(file)
}

fn memory(name: &str, flags: MemfdFlags, bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create(name, flags | MemfdFlags::ALLOW_SEALING)?);
    file.write_all(bytes)?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}
