//! The parameters of an action, checked against its row before anything is done with them: nothing that is
//! not named there, words and numbers in range, names of a set of characters that no command line takes for
//! anything but a name. Whether the machine has what is named is the platform's to say.

use std::collections::BTreeMap;

use befund_model::action::{ActionParameter, ActionSpec, Takes};
use serde_json::Value;

use crate::Machine;
use crate::platform;
use crate::trouble::{Outcome, Trouble};

/// The longest text that is shown of a wrong one.
const SHOWN_CHARS: usize = 40;

/// Parameters that keep to their row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<&'static str, Argument>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Argument {
    Text(String),
    Number(u64),
}

impl Parameters {
    /// Checks them.
    pub(crate) fn check(spec: &ActionSpec, given: &Value, machine: &Machine) -> Outcome<Self> {
        let empty = serde_json::Map::new();
        let given = match given {
            Value::Null => &empty,
            Value::Object(given) => given,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(Trouble::failed(format!(
                    "the parameters of {} are not an object",
                    spec.name
                )));
            }
        };
        if let Some(other) =
            given.keys().find(|key| !spec.parameters.iter().any(|known| known.name == **key))
        {
            let known: Vec<&str> = spec.parameters.iter().map(|known| known.name).collect();
            let takes = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            let other = told(other);
            return Err(Trouble::failed(format!(
                "{} takes no parameter {other}; it takes {takes}",
                spec.name
            )));
        }
        let mut checked = BTreeMap::new();
        for parameter in spec.parameters {
            match given.get(parameter.name) {
                None | Some(Value::Null) if parameter.required => {
                    let (name, title) = (parameter.name, parameter.title);
                    return Err(Trouble::failed(format!(
                        "{} needs the parameter {name} ({title})",
                        spec.name
                    )));
                }
                None | Some(Value::Null) => {}
                Some(value) => {
                    let argument = argument(parameter, value, machine).map_err(|why| {
                        let shown = match value {
                            Value::String(text) => told(text),
                            other => told(&other.to_string()),
                        };
                        let name = parameter.name;
                        Trouble::failed(format!("the parameter {name} cannot be {shown}: {why}"))
                    })?;
                    checked.insert(parameter.name, argument);
                }
            }
        }
        Ok(Self(checked))
    }

    /// A name or word, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Argument::Text(text) => Some(text),
            Argument::Number(_) => None,
        }
    }

    /// A name or word that the row requires.
    pub(crate) fn needed(&self, name: &str) -> Outcome<&str> {
        self.text(name).ok_or_else(|| Trouble::failed(format!("the parameter {name} is missing")))
    }

    /// A number, if it was given.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name)? {
            Argument::Number(number) => Some(*number),
            Argument::Text(_) => None,
        }
    }
}

/// A text for people: quoted, escaped, short.
fn told(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

fn argument(
    parameter: &ActionParameter,
    value: &Value,
    machine: &Machine,
) -> Result<Argument, String> {
    let text = || value.as_str().ok_or_else(|| "it is not a text".to_owned());
    match parameter.takes {
        Takes::Number { min, max } => {
            let number = value.as_u64().ok_or_else(|| "it is not a whole number".to_owned())?;
            if !(min..=max).contains(&number) {
                return Err(format!("it is not between {min} and {max}"));
            }
            Ok(Argument::Number(number))
        }
        Takes::Word(words) => {
            let word = text()?;
            if !words.contains(&word) {
                return Err(format!("it is none of {}", words.join(", ")));
            }
            Ok(Argument::Text(word.to_owned()))
        }
        Takes::Named(_) => {
            let name = text()?;
            host_name(name)?;
            if !machine.names.iter().any(|known| known == name) {
                return Err("the machine's policy does not list it".to_owned());
            }
            Ok(Argument::Text(name.to_owned()))
        }
        Takes::Interface | Takes::Service | Takes::Printer | Takes::Account => {
            let name = text()?;
            platform::name(parameter.takes, name)?;
            Ok(Argument::Text(name.to_owned()))
        }
    }
}

/// Letters, digits, dots and hyphens, as names of hosts have them.
fn host_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > 253 {
        return Err("a name has 1 to 253 characters".to_owned());
    }
    let wrong = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if let Some(wrong) = name.chars().find(wrong) {
        return Err(format!("{wrong:?} has no place in a name of a host"));
    }
    if name.starts_with(['-', '.']) {
        return Err("a name does not begin with a hyphen or a dot".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use befund_model::action::{ACTIONS, find};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What people try.
    fn break_outs() -> Vec<String> {
        let mut texts: Vec<String> = [
            "; rm -rf /",
            "--flag",
            "-h",
            "../../etc/passwd",
            "a/../b",
            "a\0b",
            "$(id)",
            "`id`",
            "a\nb",
            "a|b",
            "a&b",
            "a>b",
            "*",
            "'",
            "\"",
            "\u{202e}gpj",
            "ｅｔｈ0",
            "",
            ".",
            "..",
            "/",
        ]
        .map(str::to_owned)
        .into();
        texts.push("a".repeat(10_240));
        texts
    }

    #[test]
    fn every_name_of_every_action_refuses_what_breaks_out() {
        let machine = Machine { names: break_outs(), ..Machine::default() };
        for spec in ACTIONS {
            for parameter in spec.parameters {
                for text in break_outs() {
                    let given = json!({ (parameter.name): text });
                    let refused = Parameters::check(spec, &given, &machine)
                        .expect_err(&format!("{} {} {text:?}", spec.name, parameter.name));
                    assert!(
                        refused.reason.contains(parameter.name) || refused.reason.contains("needs"),
                        "{refused}"
                    );
                    assert!(refused.reason.len() < 600, "{}", refused.reason.len());
                }
            }
        }
    }

    #[test]
    fn what_a_row_does_not_name_is_refused_and_what_it_requires_is_missed() {
        let machine = Machine::default();
        let row = |name: &str| find(name).expect("an action");
        let check = |name: &str, given: Value| {
            Parameters::check(row(name), &given, &machine).map_err(|trouble| trouble.reason)
        };
        assert_eq!(
            check("dns.flush_cache", json!({"x": 1})).expect_err("refused"),
            "dns.flush_cache takes no parameter \"x\"; it takes nothing"
        );
        assert_eq!(
            check("net.mtu_set", json!({"interface": "eth0"})).expect_err("refused"),
            "net.mtu_set needs the parameter mtu (bytes)"
        );
        assert_eq!(
            check("net.mtu_set", json!({"interface": "eth0", "mtu": 70})).expect_err("refused"),
            "the parameter mtu cannot be \"70\": it is not between 1280 and 9216"
        );
        assert_eq!(
            check("hosts.entry_disable", json!({"name": "example.com"})).expect_err("refused"),
            "the parameter name cannot be \"example.com\": the machine's policy does not list it"
        );
        assert!(check("dns.flush_cache", json!("x")).is_err());
        let checked = check("net.mtu_set", json!({"interface": "eth0", "mtu": 1_400}));
        let checked = checked.expect("they keep to the row");
        assert_eq!((checked.text("interface"), checked.number("mtu")), (Some("eth0"), Some(1_400)));
    }

    proptest! {
        #[test]
        fn no_value_breaks_the_check(text in any::<String>(), number: u64, row in 0..ACTIONS.len()) {
            let spec = &ACTIONS[row];
            let mut given = serde_json::Map::new();
            for (index, parameter) in spec.parameters.iter().enumerate() {
                let value = if index % 2 == 0 { json!(text) } else { json!(number) };
                given.insert(parameter.name.to_owned(), value);
            }
            let _ = Parameters::check(spec, &Value::Object(given), &Machine::default());
        }
    }
}
