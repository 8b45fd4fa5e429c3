//! File systems by the kernel's table of mounts (proc_pid_mountinfo(5)).

use std::collections::BTreeMap;

use befund_model::probe::machine::FileSystem;

use super::super::space;
use crate::probe::disk::percent;
use crate::probe::{Context, Unmeasured};

/// What `statvfs` tells of a mounted file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe::platform) struct Space {
    pub(in crate::probe::platform) total_bytes: u64,
    pub(in crate::probe::platform) available_bytes: u64,
    /// All and free; none where the file system does not count them.
    pub(in crate::probe::platform) inodes: Option<(u64, u64)>,
    pub(in crate::probe::platform) read_only: bool,
}

/// Kinds that hold files on a disk of this machine. Others (network, memory, images that are full
/// by nature) say nothing about room, or may hang.
const ON_DISK: &[&str] = &[
    "apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs", "ntfs3",
    "overlay", "reiserfs", "vfat", "xfs", "zfs",
];

/// The file systems on disks, and what could not be read.
pub(in crate::probe) fn file_systems(
    context: &Context<'_>,
) -> Result<(Vec<FileSystem>, Vec<String>), Unmeasured> {
    let mounts = mounts(&context.read("/proc/self/mountinfo")?);
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for mount in mounts.into_values() {
        match space(&context.path(&mount.mount_point)) {
            Ok(space) if space.total_bytes > 0 => found.push(filled(mount, space)),
            Ok(_) => {}
            Err(error) => unread.push(format!("{}: {error}", mount.mount_point)),
        }
    }
    Ok((found, unread))
}

/// The mounts on disks, each device once, by its shortest mount point (proc_pid_mountinfo(5)).
fn mounts(table: &str) -> BTreeMap<String, FileSystem> {
    let mut mounts: BTreeMap<String, FileSystem> = BTreeMap::new();
    for line in table.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let left: Vec<_> = left.split(' ').collect();
        let right: Vec<_> = right.split(' ').collect();
        let ([_, _, device_number, _, mount_point, ..], [kind, device, ..]) =
            (left.as_slice(), right.as_slice())
        else {
            continue;
        };
        if !ON_DISK.contains(kind) {
            continue;
        }
        let mount_point = unescaped(mount_point);
        let known = mounts.get(*device_number);
        if known.is_none_or(|known| known.mount_point.len() > mount_point.len()) {
            let (device, kind) = (unescaped(device), (*kind).to_owned());
            let system = FileSystem { mount_point, device, kind, ..FileSystem::default() };
            mounts.insert((*device_number).to_owned(), system);
        }
    }
    mounts
}

/// Undoes the table's `\040` for blanks and the like.
fn unescaped(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) if byte == b'\\' => {
                plain.push(code);
                rest = &after[3..];
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn filled(mount: FileSystem, space: Space) -> FileSystem {
    FileSystem {
        total_bytes: space.total_bytes,
        available_bytes: space.available_bytes,
        available_percent: percent(space.available_bytes, space.total_bytes),
        inodes_used_percent: space
            .inodes
            .map(|(all, free)| percent_up(all.saturating_sub(free), all)),
        read_only: space.read_only,
        ..mount
    }
}

/// A part of a whole in per cent, rounded up.
fn percent_up(part: u64, whole: u64) -> u8 {
    let whole = u128::from(whole.max(1));
    u8::try_from((u128::from(part) * 100).div_ceil(whole)).unwrap_or(100).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_counts_once_and_only_disks() {
        let table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                     23 22 0:5 / /proc rw - proc proc rw\n\
                     24 22 8:1 /srv /very/long rw - ext4 /dev/sda1 rw\n\
                     25 22 8:2 / /my\\040disk rw shared:1 - xfs /dev/sda2 rw\n\
                     26 22 0:50 / /nfs rw - nfs4 server:/x rw\n";
        let points: Vec<_> = mounts(table).into_values().map(|mount| mount.mount_point).collect();
        assert_eq!(points, ["/", "/my disk"]);
    }
}
