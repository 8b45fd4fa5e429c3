//! What names look like.

/// What a text looks like.
pub(crate) struct Pattern {
    /// As a regular expression that both Rust and JavaScript read.
    pub(crate) regex: &'static str,
    /// In words.
    pub(crate) says: &'static str,
}

/// A runbook's name.
pub(crate) const RUNBOOK: Pattern = Pattern {
    regex: r"^(?:[a-z][a-z0-9-]{0,31}\.){1,3}[a-z][a-z0-9-]{0,31}$",
    says: "lower-case words with dots between them, as in `net.no-internet`",
};
/// A name that expressions use: of a measurement, question or input, or of a parameter.
pub(crate) const NAME: Pattern = Pattern {
    regex: r"^[a-z][a-z0-9_]{0,31}$",
    says: "a lower-case letter, then letters, digits and underscores, as in `dns`; 32 characters at most",
};
/// A cause's id.
pub(crate) const CAUSE: Pattern = Pattern {
    regex: r"^[a-z][a-z0-9-]{0,47}$",
    says: "a lower-case letter, then letters, digits and hyphens, as in `dns-dead`; 48 characters at most",
};
/// An answer's value, or one of the words of an input.
pub(crate) const ANSWER: Pattern = Pattern {
    regex: r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
    says: "letters, digits, underscores, dots and hyphens, as in `unsure`; 32 characters at most",
};
/// A probe with the version of its facts.
pub(crate) const PROBE: Pattern = Pattern {
    regex: r"^[a-z][a-z0-9.-]{0,47}@[1-9][0-9]{0,2}$",
    says: "a probe and the version of its facts, as in `net.dns@1`",
};
/// A section's kind.
pub(crate) const SECTION: Pattern = Pattern {
    regex: r"^[a-z][a-z0-9._]{0,47}$",
    says: "a section of the snapshot, as in `printers`",
};
/// A check or a category.
pub(crate) const CHECK: Pattern = Pattern {
    regex: r"^[a-z][a-z0-9.-]{0,63}$",
    says: "lower-case words with dots between them, as in `net.dns`",
};
/// A script of the catalogue.
pub(crate) const SCRIPT: Pattern = Pattern {
    regex: r"^scripts(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){1,4}$",
    says: "a path within the catalogue that begins with `scripts/`, as in `scripts/clean.sh`",
};
/// A label of evidence.
pub(crate) const LABEL: Pattern = Pattern {
    regex: r"^[^\u0000-\u001f\u007f]{1,60}$",
    says: "a few words on one line; 60 characters at most",
};

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn every_pattern_is_read_and_has_an_end() {
        for pattern in [RUNBOOK, NAME, CAUSE, ANSWER, PROBE, SECTION, CHECK, SCRIPT, LABEL] {
            let regex = Regex::new(pattern.regex).expect(pattern.regex);
            assert!(
                !regex.is_match("") && !regex.is_match(&"a".repeat(1_000)),
                "{}",
                pattern.regex
            );
        }
        let script = Regex::new(SCRIPT.regex).expect("a pattern");
        for path in
            ["scripts/../x", "/scripts/x", "scripts//x", "scripts/.x", "scripts/a b", "scripts"]
        {
            assert!(!script.is_match(path), "{path}");
        }
    }
}
