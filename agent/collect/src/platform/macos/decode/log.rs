//! The system's log, as `log show --style ndjson` writes it: an object on each line.

use befund_model::Timestamp;
use serde::Deserialize;

use crate::platform::unix::local_time;

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) at: Option<Timestamp>,
    pub(crate) severity: &'static str,
    pub(crate) from: Option<String>,
    pub(crate) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    timestamp: Option<String>,
    message_type: Option<String>,
    process_image_path: Option<String>,
    event_message: Option<String>,
}

/// Reads a line; the last one only counts the others.
pub(crate) fn line(text: &str) -> Option<Said> {
    let line: Line = serde_json::from_str(text).ok()?;
    let message = line.event_message.filter(|message| !message.trim().is_empty())?;
    let severity = match line.message_type.as_deref() {
        // A fault is what one program finds wrong with the system as a whole.
        Some("Fault") => "critical",
        Some("Error") => "error",
        _ => "warning",
    };
    let from = line.process_image_path.as_deref().and_then(|path| path.rsplit('/').next());
    Some(Said {
        at: line.timestamp.as_deref().and_then(time),
        severity,
        from: from.filter(|from| !from.is_empty()).map(str::to_owned),
        message,
    })
}

/// `2024-05-01 10:00:00.123456+0200`, in reports of crashes `2024-05-01 10:00:00.00 +0200`.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (clock, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let clock = clock.trim().split('.').next()?.replace(' ', "T");
    let joined = format!("{clock}{offset}");
    local_time::with_offset(&joined)
}

/// What a message is about, by words of the kernel's and the system's programs.
pub(crate) fn topic(message: &str) -> Option<&'static str> {
    const TOPICS: &[(&str, &[&str])] = &[
        (
            "filesystem",
            &["apfs", "hfs", "fsck", "corrupt", "no space left", "nospc", "smbfs", "nfs "],
        ),
        (
            "disk",
            &[
                "i/o error",
                "disk0",
                "nvme",
                "ioblockstorage",
                "smart status",
                "media error",
                "diskarbitration",
            ],
        ),
        ("memory", &["memorystatus", "jetsam", "out of memory", "low swap", "vm_pressure"]),
        ("graphics", &["gpu", "agx", "windowserver", "metal", "ioaccel"]),
        (
            "hardware",
            &[
                "thermal",
                "smc",
                "usb",
                "thunderbolt",
                "battery",
                "applesmartbattery",
                "pmu",
                "pcie",
            ],
        ),
        ("crash", &["crash", "panic", "watchdog", "sigabrt", "exc_bad_access"]),
        (
            "sign-in",
            &[
                "authentication",
                "password",
                "opendirectory",
                "failed to authenticate",
                "login failed",
                "kerberos",
            ],
        ),
        (
            "network",
            &[
                "en0",
                "airport",
                "wi-fi",
                "wifi",
                "dhcp",
                "dns",
                "mdnsresponder",
                "network",
                "tcp",
                "vpn",
                "utun",
            ],
        ),
        ("time", &["timed", "ntp", "clock"]),
    ];
    let message = message.to_ascii_lowercase();
    let found = TOPICS.iter().find(|(_, words)| words.iter().any(|word| message.contains(word)));
    found.map(|(topic, _)| *topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_log_are_read() {
        // macOS 13; shortened.
        let text = r#"{"timezoneName":"","messageType":"Error","eventType":"logEvent","source":null,"processID":0,"processImagePath":"\/kernel","timestamp":"2024-05-01 10:00:00.123456+0200","eventMessage":"disk0s2: I\/O error.","subsystem":""}"#;
        let said = line(text).expect("a line");
        assert_eq!((said.severity, said.from.as_deref()), ("error", Some("kernel")));
        let at = said.at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2024-05-01T08:00:00Z"));
        assert_eq!(topic(&said.message), Some("disk"));
        assert_eq!(line(r#"{"count":12,"finished":1}"#), None);
        let at = time("2024-05-01 10:00:00.00 +0200").map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2024-05-01T08:00:00Z"));
        assert_eq!(time("é"), None);
    }
}
