//! The [`Runbook`] of a document that fits the tables of the language, with defaults filled in. Every function
//! here is `None` only for what does not fit, which was told before.

use std::time::Duration;

use befund_model::language::Text;
use befund_model::probe::spec;
use serde_json::Value;

use super::places::Places;
use super::template;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{
    Choice, Collect, Condition, Escalate, Fits, Limits, Piece, Question, Resume, Retry, Runbook,
    Source, Template, Whom, With,
};
use crate::language::quantity::{bytes, milliseconds};
use crate::language::words::{Interruption, Word, answer_text};
use crate::yaml::{Content, Node, Place, Scalar, Style};

mod cause;
mod fix;
mod input;

/// How long reading a section may take unless told otherwise.
const SECTION_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) struct Build<'a> {
    places: &'a Places,
    /// What is wrong although every part by itself is well-formed.
    pub(super) problems: Vec<Diagnostic>,
}

impl<'a> Build<'a> {
    pub(super) const fn new(places: &'a Places) -> Self {
        Self { places, problems: Vec::new() }
    }

    pub(super) fn complain(&mut self, path: &str, code: &'static str, message: String) {
        let Place { line, column } = self.places.of(path);
        let (severity, path, expected) = (Severity::Error, path.to_owned(), String::new());
        self.problems.push(Diagnostic { severity, code, line, column, path, message, expected });
    }

    pub(super) fn runbook(&mut self, root: &Node) -> Option<Runbook> {
        let inputs = self.inputs(root.get("inputs"))?;
        let ask = named(root.get("ask")).map(|(name, node)| self.question(name, node));
        let ask = ask.collect::<Option<Vec<Question>>>()?;
        let causes = root.get("causes")?.items().iter().enumerate();
        let causes = causes.map(|(index, node)| self.cause(index, node)).collect::<Option<_>>()?;
        Some(Runbook {
            name: text(root, "runbook")?,
            version: u32::try_from(whole(root, "version", 0)?).ok()?,
            title: both(root.get("title")?)?,
            about: both(root.get("about")?)?,
            fits: fits(root.get("fits"))?,
            offline: flag(root, "offline")?,
            limits: limits(root.get("limits"))?,
            resume: resume(root.get("resume"))?,
            inputs,
            collect: named(root.get("collect"))
                .map(|(name, node)| collect(name, node))
                .collect::<Option<_>>()?,
            ask,
            causes,
            accept: condition(root, "accept"),
            escalate: match root.get("escalate") {
                Some(node) => {
                    Some(Escalate { when: condition(node, "when"), to: condition(node, "to")? })
                }
                None => None,
            },
        })
    }

    fn question(&mut self, name: &str, node: &Node) -> Option<Question> {
        let path = format!("ask.{name}");
        let mut choice: Vec<Choice> = Vec::new();
        for (index, item) in node.get("choice")?.items().iter().enumerate() {
            let at = format!("{path}.choice[{index}]");
            let value = item.text().map(str::to_owned).or_else(|| text(item, "value"))?;
            if choice.iter().any(|known| known.value == value) {
                self.complain(&at, "duplicate", format!("`{value}` can be chosen already"));
            }
            let text = match item.get("text") {
                Some(node) => both(node)?,
                None => answer_text(&value).unwrap_or_else(|| {
                    let message = format!(
                        "people are not told what `{value}` means: write \
                         `{{value: {value}, text: {{en: ..., de: ...}}}}`"
                    );
                    self.complain(&at, "missing-key", message);
                    Text { en: value.clone(), de: value.clone() }
                }),
            };
            choice.push(Choice { value, text });
        }
        let default = text(node, "default")?;
        if !choice.iter().any(|known| known.value == default) {
            let values: Vec<&str> = choice.iter().map(|choice| choice.value.as_str()).collect();
            let message = format!("`{default}` is none of the choices: {}", values.join(", "));
            self.complain(&format!("{path}.default"), "unknown-word", message);
        }
        if choice.len() < 2 {
            let message = "a question has at least two answers to choose from".to_owned();
            self.complain(&format!("{path}.choice"), "too-short", message);
        }
        Some(Question {
            name: name.to_owned(),
            when: condition(node, "when"),
            to: word(node, "to", Whom::User)?,
            text: both(node.get("text")?)?,
            choice,
            timeout: duration(node, "timeout", Duration::from_mins(10))?,
            default,
        })
    }
}

fn fits(node: Option<&Node>) -> Option<Fits> {
    let Some(node) = node else { return Some(Fits::default()) };
    let texts = |name: &str| {
        let items = node.get(name).map(Node::items).unwrap_or_default();
        items.iter().map(|item| item.text().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    let systems = node.get("systems").map(Node::items).unwrap_or_default();
    Some(Fits {
        systems: systems.iter().map(|item| Word::read(item.text()?)).collect::<Option<_>>()?,
        categories: texts("categories")?,
        findings: texts("findings")?,
        words: texts("words")?,
    })
}

fn limits(node: Option<&Node>) -> Option<Limits> {
    let (wall, output) = (Duration::from_mins(20), 1 << 20);
    let Some(node) = node else { return Some(Limits { wall, output, reboots: 0 }) };
    Some(Limits {
        wall: duration(node, "wall", wall)?,
        output: match node.get("output") {
            Some(node) => bytes(node.text()?)?,
            None => output,
        },
        reboots: u32::try_from(whole(node, "reboots", 0)?).ok()?,
    })
}

fn resume(node: Option<&Node>) -> Option<Resume> {
    let Some(on) = node.and_then(|node| node.get("on")) else {
        return Some(Resume { reboot: true, disconnect: true, agent_restart: true });
    };
    let on: Vec<Interruption> =
        on.items().iter().map(|item| Word::read(item.text()?)).collect::<Option<_>>()?;
    Some(Resume {
        reboot: on.contains(&Interruption::Reboot),
        disconnect: on.contains(&Interruption::Disconnect),
        agent_restart: on.contains(&Interruption::AgentRestart),
    })
}

fn collect(name: &str, node: &Node) -> Option<Collect> {
    let (source, own) = match node.get("probe") {
        Some(probe) => {
            let (probe, version) = probe.text()?.split_once('@')?;
            let own = spec::probe(probe).map_or(SECTION_TIMEOUT, spec::Spec::within);
            let (name, version) = (probe.to_owned(), version.parse().ok()?);
            (Source::Probe { name, version, with: with(node)? }, own)
        }
        None => (Source::Section { kind: text(node, "section")? }, SECTION_TIMEOUT),
    };
    let retry = match node.get("retry") {
        Some(node) => Retry {
            max: u32::try_from(whole(node, "max", 0)?).ok()?,
            backoff: duration(node, "backoff", Duration::from_secs(1))?,
        },
        None => Retry::default(),
    };
    Some(Collect { name: name.to_owned(), source, timeout: duration(node, "timeout", own)?, retry })
}

/// The members of a mapping of names; none if it is not there.
fn named(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries.iter().map(|(key, node)| (key.text.as_str(), node))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.text().map(str::to_owned)
}

fn both(node: &Node) -> Option<Text> {
    Some(Text { en: text(node, "en")?, de: text(node, "de")? })
}

fn condition(node: &Node, key: &str) -> Option<Condition> {
    text(node, key).map(|text| Condition { text })
}

fn flag(node: &Node, key: &str) -> Option<bool> {
    node.get(key).map_or(Some(false), |node| node.text()?.parse().ok())
}

fn whole(node: &Node, key: &str, default: i64) -> Option<i64> {
    node.get(key).map_or(Some(default), |node| node.text()?.parse().ok())
}

fn duration(node: &Node, key: &str, default: Duration) -> Option<Duration> {
    let Some(node) = node.get(key) else { return Some(default) };
    milliseconds(node.text()?).map(Duration::from_millis)
}

fn word<W: Word>(node: &Node, key: &str, default: W) -> Option<W> {
    node.get(key).map_or(Some(default), |node| W::read(node.text()?))
}

fn with(node: &Node) -> Option<With> {
    named(node.get("with")).map(|(name, node)| Some((name.to_owned(), filled(node)?))).collect()
}

fn filled(node: &Node) -> Option<Template> {
    match &node.content {
        Content::Scalar(scalar) => {
            let pieces: Vec<Piece> =
                template::pieces(&scalar.text).ok()?.into_iter().map(|(_, piece)| piece).collect();
            match pieces.as_slice() {
                [Piece::Said(said)] if *said == scalar.text => Some(Template::Fixed(value(scalar))),
                [Piece::Said(said)] => Some(Template::Fixed(Value::from(said.as_str()))),
                _ => Some(Template::Filled(pieces)),
            }
        }
        Content::List(items) => {
            Some(Template::List(items.iter().map(filled).collect::<Option<_>>()?))
        }
        Content::Map(_) => None,
    }
}

/// What a scalar stands for: unquoted, `true`, `false` and numbers are what they look like.
fn value(scalar: &Scalar) -> Value {
    let text = scalar.text.as_str();
    if scalar.style != Style::Plain {
        return Value::from(text);
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let whole = text.parse::<i64>().map(Value::from).ok();
            let looks = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            let broken = || text.parse::<f64>().ok().filter(|_| looks).map(Value::from);
            whole.or_else(broken).unwrap_or_else(|| Value::from(text))
        }
    }
}
