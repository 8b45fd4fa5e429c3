//! How well a runbook fits what is known of a ticket: its machine's system, the checks that fail there, and the
//! words that the person used. Pure.

use befund_runbook::document::{Runbook, System};

/// A check that a runbook names fails.
const NAMED_CHECK: u32 = 10;
/// A check of a category that a runbook names fails.
const CATEGORY: u32 = 3;
/// A word that a runbook names stands in the ticket.
const WORD: u32 = 5;

/// What is known of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// The machine's system, if it is known.
    pub(super) system: Option<System>,
    /// The checks that fail or warn, as in `net.dns`.
    pub(super) failing: Vec<String>,
    /// What the person wrote, in lower case.
    pub(super) words: String,
}

/// The system that an operating system's name says.
pub(super) fn system_of(os: &str) -> Option<System> {
    let os = os.to_lowercase();
    if os.contains("windows") {
        Some(System::Windows)
    } else if os.contains("macos") || os.contains("os x") {
        Some(System::Macos)
    } else if os.is_empty() {
        None
    } else {
        Some(System::Linux)
    }
}

/// How well it fits, and why; `None` if it is for other systems.
pub(super) fn of(runbook: &Runbook, situation: &Situation) -> Option<(u32, Vec<String>)> {
    let fits = &runbook.fits;
    if let Some(system) = situation.system
        && !fits.systems.is_empty()
        && !fits.systems.contains(&system)
    {
        return None;
    }
    let mut fit = 0;
    let mut reasons = Vec::new();
    for check in &situation.failing {
        let category = check.split('.').next().unwrap_or_default();
        if fits.findings.iter().any(|named| named == check) {
            fit += NAMED_CHECK;
            reasons.push(check.clone());
        } else if fits.categories.iter().any(|named| named == category) {
            fit += CATEGORY;
        }
    }
    for word in &fits.words {
        if situation.words.contains(&word.to_lowercase()) {
            fit += WORD;
            reasons.push(word.clone());
        }
    }
    Some((fit, reasons))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_told_by_their_names() {
        assert_eq!(system_of("Windows 11 Pro"), Some(System::Windows));
        assert_eq!(system_of("macOS 15.1"), Some(System::Macos));
        assert_eq!(system_of("Debian GNU/Linux 12 (bookworm)"), Some(System::Linux));
        assert_eq!(system_of(""), None);
    }
}
