//! Disks and what lies on them: `diskutil`, the system profiler, mount(8) and df(1).

use befund_model::section::security::Volume;
use befund_model::section::storage::{Disk, DiskHealth, Filesystem, FilesystemUsage, Partition};

use super::plist::Value;

/// The disks of `diskutil list -plist physical`: the name, and the partitions.
pub(crate) fn listed(list: &Value) -> Vec<Disk> {
    let partition = |part: &Value| {
        Some(Partition { name: part.owned("DeviceIdentifier")?, size_bytes: part.size("Size") })
    };
    let disk = |disk: &Value| {
        let mut partitions: Vec<_> = disk.list("Partitions").iter().filter_map(partition).collect();
        partitions.sort_by_key(|part| number_behind(&part.name));
        Some(Disk {
            name: disk.owned("DeviceIdentifier")?,
            size_bytes: disk.size("Size"),
            partitions,
            ..Disk::default()
        })
    };
    let mut disks: Vec<_> = list.list("AllDisksAndPartitions").iter().filter_map(disk).collect();
    disks.sort_by(|a, b| a.name.cmp(&b.name));
    disks
}

/// The number at the end of a name: `disk0s10` comes behind `disk0s2`.
fn number_behind(name: &str) -> u64 {
    let digits = name.rsplit(|letter: char| !letter.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// What `diskutil info -plist` says of a disk.
pub(crate) fn describe(info: &Value, disk: &mut Disk) {
    disk.size_bytes =
        disk.size_bytes.or_else(|| info.size("TotalSize")).or_else(|| info.size("Size"));
    disk.model = info.owned("MediaName").or_else(|| info.owned("IORegistryEntryName"));
    disk.media = info.flag("SolidState").map(|ssd| if ssd { "ssd" } else { "hdd" }.to_owned());
    disk.transport = info.text("BusProtocol").map(transport);
    disk.removable = info.flag("Ejectable").or_else(|| info.flag("RemovableMedia"));
    disk.read_only = info.flag("WritableMedia").map(|writable| !writable);
}

/// Apple Fabric is how the storage of Apple silicon hangs on the processor; it speaks NVMe.
fn transport(protocol: &str) -> String {
    match protocol {
        "Apple Fabric" | "PCI-Express" | "PCI" | "NVMe" => "nvme".into(),
        "Secure Digital" => "mmc".into(),
        "Virtual Interface" | "Virtio" | "VirtIO" => "virtio".into(),
        other => other.to_ascii_lowercase(),
    }
}

/// What the system profiler says of the same disks: serial number and firmware.
pub(crate) fn identify(controllers: &[Value], disks: &mut [Disk]) {
    for device in controllers.iter().flat_map(|controller| controller.list("_items")) {
        let Some(name) = device.text("bsd_name") else { continue };
        let Some(disk) = disks.iter_mut().find(|disk| disk.name == name) else { continue };
        disk.serial = device.owned("device_serial");
        disk.firmware = device.owned("device_revision");
        disk.model = device.owned("device_model").or_else(|| disk.model.take());
    }
}

/// How a disk fares, by `diskutil info -plist`; `None` if it does not say. The names are those of NVMe's
/// health log, each of which may be missing.
pub(crate) fn health(name: &str, info: &Value) -> Option<DiskHealth> {
    let failing = match info.text("SMARTStatus") {
        Some("Verified") => Some(false),
        Some("Failing" | "About to Fail" | "Failed") => Some(true),
        _ => None,
    };
    let log = info.get("SMARTDeviceSpecificKeysMayVaryNotGuaranteed");
    if failing.is_none() && log.is_none() {
        return None;
    }
    let size = |name: &str| log?.size(name);
    let small = |name: &str| size(name).and_then(|number| u32::try_from(number).ok());
    Some(DiskHealth {
        name: name.to_owned(),
        failing,
        warnings: warnings(size("CRITICAL_WARNING").unwrap_or_default()),
        // In kelvin, as in the log.
        celsius: size("TEMPERATURE")
            .filter(|kelvin| (233..423).contains(kelvin))
            .and_then(|kelvin| i32::try_from(kelvin).ok())
            .map(|kelvin| kelvin - 273),
        wear_percent: small("PERCENTAGE_USED"),
        spare_percent: small("AVAILABLE_SPARE"),
        uncorrected: size("MEDIA_ERRORS_0"),
        hours: size("POWER_ON_HOURS_0"),
        starts: size("POWER_CYCLES_0"),
        power_losses: size("UNSAFE_SHUTDOWNS_0"),
        // Thousands of 512 bytes.
        written_bytes: size("DATA_UNITS_WRITTEN_0").and_then(|units| units.checked_mul(512_000)),
        ..DiskHealth::default()
    })
}

/// The bits of the log's first byte, in words, sorted. Apple's disks name 99 % as the spare room from which on
/// to warn, so that the disk's word counts here and not the comparison.
fn warnings(bits: u64) -> Vec<String> {
    const WORDS: &[(u64, &str)] = &[
        (8, "media is read-only"),
        (4, "reliability is degraded"),
        (1, "spare room is low"),
        (2, "temperature is out of bounds"),
        (16, "volatile memory backup failed"),
    ];
    WORDS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| (*word).to_owned()).collect()
}

/// Kinds of what the kernel makes up itself, and of places where something is mounted once one looks.
const MADE_UP: &[&str] = &["devfs", "autofs", "nullfs", "lifs", "fdesc"];

/// A line of mount(8): `/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)`.
pub(crate) fn mounted(line: &str) -> Option<Filesystem> {
    let (place, options) = line.strip_suffix(')')?.rsplit_once(" (")?;
    let (source, mount_point) = place.split_once(" on /")?;
    let mut options = options.split(", ");
    let kind = options.next()?.to_owned();
    let mut options: Vec<String> = options.map(str::to_owned).collect();
    options.sort_unstable();
    Some(Filesystem {
        mount_point: format!("/{mount_point}"),
        source: source.to_owned(),
        read_only: options.iter().any(|option| option == "read-only"),
        kind,
        options,
    })
}

/// Whether a file system holds files of anybody.
pub(crate) fn is_real(filesystem: &Filesystem) -> bool {
    !MADE_UP.contains(&filesystem.kind.as_str()) && !filesystem.source.starts_with("map ")
}

/// A line of `df -k -i`: source, 1024-blocks, used, available, capacity, inodes used and free, their share,
/// and the mount point. Names may hold blanks.
///
/// The volumes of an APFS container share its room: what they cannot have any more counts as used, as on
/// every other file system, so that used and available come to the size.
pub(crate) fn used(line: &str) -> Option<FilesystemUsage> {
    let (front, mount_point) = line.split_once(" /").and_then(|_| split_mount(line))?;
    let mut words = front.split_ascii_whitespace().rev();
    words.next()?.strip_suffix('%')?;
    let free_inodes: u64 = words.next()?.parse().ok()?;
    let used_inodes: u64 = words.next()?.parse().ok()?;
    words.next()?.strip_suffix('%')?;
    let mut bytes = || words.next()?.parse::<u64>().ok()?.checked_mul(1024);
    let (available_bytes, used_bytes, size_bytes) = (bytes()?, bytes()?, bytes()?);
    let used_bytes = if front.starts_with("/dev/disk") {
        size_bytes.checked_sub(available_bytes).unwrap_or(used_bytes)
    } else {
        used_bytes
    };
    // File systems that keep no such places tell of none that is free (FAT), or of none at all.
    let inodes = used_inodes.checked_add(free_inodes).filter(|_| free_inodes > 0);
    Some(FilesystemUsage {
        mount_point,
        size_bytes,
        used_bytes,
        available_bytes,
        inodes,
        inodes_used: inodes.map(|_| used_inodes),
    })
}

/// The mount point begins behind the last share in percent.
fn split_mount(line: &str) -> Option<(&str, String)> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find("% ") {
        let end = from + at + 1;
        let rest = line[end..].trim_start();
        if rest.starts_with('/') {
            return Some((&line[..end], rest.trim_end().to_owned()));
        }
        from = end;
    }
    None
}

/// Volumes of `diskutil apfs list -plist` that hold data of people or the system.
pub(crate) fn volumes(list: &Value, mounts: &[Filesystem]) -> Vec<Volume> {
    // What starts the system, mends it, and holds its memory: encrypted or not by the system's own rules.
    const ASIDE: &[&str] =
        &["Preboot", "Recovery", "VM", "Update", "xART", "Hardware", "iSCPreboot", "Baseband"];
    let mut found = Vec::new();
    for volume in list.list("Containers").iter().flat_map(|one| one.list("Volumes")) {
        let roles = volume.list("Roles");
        if roles.iter().any(|role| role.as_text().is_some_and(|role| ASIDE.contains(&role))) {
            continue;
        }
        let Some(name) = volume.owned("DeviceIdentifier") else { continue };
        // The system is mounted from a snapshot of its volume: `disk3s1s1`.
        let mount = mounts.iter().find(|mount| {
            let device = mount.source.strip_prefix("/dev/").unwrap_or_default();
            device == name || device.strip_prefix(&name).is_some_and(|rest| rest.starts_with('s'))
        });
        // Images that can only be read hold nobody's data.
        if mount.is_some_and(|mount| mount.read_only && mount.mount_point != "/") {
            continue;
        }
        // Without FileVault a volume may still be encrypted, with a key that the machine hands out to
        // whoever starts it: no protection of what it holds.
        let vault = volume.flag("FileVault");
        let Some(encrypted) = vault.or_else(|| volume.flag("Encryption")) else { continue };
        let state = if volume.flag("CryptoMigrationOn") == Some(true) {
            "encrypting"
        } else if volume.flag("Locked") == Some(true) {
            "locked"
        } else {
            "unlocked"
        };
        found.push(Volume {
            mount_point: mount.map(|mount| mount.mount_point.clone()),
            encrypted,
            kind: encrypted.then(|| if vault.is_some() { "filevault" } else { "apfs" }.to_owned()),
            cipher: encrypted.then(|| "aes-xts".to_owned()),
            state: encrypted.then(|| state.to_owned()),
            name,
        });
    }
    // Whatever else lies on a disk has no encryption of its own.
    for mount in mounts.iter().filter(|mount| mount.kind != "apfs" && !mount.read_only) {
        if let Some(device) = mount.source.strip_prefix("/dev/disk") {
            found.push(Volume {
                name: format!("disk{device}"),
                mount_point: Some(mount.mount_point.clone()),
                ..Volume::default()
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests;
