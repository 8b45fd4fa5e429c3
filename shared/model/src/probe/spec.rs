//! What can be measured on a machine: a row for each probe, with the parameters it takes.
//!
//! No parameter is free text that reaches the system: it is a whole number within limits, or picks
//! an entry by name from a list in the machine's own policy.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::WorkInfo;
use crate::job::Work;
use crate::language::{Language, Words};

mod table;

pub use table::PROBES;

/// A list in the machine's policy that a parameter picks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// Names to resolve.
    DnsNames,
    /// Ports to connect to.
    TcpTargets,
    /// Servers to shake hands with.
    TlsTargets,
    /// Name servers to compare answers with.
    Resolvers,
    /// Who is expected to have signed.
    Issuers,
    /// Addresses whose plain-HTTP answer is known.
    HttpChecks,
    /// Time servers.
    NtpServers,
    /// Services.
    Services,
    /// Log files.
    Logs,
}

impl List {
    /// The key in the policy file.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::DnsNames => "targets.dns",
            Self::TcpTargets => "targets.tcp",
            Self::TlsTargets => "targets.tls",
            Self::Resolvers => "targets.resolvers",
            Self::Issuers => "targets.issuers",
            Self::HttpChecks => "targets.http",
            Self::NtpServers => "targets.ntp",
            Self::Services => "services",
            Self::Logs => "logs",
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One entry of a policy's list; all of them, or the first, if absent.
    Named(List),
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
        /// If absent.
        default: u64,
    },
}

/// One parameter. All are optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// One line for people.
    pub title: Words,
}

/// One probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name, as technicians type it.
    pub name: &'static str,
    /// The version of the shape of its facts.
    pub version: u32,
    /// One line for people.
    pub title: Words,
    /// The parameters.
    pub parameters: &'static [Parameter],
    /// How long it may take unless told otherwise, in milliseconds.
    pub within_ms: u64,
}

/// The probe of this name.
#[must_use]
pub fn probe(name: &str) -> Option<&'static Spec> {
    PROBES.iter().find(|spec| spec.name == name)
}

/// Every probe, for lists on screens in this language. Runbooks are none of the program's: those that were signed and
/// published can be run.
#[must_use]
pub fn catalogue(language: Language) -> Vec<WorkInfo> {
    let info = |spec: &Spec| WorkInfo {
        work: Work::Probe(spec.name.to_owned()),
        title: spec.title.in_language(language).to_owned(),
        parameters: spec.schema(language),
    };
    PROBES.iter().map(info).collect()
}

/// Parameters that fit a [`Spec`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    names: BTreeMap<&'static str, String>,
    numbers: BTreeMap<&'static str, u64>,
}

impl Parameters {
    /// The entry picked by this parameter; `None` if it was absent.
    #[must_use]
    pub fn name(&self, parameter: &str) -> Option<&str> {
        self.names.get(parameter).map(String::as_str)
    }

    /// This number, or its default; 0 for a parameter that the spec does not have.
    #[must_use]
    pub fn number(&self, parameter: &str) -> u64 {
        self.numbers.get(parameter).copied().unwrap_or(0)
    }

    /// The entries picked, with their lists.
    fn picked<'a>(&'a self, spec: &'a Spec) -> impl Iterator<Item = (List, &'a str)> {
        spec.parameters.iter().filter_map(|parameter| match parameter.kind {
            Kind::Named(list) => self.name(parameter.name).map(|name| (list, name)),
            Kind::Number { .. } => None,
        })
    }
}

impl Spec {
    /// How long it may take unless told otherwise.
    #[must_use]
    pub const fn within(&self) -> Duration {
        Duration::from_millis(self.within_ms)
    }

    /// The parameters as a JSON schema of an object, with titles in this language.
    #[must_use]
    pub fn schema(&self, language: Language) -> Value {
        let entry = Words {
            english: "one entry of {} in the machine's policy",
            german: "ein Eintrag unter {} in der Richtlinie des Rechners",
        };
        let entry = entry.in_language(language);
        let properties: serde_json::Map<String, Value> = self
            .parameters
            .iter()
            .map(|parameter| {
                let schema = match parameter.kind {
                    Kind::Named(list) => json!({
                        "type": "string",
                        "title": parameter.title.in_language(language),
                        "description": entry.replace("{}", list.key()),
                    }),
                    Kind::Number { min, max, default } => json!({
                        "type": "integer",
                        "title": parameter.title.in_language(language),
                        "minimum": min,
                        "maximum": max,
                        "default": default,
                    }),
                };
                (parameter.name.to_owned(), schema)
            })
            .collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    /// Checks the shape of parameters; what a controller can check, which does not know the
    /// machine's policy. Null stands for none.
    ///
    /// # Errors
    /// The first parameter that does not fit.
    pub fn parse(&self, parameters: &Value) -> Result<Parameters, InvalidParameters> {
        let empty = serde_json::Map::new();
        let given = match parameters {
            Value::Null => &empty,
            Value::Object(map) => map,
            _ => return Err(InvalidParameters::NotAnObject { work: self.name }),
        };
        if let Some(name) =
            given.keys().find(|name| !self.parameters.iter().any(|known| known.name == **name))
        {
            return Err(InvalidParameters::Unknown {
                work: self.name,
                parameter: name.chars().take(64).collect(),
                known: self.parameters.iter().map(|known| known.name).collect(),
            });
        }
        let mut parsed = Parameters::default();
        for parameter in self.parameters {
            let value = given.get(parameter.name);
            match parameter.kind {
                Kind::Named(list) => match value {
                    None | Some(Value::Null) => {}
                    Some(Value::String(name)) => {
                        parsed.names.insert(parameter.name, name.clone());
                    }
                    Some(_) => {
                        return Err(InvalidParameters::NotAName {
                            work: self.name,
                            parameter: parameter.name,
                            list: list.key(),
                        });
                    }
                },
                Kind::Number { min, max, default } => {
                    let number = match value {
                        None | Some(Value::Null) => Some(default),
                        // A command line knows only text.
                        Some(Value::String(text)) => text.parse().ok(),
                        Some(value) => value.as_u64(),
                    };
                    let Some(number) = number.filter(|number| (min..=max).contains(number)) else {
                        return Err(InvalidParameters::NotInRange {
                            work: self.name,
                            parameter: parameter.name,
                            min,
                            max,
                        });
                    };
                    parsed.numbers.insert(parameter.name, number);
                }
            }
        }
        Ok(parsed)
    }

    /// Checks parameters against the machine's lists, too; `entries` gives a list's names.
    ///
    /// # Errors
    /// The first parameter that does not fit.
    pub fn check<'a>(
        &self,
        parameters: &Value,
        entries: impl Fn(List) -> Vec<&'a str>,
    ) -> Result<Parameters, InvalidParameters> {
        let parsed = self.parse(parameters)?;
        for (list, name) in parsed.picked(self) {
            let names = entries(list);
            if !names.contains(&name) {
                return Err(InvalidParameters::NotListed {
                    name: name.chars().take(64).collect(),
                    list: list.key(),
                    listed: names.into_iter().map(str::to_owned).collect(),
                });
            }
        }
        Ok(parsed)
    }
}

/// Parameters that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameters {
    /// Neither null nor an object.
    #[error("the parameters of {work} must be a JSON object")]
    NotAnObject {
        /// The probe.
        work: &'static str,
    },
    /// A parameter that it does not take.
    #[error("{work} takes no parameter {parameter:?}; it takes {}", list_of(known))]
    Unknown {
        /// The probe.
        work: &'static str,
        /// The parameter given.
        parameter: String,
        /// Those that it takes.
        known: Vec<&'static str>,
    },
    /// Something else than text where a name is wanted.
    #[error(
        "parameter {parameter} of {work} must be a text: one entry of {list} in the machine's policy"
    )]
    NotAName {
        /// The probe.
        work: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The policy's list.
        list: &'static str,
    },
    /// Not a number, or too small or large.
    #[error("parameter {parameter} of {work} must be a whole number from {min} to {max}")]
    NotInRange {
        /// The probe.
        work: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A name that the policy does not list.
    #[error(
        "this machine's policy does not list {name:?} under {list}; it lists {}",
        list_of(listed)
    )]
    NotListed {
        /// The name given.
        name: String,
        /// The policy's list.
        list: &'static str,
        /// What it holds.
        listed: Vec<String>,
    },
}

fn list_of<S: AsRef<str>>(names: &[S]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_unique_and_every_row_has_a_deadline() {
        let mut names: Vec<_> = PROBES.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(PROBES.iter().all(|spec| spec.within_ms > 0 && spec.version > 0));
        assert_eq!(catalogue(Language::German).len(), count);
    }

    #[test]
    fn parameters_are_checked_against_shape_and_policy() {
        let spec = probe("log.tail").expect("a probe");
        let logs = |_| vec!["system", "kernel"];
        let good = spec.check(&json!({"log": "kernel"}), logs).expect("valid");
        assert_eq!((good.name("log"), good.number("lines")), (Some("kernel"), 50));
        assert_eq!(spec.parse(&json!({"lines": "7"})).expect("valid").number("lines"), 7);
        for (bad, expected) in [
            (
                json!({"log": "/etc/shadow"}),
                "does not list \"/etc/shadow\" under logs; it lists system, kernel",
            ),
            (json!({"lines": 501}), "from 1 to 500"),
            (json!({"lines": -1}), "from 1 to 500"),
            (json!({"log": 5}), "must be a text"),
            (json!({"path": "x"}), "takes no parameter \"path\"; it takes log, lines"),
            (json!([]), "must be a JSON object"),
        ] {
            let error = spec.check(&bad, logs).expect_err("invalid").to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}
