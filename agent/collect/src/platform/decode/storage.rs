//! What disks answer: `STORAGE_DEVICE_DESCRIPTOR`, the layout of partitions, and their health by NVMe's
//! log and SMART. Bytes from the outside; offsets that lead nowhere are as good as absent.

use befund_model::section::storage::{Disk, DiskHealth, Partition};

use crate::platform::drive::{nvme, smart};
use crate::smbios::said;

/// A number of 32 bits, lowest byte first.
pub(crate) fn double(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A number of 64 bits, lowest byte first.
pub(crate) fn quad(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// Fills in what a `STORAGE_DEVICE_DESCRIPTOR` says: removable at 10, offsets of maker, model,
/// revision and serial number from 12 on, the bus at 28.
pub(crate) fn descriptor(bytes: &[u8], disk: &mut Disk) {
    let text = |at: usize| {
        let offset = double(bytes, at).filter(|offset| *offset != 0)? as usize;
        let text = bytes.get(offset..)?;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        said(String::from_utf8_lossy(&text[..end]).trim())
    };
    disk.removable = bytes.get(10).map(|flag| *flag != 0);
    disk.vendor = text(12).filter(|vendor| !matches!(vendor.as_str(), "ATA" | "NVMe"));
    disk.model = text(16);
    disk.firmware = text(20);
    disk.serial = text(24).map(|serial| serial_number(&serial));
    disk.transport = double(bytes, 28).and_then(bus).map(str::to_owned);
}

/// Some drivers of ATA disks give the serial number as hexadecimal digits of its bytes, two and two
/// turned round; then it is long, even, and made of such digits alone.
fn serial_number(text: &str) -> String {
    let hexadecimal = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal {
        // NVMe's identifier ends with a dot.
        return text.trim_end_matches('.').to_owned();
    }
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..40).step_by(2).map(byte).collect();
    let Some(bytes) = bytes else { return text.to_owned() };
    let turned: Vec<u8> = bytes.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect();
    let readable = turned.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if !readable {
        return text.to_owned();
    }
    String::from_utf8_lossy(&turned).trim().to_owned()
}

/// `STORAGE_BUS_TYPE`, in the words that other systems use as well.
pub(crate) const fn bus(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "scsi",
        2 => "atapi",
        3 => "ata",
        4 => "firewire",
        6 => "fibre channel",
        7 => "usb",
        8 => "raid",
        9 => "iscsi",
        10 => "sas",
        11 => "sata",
        12 => "sd",
        13 => "mmc",
        14 | 15 => "virtual",
        16 => "storage space",
        17 => "nvme",
        18 => "storage class memory",
        19 => "ufs",
        _ => return None,
    })
}

/// The partitions of a `DRIVE_LAYOUT_INFORMATION_EX`: style, count, and from 48 on one in 144 bytes:
/// length at 16, number at 24; those of GPT have their kind at 32, those of MBR a byte.
pub(crate) fn partitions(bytes: &[u8]) -> Vec<Partition> {
    let count = double(bytes, 4).unwrap_or_default().min(512) as usize;
    let mut partitions = Vec::new();
    for entry in bytes.get(48..).unwrap_or_default().chunks_exact(144).take(count) {
        let (Some(size), Some(number)) = (quad(entry, 16), double(entry, 24)) else { continue };
        // Unused places have no number.
        if number == 0 || size == 0 {
            continue;
        }
        partitions.push((number, size));
    }
    partitions.sort_unstable();
    partitions
        .into_iter()
        .map(|(number, size)| Partition {
            name: format!("Partition{number}"),
            size_bytes: Some(size),
        })
        .collect()
}

/// NVMe's health log, 512 bytes.
pub(crate) fn nvme(log: &[u8]) -> Option<DiskHealth> {
    log.first_chunk().map(nvme::read)
}

/// SMART's data, 512 bytes, without its limits. Wear, and what was written, are attributes here, on whose
/// numbers makers agree (smartmontools' drive database has them).
pub(crate) fn smart(data: &[u8], solid: bool) -> Option<DiskHealth> {
    let data = data.first_chunk()?;
    let mut health = smart::read(data, None, solid);
    for attribute in smart::attributes(data) {
        let value = u32::from(attribute.value);
        match attribute.id {
            // What is left, in percent.
            177 | 202 | 231 | 233 if health.wear_percent.is_none() && value <= 100 => {
                health.wear_percent = Some(100 - value);
            }
            241 => health.written_bytes = attribute.raw.checked_mul(512),
            _ => {}
        }
    }
    Some(health)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_descriptor_is_read() {
        let mut bytes = vec![0_u8; 40];
        bytes[16..20].copy_from_slice(&40_u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&60_u32.to_le_bytes());
        bytes[24..28].copy_from_slice(&70_u32.to_le_bytes());
        bytes[28] = 17;
        bytes.extend(b"Samsung SSD 980 PRO\0GXA7801Q\0\x000025_3852_21B0_0C3F.\0");
        let mut disk = Disk::default();
        descriptor(&bytes, &mut disk);
        assert_eq!(disk.model.as_deref(), Some("Samsung SSD 980 PRO"));
        assert_eq!(disk.firmware.as_deref(), Some("GXA7801Q"));
        assert_eq!(disk.serial.as_deref(), Some("0025_3852_21B0_0C3F"));
        assert_eq!(disk.transport.as_deref(), Some("nvme"));
        assert_eq!(disk.removable, Some(false));
    }

    #[test]
    fn a_serial_number_in_digits_is_put_in_order() {
        // As old drivers give it: blanks first, pairs turned round.
        let hex = "2020202020202020202020204457572d43434532";
        assert_eq!(serial_number(hex), "WD-WCC2E");
        assert_eq!(serial_number("S6B0NL0W"), "S6B0NL0W");
    }

    #[test]
    fn the_logs_are_read() {
        let mut log = vec![0; 512];
        log[0] = 0b101;
        log[1..3].copy_from_slice(&311_u16.to_le_bytes());
        (log[3], log[5]) = (8, 97);
        log[48..56].copy_from_slice(&1_000_000_u64.to_le_bytes());
        log[144] = 12;
        let health = nvme(&log).expect("whole");
        assert_eq!(health.failing, Some(true));
        assert_eq!(health.warnings, ["reliability is degraded", "the spare room is used up"]);
        assert_eq!((health.celsius, health.wear_percent), (Some(38), Some(97)));
        assert_eq!(health.written_bytes, Some(512_000_000_000));
        assert_eq!(health.power_losses, Some(12));

        let mut data = vec![0; 512];
        data[2..14].copy_from_slice(&[5, 0, 0, 100, 100, 24, 0, 0, 0, 0, 0, 0]);
        data[14..26].copy_from_slice(&[197, 0, 0, 100, 100, 3, 0, 0, 0, 0, 0, 0]);
        data[26..38].copy_from_slice(&[194, 0, 0, 64, 40, 36, 0, 18, 0, 45, 0, 0]);
        data[38..50].copy_from_slice(&[177, 0, 0, 93, 93, 9, 0, 0, 0, 0, 0, 0]);
        let health = smart(&data, true).expect("whole");
        assert_eq!(health.wear_percent, Some(7));
        assert_eq!((health.reallocated, health.pending), (Some(24), Some(3)));
        assert_eq!(health.celsius, Some(36));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700), text in "\\PC{0,60}") {
            descriptor(&bytes, &mut Disk::default());
            let _ = partitions(&bytes);
            let _ = nvme(&bytes);
            let _ = smart(&bytes, false);
            let _ = serial_number(&text);
        }
    }
}
