//! A small file system that one process and its children see at a path, and nobody else: a tmpfs in
//! a mount namespace of its own, gone with them. For what happens when a disk is full.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::under_mounts;

/// Mounts, and goes on as the command behind it.
const MOUNT: &str = r#"mount -t tmpfs -o "size=$1,mode=1777" tmpfs "$0" && shift && exec "$@""#;
/// What takes up the room.
const FILLER: &str = "filler";

/// The file system.
#[derive(Clone, Debug)]
pub struct SmallDisk {
    at: PathBuf,
    bytes: u64,
}

impl SmallDisk {
    /// One of so many bytes at this folder, which is made.
    ///
    /// # Panics
    /// If the folder cannot be made.
    #[must_use]
    pub fn at(folder: &Path, bytes: u64) -> Self {
        std::fs::create_dir_all(folder).expect("make a folder");
        Self { at: folder.to_owned(), bytes }
    }

    /// The command, as it sees the file system.
    #[must_use]
    pub fn under(&self, command: &Command) -> Command {
        let bytes = self.bytes.to_string();
        under_mounts(MOUNT, &[self.at.as_ref(), bytes.as_ref()], command)
    }

    /// A path below it, as others reach it through the process that was started
    /// [`under`](Self::under) it.
    #[must_use]
    pub fn through(&self, pid: u32, below: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        root.join(self.at.strip_prefix("/").unwrap_or(&self.at)).join(below)
    }

    /// Fills it to its last byte.
    ///
    /// # Panics
    /// If it cannot be written for another reason than that it is full.
    pub fn fill(&self, pid: u32) {
        let path = self.through(pid, FILLER);
        let mut file =
            OpenOptions::new().create(true).append(true).open(&path).expect("open the filler");
        for piece in [1 << 20, 4_096, 1] {
            let piece = vec![0xa5; piece];
            loop {
                match file.write(&piece) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("fill {}: {error}", path.display()),
                }
            }
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    /// If the filler cannot be removed.
    pub fn make_room(&self, pid: u32) {
        std::fs::remove_file(self.through(pid, FILLER)).expect("remove the filler");
    }

    /// The names of the files in a folder below it.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn names(&self, pid: u32, below: &str) -> Vec<OsString> {
        let folder = self.through(pid, below);
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
        entries.map(|entry| entry.expect("a readable folder").file_name()).collect()
    }
}
