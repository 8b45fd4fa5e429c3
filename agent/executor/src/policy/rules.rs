//! What the machine's owner allows of runbooks: the part `[runbooks]` of the policy file. It can only narrow: what
//! nobody signed does not run because a policy allows it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::{self, Risk};

mod hours;

pub use hours::{Hours, LocalTime};

/// The longest that one consent may hold for a ticket.
const LONGEST_CONSENT: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The most that a step may do.
    pub risk: Risk,
    /// The runbooks that may be run; all if absent.
    pub allow: Option<Vec<Pattern>>,
    /// Those that may not, whatever is allowed.
    pub deny: Vec<Pattern>,
    /// When something may be changed; always if absent.
    pub hours: Option<Vec<Hours>>,
    /// What may be started at the machine itself, and changes without a technician's signature.
    pub self_service: Vec<Pattern>,
    /// Whether scripts may be run.
    pub scripts: Scripts,
    /// The most that a step may do when nobody is signed in.
    pub unattended: Risk,
    /// The actions to which the policy agrees in the person's place.
    pub without_asking: BTreeSet<String>,
    /// How long a person's consent to a change holds for the same ticket; zero to ask each time.
    pub consent_for_ticket: Duration,
    /// The values that an action's parameters may have: by action, by parameter. What is not named may have any.
    pub parameters: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
}

/// Whether scripts may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// Those that the catalogue's signers signed.
    Allowed,
    /// None.
    Forbidden,
}

impl Default for Rules {
    /// Without a policy: everything that is signed, with the consent of whoever is there; nothing but reading when
    /// nobody is; no self-service.
    fn default() -> Self {
        Self {
            risk: Risk::Disruptive,
            allow: None,
            deny: Vec::new(),
            hours: None,
            self_service: Vec::new(),
            scripts: Scripts::Allowed,
            unattended: Risk::Read,
            without_asking: BTreeSet::new(),
            consent_for_ticket: Duration::ZERO,
            parameters: BTreeMap::new(),
        }
    }
}

/// The name of a runbook, or the beginning of some with `*` behind it, as in `net.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether this runbook is meant.
    #[must_use]
    pub fn matches(&self, runbook: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => runbook.starts_with(beginning),
            None => self.0 == runbook,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('*').unwrap_or(text);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if text.is_empty() || text.len() > 128 || !name.chars().all(plain) {
            return Err(
                "it is no runbook's name, nor the beginning of some as in `net.*`".to_owned()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a policy does not let something happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The runbook.
    #[error("the policy of this machine does not allow the runbook {0}")]
    Runbook(String),
    /// The risk.
    #[error("the policy of this machine allows nothing that is {}, and {what} is", risk.as_str())]
    Risk {
        /// What would be done.
        what: String,
        /// Its risk.
        risk: Risk,
    },
    /// Nobody is there.
    #[error(
        "nobody is signed in, and the policy of this machine then allows nothing that is {}: {what}", risk.as_str()
    )]
    Unattended {
        /// What would be done.
        what: String,
        /// Its risk.
        risk: Risk,
    },
    /// The time.
    #[error("the policy of this machine allows changes only {allowed}, and now it is {now}")]
    Hours {
        /// When.
        allowed: String,
        /// The machine's time.
        now: String,
    },
    /// A script.
    #[error("the policy of this machine allows no scripts: {0}")]
    Script(String),
    /// A parameter.
    #[error("the policy of this machine does not allow {action} with {parameter} = {value}")]
    Parameter {
        /// The action.
        action: String,
        /// The parameter.
        parameter: String,
        /// Its value, its beginning.
        value: String,
    },
}

/// What a step is, as far as the policy looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The action's name, or the script's path.
    pub what: &'a str,
    /// Whether it is a script.
    pub script: bool,
    /// Its risk.
    pub risk: Risk,
    /// Its parameters, an object.
    pub parameters: &'a Value,
}

impl Rules {
    /// Whether a runbook may be run at all.
    ///
    /// # Errors
    /// If not.
    pub fn admit(&self, runbook: &str) -> Result<(), Refusal> {
        let among = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(runbook));
        let allowed = self.allow.as_deref().is_none_or(among);
        if allowed && !among(&self.deny) {
            Ok(())
        } else {
            Err(Refusal::Runbook(runbook.to_owned()))
        }
    }

    /// Whether a runbook may be started at the machine itself, without a technician's signature.
    #[must_use]
    pub fn is_self_service(&self, runbook: &str) -> bool {
        self.self_service.iter().any(|one| one.matches(runbook))
    }

    /// Whether a step may be done at this time, whoever agrees.
    ///
    /// # Errors
    /// If not.
    pub fn permit(&self, asked: Asked<'_>, now: LocalTime) -> Result<(), Refusal> {
        let Asked { what, script, risk, parameters } = asked;
        if risk > self.risk {
            return Err(Refusal::Risk { what: what.to_owned(), risk });
        }
        if script && self.scripts == Scripts::Forbidden {
            return Err(Refusal::Script(what.to_owned()));
        }
        if risk > Risk::Read
            && let Some(hours) = &self.hours
            && !hours.iter().any(|span| span.contains(now))
        {
            let allowed: Vec<String> = hours.iter().map(ToString::to_string).collect();
            return Err(Refusal::Hours { allowed: allowed.join(", "), now: now.to_string() });
        }
        let narrowed = self.parameters.get(what).into_iter().flatten();
        for (name, allowed) in narrowed {
            // One that is not given takes its default, which is the action's own.
            if let Some(value) = parameters.get(name)
                && !allowed.contains(value)
            {
                return Err(Refusal::Parameter {
                    action: what.to_owned(),
                    parameter: name.clone(),
                    value: value.to_string().chars().take(64).collect(),
                });
            }
        }
        Ok(())
    }

    /// Whether the policy agrees to a step in the person's place; never to a disruptive one.
    #[must_use]
    pub fn agrees_to(&self, asked: Asked<'_>) -> bool {
        match asked.risk {
            Risk::Read => true,
            Risk::Change => self.without_asking.contains(asked.what),
            Risk::Disruptive => false,
        }
    }

    /// Whether a step may be done while nobody is signed in.
    ///
    /// # Errors
    /// If not.
    pub fn permit_unattended(&self, asked: Asked<'_>) -> Result<(), Refusal> {
        if asked.risk <= self.unattended {
            Ok(())
        } else {
            Err(Refusal::Unattended { what: asked.what.to_owned(), risk: asked.risk })
        }
    }
}

/// The part of the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    risk: Option<Risk>,
    allow: Option<Vec<String>>,
    deny: Vec<String>,
    hours: Option<Vec<String>>,
    self_service: Vec<String>,
    scripts: Option<bool>,
    unattended: Option<Risk>,
    without_asking: Vec<String>,
    consent_for_ticket: Option<String>,
    parameters: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
}

/// What is wrong with an entry: its key, itself, and why.
pub(super) type Wrong = (String, String, String);

impl File {
    /// Reads the part.
    ///
    /// # Errors
    /// The first entry that could not be used.
    pub(super) fn rules(self) -> Result<Rules, Wrong> {
        let default = Rules::default();
        let actions = |key: &str, name: &String| match action::find(name) {
            Some(_) => Ok(name.clone()),
            None => Err(wrong(key, name, "there is no such action; docs/actions.md lists them")),
        };
        for (name, parameters) in &self.parameters {
            // Scripts stand here by their path.
            let Some(spec) = action::find(name) else {
                if name.starts_with("scripts/") {
                    continue;
                }
                return Err(wrong("parameters", name, "there is no such action"));
            };
            for parameter in parameters.keys() {
                if !spec.parameters.iter().any(|known| known.name == parameter) {
                    let key = format!("parameters.{name}");
                    return Err(wrong(&key, parameter, "the action has no such parameter"));
                }
            }
        }
        Ok(Rules {
            risk: self.risk.unwrap_or(default.risk),
            allow: self.allow.map(|names| patterns("allow", &names)).transpose()?,
            deny: patterns("deny", &self.deny)?,
            hours: self.hours.map(|spans| hours(&spans)).transpose()?,
            self_service: patterns("self_service", &self.self_service)?,
            scripts: match self.scripts {
                None | Some(true) => Scripts::Allowed,
                Some(false) => Scripts::Forbidden,
            },
            unattended: self.unattended.unwrap_or(default.unattended),
            without_asking: self
                .without_asking
                .iter()
                .map(|name| actions("without_asking", name))
                .collect::<Result<_, _>>()?,
            consent_for_ticket: match self.consent_for_ticket {
                None => default.consent_for_ticket,
                Some(text) => duration(&text).ok_or_else(|| {
                    wrong(
                        "consent_for_ticket",
                        &text,
                        "expected hours or minutes up to 168h, as in `8h`",
                    )
                })?,
            },
            parameters: self.parameters,
        })
    }
}

fn wrong(key: &str, entry: &str, why: &str) -> Wrong {
    (format!("runbooks.{key}"), entry.to_owned(), why.to_owned())
}

fn patterns(key: &str, names: &[String]) -> Result<Vec<Pattern>, Wrong> {
    names.iter().map(|name| Pattern::read(name).map_err(|why| wrong(key, name, &why))).collect()
}

fn hours(spans: &[String]) -> Result<Vec<Hours>, Wrong> {
    let read = |span: &String| span.parse().map_err(|why: String| wrong("hours", span, &why));
    spans.iter().map(read).collect()
}

fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = match (text.strip_suffix('h'), text.strip_suffix('m')) {
        (Some(hours), _) => (hours, 3600),
        (None, Some(minutes)) => (minutes, 60),
        (None, None) => return None,
    };
    let lasting = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (lasting <= LONGEST_CONSENT).then_some(lasting)
}

#[cfg(test)]
mod tests;
