//! Disks and what they say of their health: device control on `\\.\PhysicalDrive…`.
//!
//! Fixed codes of `ntddstor.h`, `ntdddisk.h`; those that only tell need no access to the disk's content.

use befund_model::section::storage::{Disk, DiskHealth, Disks, DisksHealth};
use windows::Win32::Foundation::{ERROR_WRITE_PROTECT, GENERIC_READ, GENERIC_WRITE};
use windows::core::Error;

use super::super::win32::{self, Open};
use crate::collector::{Context, Gap};
use crate::platform::decode::{hresult, storage};

const QUERY_PROPERTY: u32 = 0x002d_1400;
const PREDICT_FAILURE: u32 = 0x002d_1100;
const GEOMETRY_EX: u32 = 0x0007_00a0;
const LAYOUT_EX: u32 = 0x0007_0050;
const IS_WRITABLE: u32 = 0x0007_0024;
const SMART_DATA: u32 = 0x0007_c088;

/// Numbers of `STORAGE_PROPERTY_ID`.
const DEVICE: u32 = 0;
const SEEK_PENALTY: u32 = 7;
const ADAPTER_PROTOCOL: u32 = 49;
const DEVICE_PROTOCOL: u32 = 50;

/// More than any PC has.
const MAX_DISKS: u32 = 64;

/// The disks that can be opened, by name.
pub(crate) fn open(cx: &Context) -> Vec<(String, Open)> {
    let mut disks = Vec::new();
    for number in 0..MAX_DISKS {
        let name = format!("PhysicalDrive{number}");
        let path = format!(r"\\.\{name}");
        cx.root.trail().at(&path);
        match win32::device(&path, 0) {
            Ok(disk) => disks.push((name, disk)),
            Err(error) if hresult::not_found(error.code().0) => {}
            Err(error) => {
                let gap = win32::gap("CreateFile", &error);
                cx.gap(Gap { reason: format!("{name}: {}", gap.reason), ..gap });
            }
        }
    }
    disks
}

/// Section `disks`.
pub(crate) fn disks(cx: &Context) -> Result<Disks, Gap> {
    let mut disks: Vec<Disk> =
        open(cx).into_iter().map(|(name, open)| disk(cx, name, &open)).collect();
    if disks.is_empty() {
        return Err(Gap::unsupported(r"there is no \\.\PhysicalDrive0 to \\.\PhysicalDrive63"));
    }
    disks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Disks { disks, arrays: Vec::new() })
}

fn disk(cx: &Context, name: String, open: &Open) -> Disk {
    let noted = |what: &str, answer: Result<Vec<u8>, Error>| {
        let answer = answer.map_err(|error| {
            let gap = win32::gap(what, &error);
            Gap { reason: format!("{name}: {}", gap.reason), ..gap }
        });
        cx.note(answer)
    };
    let mut disk = Disk { name: name.clone(), ..Disk::default() };
    if let Some(bytes) = noted("IOCTL_STORAGE_QUERY_PROPERTY", property(open, DEVICE, &[], 4096)) {
        storage::descriptor(&bytes, &mut disk);
    }
    disk.media = rotates(open)
        .map(|rotates| if rotates { "hdd" } else { "ssd" })
        // What a hypervisor gives has no media to speak of, and USB bridges claim to rotate.
        .filter(|_| !matches!(disk.transport.as_deref(), Some("virtual" | "usb")))
        .map(str::to_owned);
    let geometry =
        noted("IOCTL_DISK_GET_DRIVE_GEOMETRY_EX", win32::control(open, GEOMETRY_EX, &[], 1024));
    // Behind the 24 bytes of the geometry proper.
    disk.size_bytes = geometry.and_then(|bytes| storage::quad(&bytes, 24)).filter(|size| *size > 0);
    disk.read_only = match win32::control(open, IS_WRITABLE, &[], 0) {
        Ok(_) => Some(false),
        Err(error) => (error.code() == ERROR_WRITE_PROTECT.to_hresult()).then_some(true),
    };
    let layout = noted(
        "IOCTL_DISK_GET_DRIVE_LAYOUT_EX",
        win32::control(open, LAYOUT_EX, &[], 48 + 144 * 128),
    );
    disk.partitions = layout.map(|bytes| storage::partitions(&bytes)).unwrap_or_default();
    disk
}

/// A property of a disk (`STORAGE_PROPERTY_QUERY`): its number, the kind of question (the usual one),
/// and parameters.
fn property(open: &Open, property: u32, parameters: &[u8], room: usize) -> Result<Vec<u8>, Error> {
    let mut query = property.to_le_bytes().to_vec();
    query.extend([0; 4]);
    query.extend(parameters);
    // The structure ends with a byte of parameters and is padded.
    query.resize(query.len().max(12), 0);
    win32::control(open, QUERY_PROPERTY, &query, room)
}

/// Whether looking for a place costs time, as it does where something rotates.
fn rotates(open: &Open) -> Option<bool> {
    property(open, SEEK_PENALTY, &[], 12).ok()?.get(8).map(|flag| *flag != 0)
}

/// Section `disks.health`.
pub(crate) fn health(cx: &Context) -> Result<DisksHealth, Gap> {
    let mut result = DisksHealth::default();
    let opened = open(cx);
    if opened.is_empty() {
        return Err(Gap::unsupported(r"there is no \\.\PhysicalDrive0 to \\.\PhysicalDrive63"));
    }
    for (name, open) in opened {
        let told = nvme(&open).or_else(|| ata(cx, &name, rotates(&open) == Some(false)));
        let mut health = DiskHealth { name, ..told.unwrap_or_default() };
        if health.failing.is_none() {
            // `STORAGE_PREDICT_FAILURE`: not zero if it expects to fail.
            let answer = win32::control(&open, PREDICT_FAILURE, &[], 516).ok();
            health.failing =
                answer.and_then(|bytes| storage::double(&bytes, 0)).map(|flag| flag != 0);
        }
        if health != (DiskHealth { name: health.name.clone(), ..DiskHealth::default() }) {
            result.disks.push(health);
        }
    }
    if result.disks.is_empty() {
        return Err(Gap::unsupported(
            "no disk answers for NVMe's health log, SMART or IOCTL_STORAGE_PREDICT_FAILURE",
        ));
    }
    result.disks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(result)
}

/// NVMe's health log by way of `STORAGE_PROTOCOL_SPECIFIC_DATA` (protocol 3, a log page, number 2).
fn nvme(open: &Open) -> Option<DiskHealth> {
    /// The structure's ten numbers.
    const DATA: usize = 40;
    let mut parameters = Vec::new();
    for number in [3_u32, 2, 2, 0, 40, 512, 0, 0, 0, 0] {
        parameters.extend(number.to_le_bytes());
    }
    parameters.extend([0; 512]);
    let room = 8 + DATA + 512;
    let answer = [DEVICE_PROTOCOL, ADAPTER_PROTOCOL]
        .into_iter()
        .find_map(|id| property(open, id, &parameters, room).ok())?;
    let offset = storage::double(&answer, 8 + 16)? as usize;
    storage::nvme(answer.get(8usize.checked_add(offset)?..)?)
}

/// SMART's attributes of an ATA disk; needs the right to write to the disk, which only administrators
/// have, though nothing is written.
fn ata(cx: &Context, name: &str, solid: bool) -> Option<DiskHealth> {
    let path = format!(r"\\.\{name}");
    let open = match win32::device(&path, GENERIC_READ.0 | GENERIC_WRITE.0) {
        Ok(open) => open,
        Err(error) => {
            let gap = win32::gap("CreateFile", &error);
            cx.gap(Gap { reason: format!("SMART of {name}: {}", gap.reason), ..gap });
            return None;
        }
    };
    // `SENDCMDINPARAMS`: size, then registers: READ DATA, count, number, 4Fh, C2h, head, B0h.
    let mut request = vec![0; 33];
    request[..4].copy_from_slice(&512_u32.to_le_bytes());
    request[4..11].copy_from_slice(&[0xd0, 1, 1, 0x4f, 0xc2, 0xa0, 0xb0]);
    let answer = win32::control(&open, SMART_DATA, &request, 16 + 512).ok()?;
    // Behind `SENDCMDOUTPARAMS`: size, and twelve bytes of status.
    storage::smart(answer.get(16..)?, solid)
}
