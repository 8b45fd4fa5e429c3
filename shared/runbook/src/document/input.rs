//! Whether a value fits an input: the check of what is told a run from afar.

use std::net::IpAddr;

use serde_json::Value;

use super::InputKind;

/// The most characters of a host's name (RFC 1035, section 2.3.4).
pub(crate) const MOST_HOST: usize = 253;
/// The most characters of one of its labels.
const MOST_LABEL: usize = 63;
/// The most characters of a name of something that the machine has.
pub(crate) const MOST_NAME: usize = 128;

impl InputKind {
    /// Checks a value.
    ///
    /// # Errors
    /// What is expected instead, in words.
    pub fn accepts(&self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        let (fits, expected) = match self {
            Self::Host => (
                text.is_some_and(is_host),
                "a host name or address: letters, digits, dots, hyphens and colons".to_owned(),
            ),
            Self::Number { min, max } => (
                value.as_i64().is_some_and(|number| (*min..=*max).contains(&number)),
                format!("a whole number from {min} to {max}"),
            ),
            Self::Word(words) => (
                text.is_some_and(|text| words.iter().any(|word| word == text)),
                format!("one of {}", words.join(", ")),
            ),
            Self::Flag => (value.is_boolean(), "true or false".to_owned()),
            Self::Name => (
                text.is_some_and(is_name),
                "a name: letters, digits and `._:@-`, not beginning with a hyphen or dot"
                    .to_owned(),
            ),
        };
        if fits { Ok(()) } else { Err(expected) }
    }
}

/// An address, or a name of labels of letters, digits and hyphens.
fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= MOST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= MOST_HOST && text.split('.').all(label)
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@-".contains(c);
    !text.is_empty()
        && text.len() <= MOST_NAME
        && text.chars().all(fits)
        && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_from_afar_is_narrow() {
        let number = InputKind::Number { min: -1, max: 5 };
        let word = InputKind::Word(vec!["a".to_owned(), "b".to_owned()]);
        let good = [
            (&InputKind::Host, json!("intranet.example")),
            (&InputKind::Host, json!("2001:db8::1")),
            (&InputKind::Name, json!("cups.service")),
            (&InputKind::Name, json!("getty@tty1")),
            (&InputKind::Flag, json!(true)),
            (&number, json!(-1)),
            (&word, json!("b")),
        ];
        for (kind, value) in good {
            assert_eq!(kind.accepts(&value), Ok(()), "{value}");
        }
        let bad = [
            (&InputKind::Host, json!("a b")),
            (&InputKind::Host, json!("-x")),
            (&InputKind::Host, json!("a..b")),
            (&InputKind::Host, json!("$(x)")),
            (&InputKind::Host, json!("http://x/")),
            (&InputKind::Host, json!("")),
            (&InputKind::Host, json!("x".repeat(254))),
            (&InputKind::Name, json!("--help")),
            (&InputKind::Name, json!(".ssh")),
            (&InputKind::Name, json!("a/b")),
            (&InputKind::Name, json!("a\nb")),
            (&InputKind::Name, json!("`x`")),
            (&InputKind::Name, json!("x".repeat(129))),
            (&InputKind::Flag, json!("true")),
            (&number, json!(6)),
            (&number, json!(1.5)),
            (&word, json!("c")),
            (&word, json!(null)),
        ];
        for (kind, value) in bad {
            assert!(kind.accepts(&value).is_err_and(|why| !why.is_empty()), "{value}");
        }
    }
}
