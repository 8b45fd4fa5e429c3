//! Disks, file systems, and how volumes are encrypted.

use befund_model::section::security::Encryption;
use befund_model::section::storage::{
    Disk, Disks, DisksHealth, Filesystem, Filesystems, FilesystemsUsage,
};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, profile};
use crate::platform::macos::decode::disks as decode;
use crate::platform::macos::decode::plist::Value;
use crate::platform::macos::ms;

const DISKUTIL: &str = "/usr/sbin/diskutil";
/// How many disks are asked of one by one.
const MAX_DISKS: usize = 16;

fn physical(cx: &Context) -> Result<Vec<Disk>, Gap> {
    let told = ask(DISKUTIL, &["list", "-plist", "physical"]).within(ms(3_000)).plist(cx)?;
    Ok(decode::listed(&told))
}

fn info(cx: &Context, disk: &str) -> Option<Value> {
    cx.note(ask(DISKUTIL, &["info", "-plist", disk]).plist(cx))
}

/// Section `disks`.
pub(super) fn disks(cx: &Context) -> Result<Disks, Gap> {
    let mut disks = physical(cx)?;
    for disk in disks.iter_mut().take(MAX_DISKS) {
        if let Some(info) = info(cx, &disk.name) {
            decode::describe(&info, disk);
        }
    }
    const KINDS: &[&str] = &["SPNVMeDataType", "SPSerialATADataType"];
    if let Some(told) = cx.note(profile(cx)) {
        KINDS.iter().for_each(|kind| decode::identify(told.items(kind), &mut disks));
    }
    Ok(Disks { disks, arrays: Vec::new() })
}

/// Section `disks.health`.
pub(super) fn health(cx: &Context) -> Result<DisksHealth, Gap> {
    let disks = physical(cx)?;
    let told = disks.iter().take(MAX_DISKS);
    let disks: Vec<_> =
        told.filter_map(|disk| decode::health(&disk.name, &info(cx, &disk.name)?)).collect();
    if disks.is_empty() {
        return Err(Gap::unsupported("no disk of this machine tells how it fares"));
    }
    Ok(DisksHealth { disks })
}

/// What is mounted, without what the kernel makes up.
fn mounts(cx: &Context) -> Result<Vec<Filesystem>, Gap> {
    let told = ask("/sbin/mount", &[]).text(cx)?;
    let mut mounts = cx.lines("what mount answered", told.lines(), decode::mounted);
    mounts.retain(decode::is_real);
    mounts.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    Ok(mounts)
}

/// Section `filesystems`.
pub(super) fn filesystems(cx: &Context) -> Result<Filesystems, Gap> {
    Ok(Filesystems { filesystems: mounts(cx)? })
}

/// Section `filesystems.usage`.
pub(super) fn usage(cx: &Context) -> Result<FilesystemsUsage, Gap> {
    let mounts = mounts(cx)?;
    let told = match ask("/bin/df", &["-k", "-i"]).within(ms(1_500)).text(cx) {
        Ok(told) => told,
        // A server that is gone holds df up, unless it takes what is known.
        Err(gap) => {
            cx.gap(gap);
            ask("/bin/df", &["-k", "-i", "-n"]).within(ms(1_000)).text(cx)?
        }
    };
    // What can only be read is as full as it was made (images, parts of the system): no news. The system's own
    // volume is among them, but shares its room with the others.
    let ours = |place: &str| {
        mounts.iter().any(|mount| mount.mount_point == place && (!mount.read_only || place == "/"))
    };
    let mut filesystems: Vec<_> = told.lines().skip(1).filter_map(decode::used).collect();
    filesystems.retain(|usage| ours(&usage.mount_point) && usage.size_bytes > 0);
    filesystems.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    Ok(FilesystemsUsage { filesystems })
}

/// Section `encryption`.
pub(super) fn encryption(cx: &Context) -> Result<Encryption, Gap> {
    let told = ask(DISKUTIL, &["apfs", "list", "-plist"]).within(ms(4_000)).plist(cx)?;
    let mounts = cx.note(mounts(cx)).unwrap_or_default();
    Ok(Encryption { volumes: decode::volumes(&told, &mounts) })
}
