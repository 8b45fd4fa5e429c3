//! SMART's data of SATA disks (ATA8-ACS, 7.53). Attributes are every maker's own; only those are read that all
//! mean the same by.

use befund_model::section::storage::DiskHealth;

/// Nobody's disk has run for a century; some count in minutes or seconds.
pub(crate) const MAX_HOURS: u64 = 1_000_000;

/// One of the disk's own measures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) id: u8,
    /// Whether its limit tells of a failure to come.
    grave: bool,
    pub(crate) value: u8,
    pub(crate) raw: u64,
}

/// Thirty places of twelve bytes; those of number 0 are empty.
pub(crate) fn attributes(data: &[u8; 512]) -> impl Iterator<Item = Attribute> {
    data[2..362].chunks_exact(12).filter(|place| place[0] != 0).map(|place| Attribute {
        id: place[0],
        grave: place[1] & 1 == 1,
        value: place[3],
        raw: u64::from_le_bytes([
            place[5], place[6], place[7], place[8], place[9], place[10], 0, 0,
        ]),
    })
}

/// Reads SMART's data and, where they are, its limits.
pub(crate) fn read(data: &[u8; 512], limits: Option<&[u8; 512]>, solid: bool) -> DiskHealth {
    let mut health = DiskHealth::default();
    let limit = |id: u8| {
        let places = limits.map(|limits| limits[2..362].chunks_exact(12));
        places.into_iter().flatten().find(|place| place[0] == id).map(|place| place[1])
    };
    for attribute in attributes(data) {
        let low = attribute.raw & 0xffff_ffff;
        match attribute.id {
            5 => health.reallocated = Some(low),
            9 => health.hours = Some(low).filter(|hours| *hours < MAX_HOURS),
            12 => health.starts = Some(low),
            174 => health.power_losses = Some(low),
            // With rotating disks, it is every retreat of the heads.
            192 if solid => health.power_losses = health.power_losses.or(Some(low)),
            187 => health.uncorrected = Some(low),
            198 => health.uncorrected = health.uncorrected.or(Some(low)),
            197 => health.pending = Some(low),
            199 => health.cable_errors = Some(low),
            194 => health.celsius = celsius(attribute.raw),
            190 => health.celsius = health.celsius.or_else(|| celsius(attribute.raw)),
            _ => {}
        }
        // A limit of 0 is none, 254 and 255 are for tests.
        let failed = limit(attribute.id)
            .is_some_and(|limit| (1..254).contains(&limit) && attribute.value <= limit);
        if failed {
            health.warnings.push(format!("attribute {} is at its limit", attribute.id));
            if attribute.grave {
                health.failing = Some(true);
            }
        }
    }
    health.warnings.sort_unstable();
    health
}

/// The lowest byte; above it stand the lowest and the highest so far.
fn celsius(raw: u64) -> Option<i32> {
    let byte = u8::try_from(raw & 0xff).ok()?;
    (1..=125).contains(&byte).then(|| i32::from(byte))
}
