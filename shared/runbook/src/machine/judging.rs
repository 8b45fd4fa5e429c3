//! Judging the causes: what the facts show, what they rule out, and what cannot be told.

use std::collections::BTreeMap;

use serde_json::Value;

use befund_model::action;
use befund_model::job::JobNews;
use befund_model::runbook::{Cause, CauseVerdict, RULED_OUT};

use super::exchange::Stop;
use super::run::Run;
use super::{lines, names};
use crate::document::{self, Act, Fix};

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    /// It cannot be told, and why.
    Unknown(String),
}

/// Whether the condition holds, by its value. It is unknown if it has none, if that is neither true nor false, and
/// if it names a measurement that is missing, whatever the value: what short-circuits past a missing fact has
/// not looked.
pub(super) fn held(
    text: &str,
    value: Option<Result<Value, String>>,
    missing: &BTreeMap<String, String>,
) -> Held {
    let named = names::named(text);
    if let Some((name, reason)) = missing.iter().find(|(name, _)| named.contains(name.as_str())) {
        return Held::Unknown(lines::line(&format!("{name}: {reason}")));
    }
    match value {
        Some(Ok(Value::Bool(true))) => Held::Yes,
        Some(Ok(Value::Bool(false))) => Held::No,
        Some(Ok(other)) => {
            Held::Unknown(format!("it is {} instead of true or false", lines::value(&other)))
        }
        Some(Err(reason)) => Held::Unknown(lines::line(&reason)),
        None => Held::Unknown("it was not evaluated".to_owned()),
    }
}

impl Run {
    /// Judges every cause by the facts as they are, and tells what is new.
    pub(super) async fn judge(&mut self) -> Result<(), Stop> {
        let runbook = std::sync::Arc::clone(&self.runbook);
        let mut expressions = Vec::new();
        for cause in &runbook.causes {
            expressions.push(cause.when.text.clone());
            expressions.extend(cause.evidence.iter().map(|(_, shown)| shown.text.clone()));
        }
        let name = format!("judge/{}", self.collected);
        let mut values = self.evaluate(&name, expressions).await?.into_iter();
        let missing = self.scope().1;
        let mut judged = Vec::new();
        for cause in &runbook.causes {
            let detector = held(&cause.when.text, values.next(), &missing);
            let shown: Vec<_> =
                cause.evidence.iter().map(|(label, _)| (label, values.next())).collect();
            let shown = shown
                .iter()
                .filter_map(|(label, value)| match value {
                    Some(Ok(value)) => Some(format!("{label}: {}", lines::evidence(value))),
                    Some(Err(_)) | None => None,
                })
                .collect::<Vec<_>>()
                .join("; ");
            judged.push(verdict(cause, detector, shown));
        }
        explain(&runbook.causes, &mut judged);
        for (cause, document) in judged.iter_mut().zip(&runbook.causes) {
            if cause.verdict == CauseVerdict::Found {
                cause.advice = advice(document);
            }
        }
        self.tell_causes(&judged);
        self.show(&judged);
        self.judged = judged;
        Ok(())
    }

    fn tell_causes(&self, judged: &[Cause]) {
        for (index, cause) in judged.iter().enumerate() {
            if self.judged.get(index).is_some_and(|before| before.verdict == cause.verdict) {
                continue;
            }
            // In quotes: a title says what would be wrong, and stands beside a verdict that may deny it.
            let summary = match cause.verdict {
                CauseVerdict::Found if !cause.advice.is_empty() => {
                    format!("“{}”: {}. {}", cause.title, cause.evidence, cause.advice)
                }
                CauseVerdict::Found
                | CauseVerdict::Excluded
                | CauseVerdict::Unknown
                | CauseVerdict::Explained => format!("“{}”: {}", cause.title, cause.evidence),
            };
            self.exchange.tell(JobNews::Cause {
                cause: cause.id.clone(),
                verdict: cause.verdict,
                summary: lines::line(&summary),
            });
        }
    }

    /// Notes the causes for the result. One that was found stays found there, with the evidence of then: the attempts
    /// say what became of it.
    fn show(&mut self, judged: &[Cause]) {
        if self.shown.is_empty() {
            self.shown = judged.to_vec();
            return;
        }
        for (shown, now) in self.shown.iter_mut().zip(judged) {
            let stays = match shown.verdict {
                CauseVerdict::Found => true,
                CauseVerdict::Explained => now.verdict != CauseVerdict::Found,
                CauseVerdict::Excluded | CauseVerdict::Unknown => false,
            };
            if !stays {
                shown.clone_from(now);
            }
        }
    }
}

fn verdict(cause: &document::Cause, detector: Held, shown: String) -> Cause {
    let (verdict, evidence) = match detector {
        Held::Yes if shown.is_empty() => {
            (CauseVerdict::Found, format!("{} holds", lines::cut(&cause.when.text, 160)))
        }
        Held::Yes => (CauseVerdict::Found, shown),
        Held::No if shown.is_empty() => (CauseVerdict::Excluded, RULED_OUT.to_owned()),
        Held::No => (CauseVerdict::Excluded, shown),
        Held::Unknown(reason) => (CauseVerdict::Unknown, reason),
    };
    Cause {
        id: cause.id.clone(),
        title: lines::line(&cause.title.en),
        verdict,
        evidence: lines::line(&evidence),
        advice: String::new(),
    }
}

/// Silences what follows from another cause that was found, also by way of a third. What cannot be told would not be
/// news either, once its cause is known. Of causes that explain one another, the first stays.
fn explain(causes: &[document::Cause], judged: &mut [Cause]) {
    for root in 0..causes.len() {
        if judged[root].verdict != CauseVerdict::Found {
            continue;
        }
        let mut from = vec![root];
        while let Some(explaining) = from.pop() {
            for index in 0..causes.len() {
                let follows = causes[explaining].explains.contains(&causes[index].id);
                let silent = match judged[index].verdict {
                    CauseVerdict::Found | CauseVerdict::Unknown => false,
                    CauseVerdict::Excluded | CauseVerdict::Explained => true,
                };
                if !follows || silent || index == root {
                    continue;
                }
                if judged[index].verdict == CauseVerdict::Found {
                    from.push(index);
                }
                judged[index].verdict = CauseVerdict::Explained;
                judged[index].evidence = format!("follows from {}", causes[root].id);
            }
        }
    }
}

fn advice(cause: &document::Cause) -> String {
    if let Some(advice) = &cause.advice {
        return lines::line(&advice.en);
    }
    let Some(fix) = cause.fixes.first() else { return String::new() };
    lines::line(&match &fix.text {
        Some(text) => text.en.clone(),
        None => title(fix),
    })
}

/// What a fix does, for a technician.
fn title(fix: &Fix) -> String {
    match &fix.act {
        Act::Action(name) => {
            action::find(name).map_or_else(|| name.clone(), |spec| format!("{}.", spec.title))
        }
        Act::Script(script) => format!("Run {}.", script.path),
        Act::Instruct => "Tell the person what to do.".to_owned(),
        Act::OpenUrl => "Have the person open the address.".to_owned(),
        Act::Reboot => "Restart the machine.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_names_a_missing_fact_is_unknown_whatever_it_comes_to() {
        let missing = BTreeMap::from([("dns".to_owned(), "timeout".to_owned())]);
        for value in [true, false] {
            let held = held("gw.up && dns.dead", Some(Ok(json!(value))), &missing);
            assert_eq!(held, Held::Unknown("dns: timeout".to_owned()));
        }
        assert_eq!(held("gw.dns", Some(Ok(json!(false))), &missing), Held::No);
        assert!(matches!(held("gw.up", Some(Ok(json!(1))), &missing), Held::Unknown(_)));
        assert!(matches!(held("gw.up", Some(Err("x".to_owned())), &missing), Held::Unknown(_)));
        assert!(matches!(held("gw.up", None, &missing), Held::Unknown(_)));
    }
}
