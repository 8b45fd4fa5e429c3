//! What the spooler says of a queue (`PRINTER_STATUS_…`, `PRINTER_ATTRIBUTE_…` of winspool.h), in IPP's
//! words (RFC 8011, 5.4.11 and 5.4.12).

/// Whether it is idle, prints or is stopped; whether it takes jobs; and why, sorted.
pub(crate) fn state(status: u32, attributes: u32) -> (&'static str, bool, Vec<String>) {
    const REASONS: &[(u32, &str)] = &[
        (0x0000_0001, "paused"),
        (0x0000_0002, "other"),
        (0x0000_0008, "media-jam"),
        (0x0000_0010, "media-empty"),
        (0x0000_0020, "media-needed"),
        (0x0000_0040, "media-low"),
        (0x0000_0080, "offline"),
        (0x0000_0800, "output-area-full"),
        (0x0000_1000, "not-available"),
        (0x0002_0000, "toner-low"),
        (0x0004_0000, "toner-empty"),
        (0x0010_0000, "user-intervention"),
        (0x0020_0000, "out-of-memory"),
        (0x0040_0000, "cover-open"),
        (0x0080_0000, "server-unknown"),
    ];
    const STOPPED: u32 = 0x0000_0001 | 0x0000_0002 | 0x0000_0080 | 0x0000_1000;
    const BUSY: u32 = 0x0000_0200 | 0x0000_0400 | 0x0000_4000;
    const WORK_OFFLINE: u32 = 0x0000_0400;
    let mut reasons: Vec<String> = REASONS
        .iter()
        .filter(|(bit, _)| status & bit != 0)
        .map(|(_, reason)| (*reason).to_owned())
        .collect();
    let offline = attributes & WORK_OFFLINE != 0;
    if offline {
        reasons.push("offline".to_owned());
    }
    reasons.sort_unstable();
    reasons.dedup();
    let state = if offline || status & STOPPED != 0 {
        "stopped"
    } else if status & BUSY != 0 {
        "printing"
    } else {
        "idle"
    };
    // A queue that waits to be deleted takes none.
    (state, status & 0x0000_0004 == 0, reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_tells_why_it_stands_still() {
        assert_eq!(state(0, 0x40), ("idle", true, Vec::new()));
        assert_eq!(state(0x400, 0), ("printing", true, Vec::new()));
        assert_eq!(state(0, 0x400), ("stopped", true, vec!["offline".to_owned()]));
        let (stopped, _, reasons) = state(0x80 | 0x10 | 0x2_0000, 0);
        assert_eq!(stopped, "stopped");
        assert_eq!(reasons, ["media-empty", "offline", "toner-low"]);
    }
}
