//! A small disk of a machine's own: an ext4 on a loop device, with files of any age in it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::run;
use crate::systemd::TestMachine;

/// When files are old: long before any test.
const LONG_AGO: &str = "20260101120000";

/// What is to be in it.
#[derive(Debug)]
pub struct LoopDisk {
    folder: TempDir,
    size: String,
    inodes: String,
    old: Vec<String>,
}

/// How old a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    New,
    Old,
}

impl LoopDisk {
    /// An empty one of so many MiB, with room for so many files.
    ///
    /// # Panics
    /// If no folder can be made.
    #[must_use]
    pub fn new(mib: u32, files: u32) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        std::fs::create_dir(folder.path().join("files")).expect("make a folder");
        Self { folder, size: format!("{mib}M"), inodes: files.to_string(), old: Vec::new() }
    }

    /// With a file of so many KiB.
    #[must_use]
    pub fn with(self, name: &str, kib: u64) -> Self {
        self.file(name, kib, Age::New)
    }

    /// With a file of so many KiB that nobody has used for long.
    #[must_use]
    pub fn with_old(self, name: &str, kib: u64) -> Self {
        self.file(name, kib, Age::Old)
    }

    fn file(mut self, name: &str, kib: u64, age: Age) -> Self {
        let path = self.folder.path().join("files").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        // Zeros would be left out of the disk.
        let noise = File::open("/dev/urandom").expect("noise");
        let mut file = File::create(path).expect("make a file");
        std::io::copy(&mut noise.take(kib << 10), &mut file).expect("fill it");
        if age == Age::Old {
            self.old.push(name.to_owned());
        }
        self
    }

    pub(super) fn mount<'a>(self, machine: &'a TestMachine, at: &str) -> Mounted<'a> {
        let image = self.folder.path().join("image");
        must(Command::new("truncate").args(["-s", &self.size]).arg(&image));
        let mut make = tool("mkfs.ext4");
        make.args(["-q", "-m", "0", "-N", &self.inodes, "-d"]);
        must(make.arg(self.folder.path().join("files")).arg(&image));
        self.age(&image);
        let device = must(tool("losetup").args(["--find", "--show"]).arg(&image));
        let mounted = Mounted { machine, at: at.to_owned(), device, _folder: self.folder };
        let line = format!(
            "mkdir -p {at}
             test -e {device} || mknod {device} b $(echo {number})
             mount {device} {at} && chmod 1777 {at}",
            device = mounted.device,
            number = number(&mounted.device)
        );
        let _ = machine.says(&["/bin/sh", "-ec", &line]);
        mounted
    }

    /// No program can set when a file was changed, but for one that writes the file system.
    fn age(&self, image: &Path) {
        let mut commands = String::new();
        for name in &self.old {
            for time in ["atime", "mtime", "ctime"] {
                commands.push_str(&format!("set_inode_field \"{name}\" {time} {LONG_AGO}\n"));
            }
        }
        let list = self.folder.path().join("commands");
        std::fs::write(&list, commands).expect("write");
        must(tool("debugfs").args(["-w", "-f"]).arg(&list).arg(image));
    }
}

/// A disk that is mounted. It is taken out when this is dropped.
#[derive(Debug)]
pub struct Mounted<'a> {
    machine: &'a TestMachine,
    at: String,
    device: String,
    _folder: TempDir,
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Lazily: somebody in it may have it open, and all of it goes with the machine.
        let _ = self.machine.run(&["umount", "--lazy", &self.at]);
        let _ = run(tool("losetup").args(["--detach", &self.device]));
    }
}

/// The numbers of a device, as `mknod` takes them.
fn number(device: &str) -> String {
    let told = must(Command::new("stat").args(["-c", "0x%t 0x%T", device]));
    told.split_whitespace()
        .map(|word| i64::from_str_radix(word.trim_start_matches("0x"), 16).expect("a number"))
        .map(|number| number.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A program of the system's, which an ordinary path may leave out.
fn tool(name: &str) -> Command {
    let folders = ["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from);
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
    Command::new(found.unwrap_or_else(|| PathBuf::from(name)))
}

fn must(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
