//! Runbooks for tests, and just enough of an expression language to run them. Not CEL.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use befund_model::action::Risk;
use befund_model::language::Text;

use crate::document::{
    Act, Cause, Choice, Collect, Condition, Confirm, Consent, Escalate, Fits, Fix, Limits,
    OnInterrupt, Question, Resume, Retry, Runbook, Source, UndoBy, Verify, Whom, With,
};

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn condition(text: &str) -> Condition {
    Condition { text: text.to_owned() }
}

pub(crate) fn text(words: &str) -> Text {
    Text { en: words.to_owned(), de: words.to_owned() }
}

pub(crate) fn collect(name: &str) -> Collect {
    Collect {
        name: name.to_owned(),
        source: Source::Probe { name: format!("net.{name}"), version: 1, with: With::new() },
        timeout: seconds(10),
        retry: Retry::default(),
    }
}

pub(crate) fn fix(act: &str) -> Fix {
    Fix {
        act: Act::Action(act.to_owned()),
        with: With::new(),
        when: None,
        risk: Risk::Change,
        consent: Consent::User,
        text: None,
        timeout: seconds(20),
        on_interrupt: OnInterrupt::Recheck,
        undo: UndoBy::Auto,
        confirm: None,
    }
}

pub(crate) fn instruct(words: &str) -> Fix {
    Fix {
        act: Act::Instruct,
        risk: Risk::Read,
        consent: Consent::Policy,
        text: Some(text(words)),
        undo: UndoBy::None,
        ..fix("")
    }
}

pub(crate) fn cause(id: &str, when: &str, fixes: Vec<Fix>) -> Cause {
    Cause {
        id: id.to_owned(),
        title: text(id),
        when: condition(when),
        evidence: Vec::new(),
        explains: Vec::new(),
        advice: None,
        fixes,
        verify: None,
    }
}

/// Two causes, one of which explains the other; a question; a verifier; an escalation.
pub(crate) fn no_internet() -> Runbook {
    let flush = Fix { consent: Consent::Policy, undo: UndoBy::None, ..fix("dns.flush_cache") };
    let servers = Fix {
        when: Some(condition("dns.source == 'static'")),
        confirm: Some(Confirm { within: seconds(30), until: None }),
        ..fix("dns.use_dhcp_servers")
    };
    let dns = Cause {
        evidence: vec![("servers".to_owned(), condition("dns.servers"))],
        verify: Some(Verify {
            within: seconds(20),
            every: seconds(5),
            until: condition("dns.answered"),
        }),
        ..cause("dns-dead", "gw.reachable && dns.answered == false", vec![flush, servers])
    };
    let link = Cause {
        explains: vec!["dns-dead".to_owned()],
        verify: Some(Verify {
            within: seconds(120),
            every: seconds(5),
            until: condition("link.up"),
        }),
        ..cause("link-down", "link.up == false", vec![instruct("Plug in the cable.")])
    };
    Runbook {
        name: "net.no-internet".to_owned(),
        version: 3,
        title: text("No internet"),
        about: text("Finds out why."),
        fits: Fits::default(),
        offline: true,
        limits: Limits { wall: seconds(1_200), output: 1 << 20, reboots: 1 },
        resume: Resume { reboot: true, disconnect: true, agent_restart: true },
        inputs: BTreeMap::new(),
        collect: ["link", "gw", "dns", "web"].map(collect).to_vec(),
        ask: vec![Question {
            name: "scope".to_owned(),
            when: Some(condition("web.open == false")),
            to: Whom::User,
            text: text("Do other devices have internet?"),
            choice: ["yes", "no", "unsure"]
                .map(|value| Choice { value: value.to_owned(), text: text(value) })
                .to_vec(),
            timeout: seconds(600),
            default: "unsure".to_owned(),
        }],
        causes: vec![link, dns],
        accept: Some(condition("web.open")),
        escalate: Some(Escalate {
            when: None,
            to: condition("ask.scope == 'no' ? 'L2-network' : 'L2-desktop'"),
        }),
    }
}

/// The same without the question, and with the same group always.
pub(crate) fn without_question() -> Runbook {
    let escalate = Some(Escalate { when: None, to: condition("'L2-desktop'") });
    Runbook { ask: Vec::new(), escalate, ..no_internet() }
}

/// Members, `!`, `&&`, `==`, `!=`, `a ? b : c`, texts, numbers, `true` and `false`.
pub(crate) fn evaluate(
    expressions: &[String],
    scope: &Value,
    missing: &BTreeMap<String, String>,
) -> Vec<Result<Value, String>> {
    expressions.iter().map(|expression| value(expression, scope, missing)).collect()
}

fn value(text: &str, scope: &Value, missing: &BTreeMap<String, String>) -> Result<Value, String> {
    let value = |text: &str| value(text, scope, missing);
    let text = text.trim();
    if let Some((when, rest)) = text.split_once(" ? ") {
        let (yes, no) = rest.split_once(" : ").ok_or("a ? without a :")?;
        return value(if value(when)? == json!(true) { yes } else { no });
    }
    if let Some((left, right)) = text.split_once(" && ") {
        return Ok(json!(value(left)? == json!(true) && value(right)? == json!(true)));
    }
    if let Some((left, right)) = text.split_once(" == ") {
        return Ok(json!(value(left)? == value(right)?));
    }
    if let Some((left, right)) = text.split_once(" != ") {
        return Ok(json!(value(left)? != value(right)?));
    }
    if let Some(rest) = text.strip_prefix('!') {
        return Ok(json!(value(rest)? != json!(true)));
    }
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(json!(quoted));
    }
    if let Ok(literal) = serde_json::from_str::<Value>(text) {
        return Ok(literal);
    }
    let mut path = text.split('.');
    let root = path.next().unwrap_or_default();
    if let Some(reason) = missing.get(root) {
        return Err(format!("{root}: {reason}"));
    }
    let found = path.try_fold(scope.get(root), |at, name| at.map(|at| at.get(name)));
    found.flatten().cloned().ok_or_else(|| format!("there is no {text}"))
}
