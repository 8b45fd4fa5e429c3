//! Texts as Windows' settings have them.

/// Replaces names between percent signs; those that nobody knows stay.
pub(crate) fn expanded(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        result.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        match after.find('%') {
            Some(end) => {
                match known(&after[..end]) {
                    Some(value) => {
                        result.push_str(&value);
                        rest = &after[end + 1..];
                    }
                    // The second sign may begin another name.
                    None => {
                        result.push('%');
                        result.push_str(&after[..end]);
                        rest = &after[end..];
                    }
                }
            }
            None => {
                result.push('%');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}

/// Whether what starts at signing in is switched on, by the value that the task manager leaves under
/// `StartupApproved`: the lowest bit of its first byte says that it is off.
pub(crate) fn approved(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|first| first & 1 == 0)
}

/// A share from 0 to 1 in whole percent.
pub(crate) fn percent(share: f32) -> Option<u32> {
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100, as was just seen"
    )]
    Some((share * 100.0).round() as u32)
}

/// What a driver's file says of a device: `@oem3.inf,%name%;Intel(R) Ethernet` names a text in a file
/// and behind the last semicolon what it is.
pub(crate) fn described(text: &str) -> Option<String> {
    let text = text.rsplit(';').next().unwrap_or(text).trim();
    (!text.is_empty() && !text.starts_with('@')).then(|| text.to_owned())
}

/// The program of a command line: what stands in quotes, or up to `.exe`, or the first word.
pub(crate) fn program(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('"') {
        return rest.split('"').next().filter(|program| !program.is_empty());
    }
    let lower = line.to_ascii_lowercase();
    let end = match lower.find(".exe") {
        Some(at) => at + 4,
        None => line.find(' ').unwrap_or(line.len()),
    };
    line.get(..end).filter(|program| !program.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_names_are_replaced() {
        let known = |name: &str| (name == "SystemRoot").then(|| r"C:\Windows".to_owned());
        assert_eq!(expanded(r"%SystemRoot%\x", known), r"C:\Windows\x");
        assert_eq!(expanded("100 % %nobody% %SystemRoot%", known), r"100 % %nobody% C:\Windows");
    }

    #[test]
    fn settings_are_understood() {
        assert!(approved(&[2, 0, 0, 0]));
        assert!(!approved(&[3, 0, 0, 0, 1, 2, 3]));
        assert!(approved(&[]));
        assert_eq!(percent(0.424), Some(42));
        assert_eq!(percent(f32::NAN), None);
        assert_eq!(described("@oem3.inf,%x%;Intel(R) I219").as_deref(), Some("Intel(R) I219"));
        assert_eq!(described("USB Hub").as_deref(), Some("USB Hub"));
        assert_eq!(described("@x,-1"), None);
        assert_eq!(program(r#""C:\a b\c.exe" --x"#), Some(r"C:\a b\c.exe"));
        assert_eq!(program(r"C:\a b\c.exe --x"), Some(r"C:\a b\c.exe"));
        assert_eq!(program("rundll32 x,y"), Some("rundll32"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = (described(&text), program(&text));
        }

        #[test]
        fn without_names_nothing_changes(text in "\\PC{0,60}") {
            prop_assert_eq!(expanded(&text, |_| None), text);
        }
    }
}
