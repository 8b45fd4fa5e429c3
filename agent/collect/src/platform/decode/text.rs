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

    proptest! {
        #[test]
        fn without_names_nothing_changes(text in "\\PC{0,60}") {
            prop_assert_eq!(expanded(&text, |_| None), text);
        }
    }
}
