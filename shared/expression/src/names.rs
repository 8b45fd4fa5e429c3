//! What an expression may name, and what somebody probably meant who named something else.

use std::collections::BTreeSet;

/// The name of the time of judgement, Unix seconds.
pub const NOW: &str = "now";

/// What an expression may name, beside [`NOW`].
#[derive(Clone, Debug)]
pub struct Names {
    /// The names; `None` if any will do, since what is missing is told when it is evaluated.
    known: Option<BTreeSet<String>>,
    /// What one is called, as in `section`.
    noun: &'static str,
    /// What an author is told who names something that is nowhere near.
    hint: String,
}

impl Names {
    /// These names. `noun` is what one of them is called; `hint` is what an author is told who names
    /// something that is nowhere near.
    #[must_use]
    pub fn new(
        known: impl IntoIterator<Item = String>,
        noun: &'static str,
        hint: impl Into<String>,
    ) -> Self {
        Self { known: Some(known.into_iter().collect()), noun, hint: hint.into() }
    }

    /// Any name.
    #[must_use]
    pub const fn any() -> Self {
        Self { known: None, noun: "name", hint: String::new() }
    }

    /// What is wrong with naming this; nothing if it may be named.
    pub(crate) fn problem(&self, name: &str) -> Option<String> {
        let known = self.known.as_ref()?;
        if name == NOW || known.contains(name) {
            return None;
        }
        let hint = near(name, known.iter().map(String::as_str))
            .map_or_else(|| self.hint.clone(), |near| format!("did you mean `{near}`?"));
        Some(format!("there is no {} `{name}`: {hint}", self.noun))
    }
}

/// Of some names, the one that was probably meant: it differs in signs between words only, or in one letter
/// of four (an edit distance after Levenshtein, letters swapped counting as two); else the only one that begins so.
#[must_use]
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer ones are no slips of the hand.
    const MOST: usize = 64;
    /// As much as tells a word that was begun from any other.
    const BEGUN: usize = 4;
    let bare = |text: &str| text.replace(['_', '-', '.', ' '], "").to_lowercase();
    let wanted = bare(name);
    let length = wanted.chars().count();
    if length == 0 || length > MOST {
        return None;
    }
    let known: Vec<&str> = known.into_iter().collect();
    let slip = known
        .iter()
        .map(|known| (distance(&wanted, &bare(known)), *known))
        .filter(|(distance, _)| *distance <= length.div_ceil(4).min(3) && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known);
    let mut longer =
        known.iter().filter(|known| length >= BEGUN && bare(known).starts_with(&wanted));
    slip.or_else(|| longer.next().filter(|_| longer.next().is_none()).copied())
}

fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_the_only_name_that_goes_on_so() {
        let known = ["dns.flush_cache", "dns.use_dhcp_servers", "service.start", "service.restart"];
        assert_eq!(near("dns.flush", known), Some("dns.flush_cache"));
        assert_eq!(near("service", known), None);
        assert_eq!(near("dns", known), None);
    }

    #[test]
    fn a_slip_of_the_hand_is_told_from_another_word() {
        let known = ["causes", "collect", "escalate", "fits", "filesystems_usage"];
        let told = ["cuases", "cause", "colect", "file_systems_usage", "Fits", "verify", "x", ""];
        assert_eq!(
            told.map(|name| near(name, known)),
            [
                Some("causes"),
                Some("causes"),
                Some("collect"),
                Some("filesystems_usage"),
                Some("fits"),
                None,
                None,
                None,
            ]
        );
    }
}
