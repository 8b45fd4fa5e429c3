//! `disk.space`: how full the file systems on disks are.

use std::collections::BTreeMap;

use befund_model::probe::machine::{DiskSpaceFacts, FileSystem};
use befund_model::probe::{Parameters, Verdict};

use super::platform::{self, Space};
use super::{Context, Measured, Outcome, Unmeasured};

/// docs/probes.md: per cent available, and per cent of inodes used.
const WARN_BELOW: u8 = 15;
const FAIL_BELOW: u8 = 5;
const INODES_FAIL_ABOVE: u8 = 95;

/// Kinds that hold files on a disk of this machine. Others (network, memory, images that are full
/// by nature) say nothing about room, or may hang.
const ON_DISK: &[&str] = &[
    "apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ntfs", "ntfs3",
    "overlay", "reiserfs", "vfat", "xfs", "zfs",
];

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let table = "/proc/self/mountinfo";
    let mounts = mounts(&context.read(table)?);
    let mut file_systems = Vec::new();
    let mut unread = Vec::new();
    for mount in mounts.into_values() {
        match platform::space(&context.path(&mount.mount_point)) {
            Ok(space) if space.total_bytes > 0 => file_systems.push(filled(mount, space)),
            Ok(_) => {}
            Err(error) => unread.push(format!("{}: {error}", mount.mount_point)),
        }
    }
    if file_systems.is_empty() && unread.is_empty() {
        return Err(Unmeasured::unsupported("no file system on a disk is mounted"));
    }
    file_systems.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    for system in &file_systems {
        context
            .say(format_args!("{}: {} % available", system.mount_point, system.available_percent));
    }
    let (verdict, summary) = judge(&file_systems);
    let measured = Measured::new(verdict, summary, &DiskSpaceFacts { file_systems })?;
    Ok(if unread.is_empty() { measured } else { measured.partial(unread.join(", ")) })
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
    let percent = |part: u64, whole: u64, up: u128| {
        let whole = u128::from(whole.max(1));
        u8::try_from((u128::from(part) * 100 + up * (whole - 1)) / whole).unwrap_or(100).min(100)
    };
    FileSystem {
        total_bytes: space.total_bytes,
        available_bytes: space.available_bytes,
        available_percent: percent(space.available_bytes, space.total_bytes, 0),
        inodes_used_percent: space
            .inodes
            .map(|(all, free)| percent(all.saturating_sub(free), all, 1)),
        read_only: space.read_only,
        ..mount
    }
}

fn judge(systems: &[FileSystem]) -> (Verdict, String) {
    let mut told: Vec<(Verdict, String)> = Vec::new();
    // What cannot be written to is as full as it was made.
    for system in systems.iter().filter(|system| !system.read_only) {
        let at = &system.mount_point;
        let available = system.available_percent;
        if available < FAIL_BELOW {
            told.push((Verdict::Fail, format!("{at} has {available} % left")));
        } else if available < WARN_BELOW {
            told.push((Verdict::Warn, format!("{at} has {available} % left")));
        }
        if let Some(used) = system.inodes_used_percent.filter(|used| *used > INODES_FAIL_ABOVE) {
            told.push((Verdict::Fail, format!("{at} has used {used} % of its inodes")));
        }
    }
    let failed = told.iter().any(|(verdict, _)| *verdict == Verdict::Fail);
    let texts: Vec<_> = told.into_iter().map(|(_, text)| text).collect();
    match (texts.is_empty(), failed) {
        (true, _) => {
            let least = systems.iter().min_by_key(|system| system.available_percent);
            let least = least.map(|system| {
                format!(
                    "enough room everywhere; {} has {} % left",
                    system.mount_point, system.available_percent
                )
            });
            (Verdict::Pass, least.unwrap_or_default())
        }
        (false, true) => (Verdict::Fail, texts.join(", ")),
        (false, false) => (Verdict::Warn, texts.join(", ")),
    }
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

    #[test]
    fn thresholds() {
        let system = |available: u64, free_inodes: u64, read_only| {
            let space = Space {
                total_bytes: 1_000,
                available_bytes: available,
                inodes: Some((1_000, free_inodes)),
                read_only,
            };
            filled(FileSystem { mount_point: "/".into(), ..FileSystem::default() }, space)
        };
        assert_eq!(judge(&[system(150, 500, false)]).0, Verdict::Pass);
        assert_eq!(judge(&[system(149, 500, false)]).0, Verdict::Warn);
        assert_eq!(judge(&[system(49, 500, false)]).0, Verdict::Fail);
        assert_eq!(judge(&[system(500, 49, false)]).0, Verdict::Fail);
        assert_eq!(judge(&[system(0, 0, true)]).0, Verdict::Pass);
    }
}
