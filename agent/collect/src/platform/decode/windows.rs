//! Windows' own names and versions.

/// The product's name. The registry of Windows 11 goes on calling it 10; builds from 22000 on are 11.
pub(crate) fn product(name: &str, build: Option<u32>, server: bool) -> String {
    match build {
        Some(22_000..) if !server => name.replacen("Windows 10", "Windows 11", 1),
        _ => name.to_owned(),
    }
}

/// The version (`11`, `2022`, `8.1`): the first word of the name that is a number.
pub(crate) fn version(name: Option<&str>, build: Option<u32>, server: bool) -> Option<String> {
    let name = product(name?, build, server);
    let number = |word: &&str| word.bytes().next().is_some_and(|first| first.is_ascii_digit());
    name.split_whitespace().find(number).map(str::to_owned)
}

/// The length of a `SL_LICENSING_STATUS`.
pub(crate) const LICENCE_BYTES: usize = 40;

/// The best of several `SL_LICENSING_STATUS` (status at 16: 1 licensed, 2 in a grace period, 3 reminds
/// of it); `None` if there is none. Editions that are not installed are among them, not licensed.
pub(crate) fn licences(list: &[u8]) -> Option<&'static str> {
    let states = list.chunks_exact(LICENCE_BYTES).filter_map(|one| super::storage::double(one, 16));
    states
        .map(|state| match state {
            1 => (0, "licensed"),
            2 => (1, "grace period"),
            _ => (2, "not licensed"),
        })
        .min()
        .map(|(_, words)| words)
}

/// A service's start by its number (`SERVICE_BOOT_START` to `SERVICE_DISABLED`).
pub(crate) const fn start(kind: u32) -> &'static str {
    match kind {
        0..=2 => "enabled",
        3 => "static",
        4 => "disabled",
        _ => "unknown",
    }
}

/// A service's state by its number (`SERVICE_STOPPED` to `SERVICE_PAUSED`): in common words, and in
/// Windows' own.
pub(crate) const fn service_state(state: u32) -> (&'static str, &'static str) {
    match state {
        1 => ("inactive", "stopped"),
        2 => ("activating", "start pending"),
        3 => ("deactivating", "stop pending"),
        4 => ("active", "running"),
        5 => ("activating", "continue pending"),
        6 => ("deactivating", "pause pending"),
        7 => ("inactive", "paused"),
        _ => ("unknown", "unknown"),
    }
}

/// Whether an exit code of a service that is stopped says that it failed: zero is an orderly end, 1077
/// that nobody has started it since the system's start, 1067 that its process died.
pub(crate) const fn service_failed(state: u32, exit_code: u32) -> bool {
    state == 1 && !matches!(exit_code, 0 | 1077)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_calls_itself_ten() {
        assert_eq!(product("Windows 10 Pro", Some(22_631), false), "Windows 11 Pro");
        assert_eq!(product("Windows 10 Pro", Some(19_045), false), "Windows 10 Pro");
        assert_eq!(
            product("Windows Server 2025 Standard", Some(26_100), true),
            "Windows Server 2025 Standard"
        );
        assert_eq!(version(Some("Windows 10 Pro"), Some(22_631), false).as_deref(), Some("11"));
        assert_eq!(
            version(Some("Windows Server 2022 Standard"), Some(20_348), true).as_deref(),
            Some("2022")
        );
        assert_eq!(version(Some("Windows 8.1 Pro"), Some(9600), false).as_deref(), Some("8.1"));
        assert_eq!(version(None, None, false), None);
    }

    #[test]
    fn the_best_licence_counts() {
        let one = |state: u8| {
            let mut one = vec![0; LICENCE_BYTES];
            one[16] = state;
            one
        };
        assert_eq!(licences(&[one(0), one(1), one(3)].concat()), Some("licensed"));
        assert_eq!(licences(&[one(0), one(3)].concat()), Some("not licensed"));
        assert_eq!(licences(&one(2)), Some("grace period"));
        assert_eq!(licences(&[]), None);
    }

    #[test]
    fn a_service_that_was_never_started_has_not_failed() {
        assert!(!service_failed(1, 1077));
        assert!(!service_failed(1, 0));
        assert!(service_failed(1, 1067));
        assert!(!service_failed(4, 1067));
    }
}
