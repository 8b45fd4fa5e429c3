//! What disks say of themselves: NVMe's health log and ATA's SMART by ioctl, smartctl where it is
//! installed for what neither reaches, eMMC's registers and temperatures by the kernel's files. Where
//! that is not allowed (it takes `CAP_SYS_ADMIN` and `CAP_SYS_RAWIO`), UDisks is asked what it knows.

pub(crate) mod ata;
mod files;
pub(crate) mod nvme;
mod passthrough;
pub(crate) mod smartctl;
pub(crate) mod udisks;

use std::time::{Duration, Instant};

use befund_model::section::storage::{DiskHealth, DisksHealth};
use befund_model::snapshot::Status;

use crate::collector::{Context, Gap};

use super::disks::{is_disk, transport};

/// After how long no further disk is asked, so that what was told comes out in time.
const BUDGET: Duration = Duration::from_millis(2500);
/// What to say of a disk that sleeps: asking would start its motor.
const ASLEEP: &str = "sleeps and was left asleep";

/// Section `disks.health`.
pub(crate) fn health(cx: &Context) -> Result<DisksHealth, Gap> {
    let names = cx.root.list("/sys/block")?;
    let mut disks = Vec::new();
    let mut gaps = Vec::new();
    let started = Instant::now();
    let mut unasked = 0;
    for name in names.into_iter().filter(|name| is_disk(name)) {
        let asked = if started.elapsed() < BUDGET {
            ask(cx, &name)
        } else {
            unasked += 1;
            None
        };
        let mut disk = match asked {
            Some(Ok(disk)) => disk,
            Some(Err(gap)) => {
                // What this account may not ask, a service may know that may.
                let denied = gap.status == Status::Denied;
                gaps.push(gap);
                let known = denied.then(|| udisks::ask(cx, &name)).flatten();
                known.unwrap_or_default()
            }
            None => DiskHealth::default(),
        };
        files::add(cx, &name, &mut disk);
        if disk != DiskHealth::default() {
            disk.warnings.sort_unstable();
            disk.warnings.dedup();
            disks.push(DiskHealth { name, ..disk });
        }
    }
    if unasked > 0 {
        gaps.push(Gap::failed(format!("time was too short to ask {unasked} of the disks")));
    }
    if disks.is_empty() {
        let none = || Gap::unsupported("no disk of this machine tells how it fares");
        return Err(gaps.into_iter().next().unwrap_or_else(none));
    }
    for gap in gaps {
        cx.gap(gap);
    }
    Ok(DisksHealth { disks })
}

/// Asks the disk itself; `None` if it is of a kind that has nothing to say.
fn ask(cx: &Context, name: &str) -> Option<Result<DiskHealth, Gap>> {
    let transport = transport(cx, name)?;
    if !matches!(transport, "nvme" | "sata" | "scsi" | "usb") {
        return None;
    }
    if !cx.root.is_live() {
        return Some(Err(Gap::unsupported("only the running system's disks can be asked")));
    }
    // A reader without a card.
    if cx.root.number(&format!("/sys/block/{name}/size")).ok().flatten() == Some(0) {
        return None;
    }
    cx.root.trail().at(&format!("/dev/{name}"));
    match transport {
        "nvme" => Some(nvme::ask(name)),
        "sata" => match smartctl::ask(cx, name) {
            Some(Ok(disk)) => Some(Ok(disk)),
            _ => Some(ata::ask(cx, name)),
        },
        // What a bridge makes of commands that it does not know is better left to a program that knows
        // the bridges; most sticks do not tell at all.
        "usb" => smartctl::ask(cx, name)
            .filter(|told| !matches!(told, Err(gap) if gap.status == Status::Unsupported)),
        _ => smartctl::ask(cx, name).or_else(|| {
            let reason = format!("{name} can be asked by smartctl alone, which is not installed");
            Some(Err(Gap::unsupported(reason)))
        }),
    }
}
