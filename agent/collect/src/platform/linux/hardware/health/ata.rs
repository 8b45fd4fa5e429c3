//! SMART of SATA disks (ATA8-ACS, 7.53, and ACS-4, 9.5), carried by SCSI's ATA PASS-THROUGH (SAT-4,
//! 12.2.2).

use std::os::fd::OwnedFd;

use befund_model::section::storage::DiskHealth;

use crate::collector::{Context, Gap};
use crate::platform::drive::smart::{self, MAX_HOURS};

use super::{ASLEEP, passthrough};

/// Asks the disk.
pub(super) fn ask(cx: &Context, name: &str) -> Result<DiskHealth, Gap> {
    let disk = passthrough::disk(name)?;
    let refused = |error| passthrough::refused(name, error);
    // CHECK POWER MODE: 0 is standby.
    if check(&disk, 0xe5, 0).is_some_and(|sense| sense.count == 0) {
        return Err(Gap::unsupported(format!("{name} {ASLEEP}")));
    }
    let data = read(&disk, &command(0xd0)).map_err(refused)?;
    let Some(data) = data else {
        return Err(Gap::unsupported(format!("{name} does not know SMART")));
    };
    let limits = read(&disk, &command(0xd1)).map_err(refused)?;
    let media = cx.root.line(&format!("/sys/block/{name}/queue/rotational")).ok().flatten();
    let mut health = smart::read(&data, limits.as_ref(), media.as_deref() == Some("0"));
    // SMART RETURN STATUS: the two bytes turn round if the disk expects to fail.
    match check(&disk, 0xb0, 0xda).map(|sense| sense.middle) {
        Some([0x4f, 0xc2]) => health.failing = Some(health.failing == Some(true)),
        Some([0xf4, 0x2c]) => health.failing = Some(true),
        _ => {}
    }
    // The log of statistics is the same with all makers, where there is one.
    for page in [1, 7] {
        if let Ok(Some(log)) = read(&disk, &statistics(page)) {
            add_statistics(&log, &mut health);
        }
    }
    Ok(health)
}

/// The command SMART with this feature, reading a block.
fn command(feature: u8) -> [u8; 16] {
    [0x85, 4 << 1, 0x0e, 0, feature, 0, 1, 0, 0, 0, 0x4f, 0, 0xc2, 0, 0xb0, 0]
}

/// READ LOG EXT of the device statistics.
fn statistics(page: u8) -> [u8; 16] {
    [0x85, 4 << 1 | 1, 0x0e, 0, 0, 0, 1, 0, 0x04, 0, page, 0, 0, 0, 0x2f, 0]
}

/// A block, or `None` if the disk does not know the command.
fn read(disk: &OwnedFd, command: &[u8; 16]) -> std::io::Result<Option<[u8; 512]>> {
    let answer = passthrough::scsi(disk, command, 512)?;
    Ok((answer.status == 0).then_some(answer.data))
}

/// What a command without data leaves in the disk's registers.
struct Registers {
    count: u8,
    middle: [u8; 2],
}

fn check(disk: &OwnedFd, command: u8, feature: u8) -> Option<Registers> {
    let (middle, high) = if command == 0xb0 { (0x4f, 0xc2) } else { (0, 0) };
    let command = [0x85, 3 << 1, 0x20, 0, feature, 0, 0, 0, 0, 0, middle, 0, high, 0, command, 0];
    let sense = passthrough::scsi(disk, &command, 0).ok()?.sense;
    // In descriptor format, the ATA status return first.
    (sense[0] & 0x7f == 0x72 && sense[8] == 0x09)
        .then(|| Registers { count: sense[13], middle: [sense[17], sense[19]] })
}

/// Device statistics (ACS-4, 9.5.4 and 9.5.10): eight bytes to a value, of which the last tells
/// whether it is there (bit 7) and true (bit 6).
pub(crate) fn add_statistics(log: &[u8; 512], health: &mut DiskHealth) {
    let value = |at: usize, bytes: usize| {
        let place: &[u8; 8] = log[at..].first_chunk()?;
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(&place[..bytes]);
        (place[7] & 0xc0 == 0xc0).then(|| u64::from_le_bytes(number))
    };
    match log[2] {
        1 => {
            health.starts = value(8, 4).or(health.starts);
            health.hours = value(16, 4).filter(|hours| *hours < MAX_HOURS).or(health.hours);
            let sectors = value(24, 6);
            health.written_bytes =
                sectors.map(|sectors| sectors.saturating_mul(512)).or(health.written_bytes);
        }
        7 => {
            let used = value(8, 1).and_then(|used| u32::try_from(used).ok());
            health.wear_percent = used.or(health.wear_percent);
        }
        _ => {}
    }
}
