//! What a machine without a policy is asked for: services and logs that every Windows has.

/// Services, by their names and not by what the console shows.
pub(in crate::probe) const SERVICES: &[&str] = &[
    "BFE",
    "BITS",
    "Dhcp",
    "Dnscache",
    "EventLog",
    "LanmanWorkstation",
    "NlaSvc",
    "Spooler",
    "W32Time",
    "WinDefend",
    "Winmgmt",
    "wuauserv",
];

/// Logs that hold no messages of people: name and file. Most of what Windows logs is no text.
pub(in crate::probe) const LOGS: &[(&str, &str)] = &[
    ("components", r"C:\Windows\Logs\CBS\CBS.log"),
    ("deployment", r"C:\Windows\Logs\DISM\dism.log"),
    ("devices", r"C:\Windows\INF\setupapi.dev.log"),
];

/// Names that are set by hand.
pub(in crate::probe) const HOSTS: &str = r"C:\Windows\System32\drivers\etc\hosts";

/// What is asked for names is in no file: after the hosts it is always the servers.
pub(in crate::probe) const SWITCH: Option<&str> = None;

/// Whether a path names one file of this machine: a drive's letter and a way from its root, in no
/// other notation, since those lead to other machines and to devices.
pub(in crate::probe) fn is_absolute(path: &str) -> bool {
    let [letter, b':', b'\\' | b'/', rest @ ..] = path.as_bytes() else { return false };
    // A colon further on names a stream of a file, a device, or nothing.
    letter.is_ascii_alphabetic()
        && !rest.contains(&b':')
        && path.split(['\\', '/']).all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_this_machine_are_logs() {
        assert!(is_absolute(r"C:\Windows\a.log") && is_absolute("d:/logs/a.log"));
        for bad in [
            r"\\server\share\a.log",
            r"\\?\C:\a.log",
            r"\\.\pipe\a",
            r"C:a.log",
            r"C:\a\..\b.log",
            r"C:\a.log:stream",
            "/a.log",
            "",
        ] {
            assert!(!is_absolute(bad), "{bad}");
        }
    }
}
