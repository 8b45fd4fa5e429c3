//! What a battery answers: `BATTERY_INFORMATION` and `BATTERY_STATUS` of batclass.h. Capacities are in
//! milliwatt hours unless the battery only counts in percent of itself.

use super::storage::double;

/// What it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Information {
    pub(crate) of_the_system: bool,
    pub(crate) chemistry: Option<String>,
    pub(crate) design_mwh: Option<u64>,
    pub(crate) full_mwh: Option<u64>,
    pub(crate) cycles: Option<u32>,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) words: &'static str,
    pub(crate) capacity_mwh: Option<u64>,
}

/// Flags, technology and reserved bytes, four letters of chemistry at 8, design at 12, full at 16,
/// and the count of cycles at 32.
pub(crate) fn information(bytes: &[u8]) -> Option<Information> {
    const SYSTEM: u32 = 0x8000_0000;
    const RELATIVE: u32 = 0x4000_0000;
    let flags = double(bytes, 0)?;
    let letters = bytes.get(8..12)?;
    let capacity = |at: usize| {
        let value = double(bytes, at).filter(|value| !matches!(*value, 0 | u32::MAX));
        value.filter(|_| flags & RELATIVE == 0).map(u64::from)
    };
    let chemistry = String::from_utf8_lossy(letters).trim_matches(['\0', ' ']).to_owned();
    Some(Information {
        of_the_system: flags & SYSTEM != 0,
        chemistry: (!chemistry.is_empty()).then(|| technology(&chemistry)),
        design_mwh: capacity(12),
        full_mwh: capacity(16),
        // Zero is what batteries say that do not count.
        cycles: double(bytes, 32).filter(|cycles| *cycles > 0 && *cycles < u32::MAX),
    })
}

fn technology(letters: &str) -> String {
    match letters {
        "LION" | "Li-I" | "LiIo" => "Li-ion".into(),
        "LiP" | "LIPO" | "LiPo" => "Li-poly".into(),
        "NiMH" | "NIMH" => "NiMH".into(),
        "NiCd" => "NiCd".into(),
        "PbAc" => "lead-acid".into(),
        other => other.to_owned(),
    }
}

/// The power state (bits: on the mains, discharging, charging, critical) and the capacity.
pub(crate) fn status(bytes: &[u8]) -> Option<Status> {
    let state = double(bytes, 0)?;
    let capacity = double(bytes, 4).filter(|capacity| *capacity != u32::MAX).map(u64::from);
    let words = match (state & 1 != 0, state & 2 != 0, state & 4 != 0) {
        (_, _, true) => "charging",
        (_, true, _) => "discharging",
        (true, _, _) => "not charging",
        _ => "unknown",
    };
    Some(Status { words, capacity_mwh: capacity })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_battery_is_read() {
        let numbers = [0x8000_0000_u32, 1, 0, 57_000, 48_450, 2_000, 500, 0, 212];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes[8..12].copy_from_slice(b"LION");
        let told = information(&bytes).expect("whole");
        assert_eq!(told.chemistry.as_deref(), Some("Li-ion"));
        assert_eq!(
            (told.design_mwh, told.full_mwh, told.cycles),
            (Some(57_000), Some(48_450), Some(212))
        );
        assert!(told.of_the_system);
        let bytes: Vec<u8> =
            [2_u32, 24_000, 0, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let now = status(&bytes).expect("whole");
        assert_eq!((now.words, now.capacity_mwh), ("discharging", Some(24_000)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (information(&bytes), status(&bytes));
        }
    }
}
