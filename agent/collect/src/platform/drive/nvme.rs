//! NVMe's health log (NVM Express base specification 2.0, 5.16.1.3).

use befund_model::section::storage::DiskHealth;

/// What a data unit is, in bytes.
const UNIT_BYTES: u64 = 512_000;

/// What the bits of the critical warning say, and whether it is that the disk is about to fail.
const WARNINGS: [(&str, bool); 6] = [
    ("the spare room is used up", true),
    ("too hot or too cold", false),
    ("reliability is degraded", true),
    ("it can only be read", true),
    ("the backup of its memory has failed", true),
    ("its persistent memory can only be read", true),
];

/// Reads the log.
pub(crate) fn read(log: &[u8; 512]) -> DiskHealth {
    // Counts have sixteen bytes; what does not fit eight is past belief.
    let count = |at: usize| {
        let bytes: Option<&[u8; 8]> = log[at..].first_chunk();
        bytes.map(|bytes| u64::from_le_bytes(*bytes))
    };
    let kelvin = u16::from_le_bytes([log[1], log[2]]);
    let (warnings, failing) = warnings(log[0]);
    DiskHealth {
        failing: Some(failing),
        warnings,
        celsius: (kelvin > 0).then(|| i32::from(kelvin) - 273),
        // With a threshold of none, zero is what a controller says that has no spare room to speak of,
        // as virtual ones do.
        spare_percent: (log[3] > 0 || log[4] > 0).then(|| u32::from(log[3])),
        wear_percent: Some(u32::from(log[5])),
        written_bytes: count(48).map(|units| units.saturating_mul(UNIT_BYTES)),
        starts: count(112),
        hours: count(128),
        power_losses: count(144),
        uncorrected: count(160),
        ..DiskHealth::default()
    }
}

/// In words, and whether the disk is about to fail.
pub(crate) fn warnings(bits: u8) -> (Vec<String>, bool) {
    let set = WARNINGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    let mut failing = false;
    let mut words = Vec::new();
    for (_, (word, grave)) in set {
        failing |= grave;
        words.push((*word).to_owned());
    }
    words.sort_unstable();
    (words, failing)
}
