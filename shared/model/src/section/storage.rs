//! Where data lies: disks, RAID arrays, file systems.

use serde::{Deserialize, Serialize};

use super::absent;

/// Section `disks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disks {
    /// The disks, sorted by name.
    pub disks: Vec<Disk>,
    /// Software RAID arrays, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub arrays: Vec<Array>,
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// The system's name for it (`nvme0n1`, `sda`).
    pub name: String,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The version of its firmware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// `ssd` or `hdd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// How it is attached: `nvme`, `sata`, `scsi`, `usb`, `mmc`, `virtio`, `xen`; on Windows also `ata`, `atapi`,
    /// `sas`, `raid`, `iscsi`, `fibre channel`, `firewire`, `sd`, `ufs`, `virtual`, `storage space`, `storage class
    /// memory`; on macOS what the system calls it, in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Whether it can be taken out while the machine runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removable: Option<bool>,
    /// Whether it refuses writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Its partitions, sorted by number.
    #[serde(skip_serializing_if = "absent")]
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Partition {
    /// The system's name for it.
    pub name: String,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// A software RAID array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Array {
    /// The system's name for it (`md0`).
    pub name: String,
    /// Its level (`raid1`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// `active`, `inactive` or `read-only`.
    pub state: String,
    /// How many members it should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u32>,
    /// How many members work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working: Option<u32>,
    /// What the array is busy with (`recovery`, `resync`, `check`), if with anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// Its members, sorted by name.
    pub members: Vec<Member>,
}

/// A member of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// The device.
    pub name: String,
    /// `in sync`, `failed` or `spare`.
    pub role: String,
}

/// Section `disks.health`: what the disks say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisksHealth {
    /// The disks that say something, sorted by name.
    pub disks: Vec<DiskHealth>,
}

/// How a disk fares: NVMe's health log (NVM Express base specification 2.0, 5.16.1.3), SMART
/// attributes (ATA), or what the system passes on of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskHealth {
    /// The disk, as in `disks`.
    pub name: String,
    /// Whether the disk expects to fail soon, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<bool>,
    /// What it warns of, in words, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub warnings: Vec<String>,
    /// Its temperature in degrees Celsius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub celsius: Option<i32>,
    /// How much of what it was made to endure is used up, in percent; may exceed 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wear_percent: Option<u32>,
    /// How much of its spare room is left, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spare_percent: Option<u32>,
    /// Sectors that it has replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reallocated: Option<u64>,
    /// Sectors that wait to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Errors that it could not correct, or lost data for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncorrected: Option<u64>,
    /// Errors on the cable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cable_errors: Option<u64>,
    /// How long it has run, in hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<u64>,
    /// How often it was switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<u64>,
    /// How often its power went away unannounced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_losses: Option<u64>,
    /// What was written to it over its life, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<u64>,
}

/// Section `filesystems`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filesystems {
    /// What is mounted on a device or over the network, sorted by mount point; the kernel's own
    /// file systems (`proc`, `sysfs`, control groups and the like) are left out.
    pub filesystems: Vec<Filesystem>,
}

/// A mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount_point: String,
    /// What is mounted there: a device, a share.
    pub source: String,
    /// Its kind (`ext4`, `nfs4`).
    pub kind: String,
    /// Whether it can only be read.
    pub read_only: bool,
    /// The options of the mount, sorted.
    #[serde(skip_serializing_if = "absent")]
    pub options: Vec<String>,
}

/// Section `filesystems.usage`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilesystemsUsage {
    /// The same file systems, sorted by mount point.
    pub filesystems: Vec<FilesystemUsage>,
}

/// How full a file system is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilesystemUsage {
    /// Where it is mounted.
    pub mount_point: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// In use, in bytes.
    pub used_bytes: u64,
    /// What an ordinary account may still write, in bytes.
    pub available_bytes: u64,
    /// Places for files; absent where there is no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inodes: Option<u64>,
    /// Places for files in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inodes_used: Option<u64>,
}
