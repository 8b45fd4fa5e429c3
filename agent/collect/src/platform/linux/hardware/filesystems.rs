//! What is mounted, and how full it is.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use befund_model::section::storage::{Filesystem, FilesystemUsage, Filesystems, FilesystemsUsage};

use crate::collector::{Context, Gap};

/// How long a server of a mounted share may take to answer.
const SERVER_DEADLINE: Duration = Duration::from_secs(1);

/// Section `filesystems`.
pub(crate) fn filesystems(cx: &Context) -> Result<Filesystems, Gap> {
    let mut filesystems = mounted(cx)?;
    filesystems.retain(|filesystem| !is_kernels_own(filesystem));
    for filesystem in &mut filesystems {
        // Options of network mounts carry user names and passwords.
        for option in &mut filesystem.options {
            *option = cx.redactor.text(option).to_string();
        }
        filesystem.source = cx.redactor.text(&filesystem.source).to_string();
    }
    Ok(Filesystems { filesystems })
}

/// Section `filesystems.usage`.
pub(crate) fn usage(cx: &Context) -> Result<FilesystemsUsage, Gap> {
    if !cx.root.is_live() {
        return Err(Gap::unsupported("only the running system can be asked how full it is"));
    }
    let mut result = FilesystemsUsage::default();
    for filesystem in mounted(cx)? {
        if is_kernels_own(&filesystem) {
            continue;
        }
        let mount_point = filesystem.mount_point;
        cx.root.trail().at(&mount_point);
        let usage =
            if is_remote(&filesystem.kind) { ask_remote(&mount_point) } else { ask(&mount_point) };
        match usage {
            Ok(usage) if usage.size_bytes > 0 => result.filesystems.push(usage),
            Ok(_) => {}
            Err(why) => {
                cx.gap(Gap::failed(format!("{mount_point} does not say how full it is: {why}")))
            }
        }
    }
    Ok(result)
}

/// A server that is gone lets the question hang for good, so it is asked on a thread of its own.
fn ask_remote(mount_point: &str) -> Result<FilesystemUsage, String> {
    let (answer, answered) = sync_channel(1);
    let place = mount_point.to_owned();
    thread::Builder::new()
        .name("statvfs".into())
        .spawn(move || answer.send(ask(&place)))
        .map_err(|error| error.to_string())?;
    answered
        .recv_timeout(SERVER_DEADLINE)
        .unwrap_or_else(|_| Err("its server does not answer".into()))
}

fn ask(mount_point: &str) -> Result<FilesystemUsage, String> {
    let told = rustix::fs::statvfs(mount_point).map_err(|error| error.to_string())?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Ok(FilesystemUsage {
        mount_point: mount_point.to_owned(),
        size_bytes: bytes(told.f_blocks),
        used_bytes: bytes(told.f_blocks.saturating_sub(told.f_bfree)),
        available_bytes: bytes(told.f_bavail),
        inodes: (told.f_files > 0).then_some(told.f_files),
        inodes_used: (told.f_files > 0).then(|| told.f_files.saturating_sub(told.f_ffree)),
    })
}

/// Reads mountinfo (proc(5)); of several mounts on one place the last one counts, since it hides
/// the others.
pub(super) fn mounted(cx: &Context) -> Result<Vec<Filesystem>, Gap> {
    const MOUNTS: &str = "/proc/self/mountinfo";
    let text = cx.root.text(MOUNTS)?;
    let mut filesystems = std::collections::BTreeMap::new();
    for filesystem in cx.lines(MOUNTS, text.lines(), line) {
        filesystems.insert(filesystem.mount_point.clone(), filesystem);
    }
    Ok(filesystems.into_values().collect())
}

/// One line: numbers, root, place, options, and behind a dash kind, source and options.
pub(crate) fn line(line: &str) -> Option<Filesystem> {
    let (place, device) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(4);
    let mount_point = unescaped(place.next()?);
    let mut options: Vec<String> = place.next()?.split(',').map(unescaped).collect();
    let mut device = device.split(' ');
    let kind = unescaped(device.next()?);
    let source = unescaped(device.next()?);
    let of_device = device.next().unwrap_or_default();
    let read_only = options.iter().any(|option| option == "ro")
        || of_device.split(',').any(|option| option == "ro");
    // Whether the device may be written to is not whether this mount may.
    options.extend(
        of_device.split(',').filter(|option| !matches!(*option, "rw" | "ro")).map(unescaped),
    );
    options.retain(|option| !option.is_empty());
    options.sort_unstable();
    options.dedup();
    Some(Filesystem { mount_point, source, kind, read_only, options })
}

/// Spaces, tabs, newlines and backslashes are written as `\040` and so on.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).filter(|digits| {
            first == b'\\' && digits.iter().all(|digit| matches!(digit, b'0'..=b'7'))
        });
        if let Some(&[a, b, c]) = octal {
            let value =
                (u16::from(a - b'0') << 6) | (u16::from(b - b'0') << 3) | u16::from(c - b'0');
            bytes.push(u8::try_from(value).unwrap_or(b'?'));
            rest = &tail[3..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether it holds no files of anybody's.
pub(super) fn is_kernels_own(filesystem: &Filesystem) -> bool {
    const KINDS: &[&str] = &[
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fuse.gvfsd-fuse",
        "fuse.lxcfs",
        "fuse.portal",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "squashfs",
        "sysfs",
        "tracefs",
    ];
    let runtime = filesystem.kind == "tmpfs"
        && ["/run/", "/dev/", "/sys/", "/proc/"]
            .iter()
            .any(|folder| filesystem.mount_point.starts_with(folder));
    let container = filesystem.kind == "overlay" && filesystem.mount_point != "/";
    KINDS.contains(&filesystem.kind.as_str()) || runtime || container
}

fn is_remote(kind: &str) -> bool {
    matches!(
        kind,
        "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "ceph" | "afs" | "glusterfs" | "virtiofs"
    ) || kind.starts_with("fuse")
}
