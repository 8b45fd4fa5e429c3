//! Parameters with expressions in them: which expressions, and the parameters once their values are there.

use serde_json::{Map, Value};

use super::lines;
use crate::document::{Piece, Template, With};

/// The most bytes of a text that was filled in.
const MAX_TEXT: usize = 4 << 10;

/// The expressions, in the order in which [`fill`] takes their values.
pub(super) fn expressions(with: &With) -> Vec<String> {
    let mut found = Vec::new();
    with.values().for_each(|template| gather(template, &mut found));
    found
}

fn gather(template: &Template, found: &mut Vec<String>) {
    match template {
        Template::Fixed(_) => {}
        Template::Filled(pieces) => found.extend(pieces.iter().filter_map(|piece| match piece {
            Piece::Said(_) => None,
            Piece::Filled(condition) => Some(condition.text.clone()),
        })),
        Template::List(entries) => entries.iter().for_each(|entry| gather(entry, found)),
    }
}

/// The parameters, an object.
///
/// # Errors
/// The first parameter that cannot be filled in, and why.
pub(super) fn fill(
    with: &With,
    values: &mut impl Iterator<Item = Result<Value, String>>,
) -> Result<Value, String> {
    let mut filled = Map::new();
    let mut failed = None;
    for (name, template) in with {
        // All of them are gone through, so that what follows finds its own values.
        match put(template, values) {
            Ok(value) => {
                filled.insert(name.clone(), value);
            }
            Err(reason) => {
                let reason = lines::line(&reason);
                failed.get_or_insert(format!("parameter {name} cannot be filled in: {reason}"));
            }
        }
    }
    failed.map_or(Ok(Value::Object(filled)), Err)
}

fn put(
    template: &Template,
    values: &mut impl Iterator<Item = Result<Value, String>>,
) -> Result<Value, String> {
    let mut next = || values.next().unwrap_or_else(|| Err("it was not evaluated".to_owned()));
    match template {
        Template::Fixed(value) => Ok(value.clone()),
        Template::Filled(pieces) => match pieces.as_slice() {
            [Piece::Filled(_)] => next().and_then(short),
            pieces => {
                let parts: Vec<_> = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Said(text) => Ok(text.clone()),
                        Piece::Filled(_) => next().and_then(text),
                    })
                    .collect();
                let whole: String = parts.into_iter().collect::<Result<_, _>>()?;
                short(Value::String(whole))
            }
        },
        Template::List(entries) => {
            let entries: Vec<_> = entries.iter().map(|entry| put(entry, values)).collect();
            entries.into_iter().collect::<Result<_, _>>().map(Value::Array)
        }
    }
}

fn short(value: Value) -> Result<Value, String> {
    match value.to_string().len() {
        length if length > MAX_TEXT => {
            Err(format!("it has {length} bytes, at most {MAX_TEXT} fit"))
        }
        _ => Ok(value),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("{} is no text", lines::value(&value)))
        }
    }
}

/// Whether this is an address that may be opened in a person's browser.
///
/// # Errors
/// Why not.
pub(super) fn openable(parameters: &Value) -> Result<(), String> {
    let Some(url) = parameters.get("url").and_then(Value::as_str) else {
        return Err("there is no address to open".to_owned());
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("{} is no address of the web", lines::cut(url, 80)));
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(format!("{} is neither http nor https", lines::cut(url, 80)));
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A name before the host is shown where people look for the host, and browsers read `\` as `/`.
    let deceives = host.is_empty() || host.contains(['@', '\\']);
    if deceives || url.len() > 2_048 || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{} is an address that may deceive", lines::cut(url, 80)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Condition;

    fn expression(text: &str) -> Piece {
        Piece::Filled(Condition { text: text.to_owned() })
    }

    #[test]
    fn one_expression_keeps_its_type_and_several_become_text() {
        let with = With::from([
            ("a".to_owned(), Template::Filled(vec![expression("n")])),
            ("b".to_owned(), Template::Filled(vec![Piece::Said("x-".to_owned()), expression("n")])),
            (
                "c".to_owned(),
                Template::List(vec![
                    Template::Fixed(json!(1)),
                    Template::Filled(vec![expression("t")]),
                ]),
            ),
        ]);
        assert_eq!(expressions(&with), ["n", "n", "t"]);
        let mut values = [Ok(json!(7)), Ok(json!(7)), Ok(json!("y"))].into_iter();
        assert_eq!(fill(&with, &mut values), Ok(json!({"a": 7, "b": "x-7", "c": [1, "y"]})));
    }

    #[test]
    fn what_has_no_value_says_which_and_why() {
        let with = With::from([
            ("a".to_owned(), Template::Filled(vec![Piece::Said("x".to_owned()), expression("n")])),
            ("b".to_owned(), Template::Filled(vec![expression("m")])),
        ]);
        let mut values = [Ok(json!([])), Err("no dns".to_owned())].into_iter();
        let failed = fill(&with, &mut values).expect_err("a list is no text");
        assert_eq!(failed, "parameter a cannot be filled in: [] is no text");
    }

    #[test]
    fn only_addresses_of_the_web_are_opened() {
        for good in ["http://portal.example/login?a=b", "HTTPS://192.0.2.1:8443"] {
            assert_eq!(openable(&json!({ "url": good })), Ok(()), "{good}");
        }
        for bad in [
            "file:///etc/passwd",
            "javascript://x",
            "ms-settings:",
            "http://",
            "http://bank.example@evil.example/",
            "http://a b",
            "http://a\n",
            "https:\\\\x",
            "http://evil.example\\@bank.example",
        ] {
            assert!(openable(&json!({ "url": bad })).is_err(), "{bad}");
        }
        assert!(openable(&json!({ "url": 1 })).is_err());
    }
}
