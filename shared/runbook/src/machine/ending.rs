//! The end of a run: is the trouble over, whom does the ticket go to otherwise, and the result.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use befund_model::job::{JobNews, JobState, MAX_RESULT_BYTES};
use befund_model::probe::ProbeResult;
use befund_model::runbook::{AttemptEnd, CauseVerdict, Facts, Mode, RunbookResult};
use befund_model::snapshot::Status;

use super::exchange::Stop;
use super::judging::{Held, held};
use super::measuring::without_facts;
use super::run::{Age, Finished, Run, one_for_each};
use super::{Do, Ended, Heard, conclusion, lines};
use crate::document::Escalate;

/// What expressions of [`Escalate`] see of whether the trouble is over.
const ACCEPTED: &str = "accepted";
/// Room for the rest of the outcome around its result.
const AROUND: usize = 8 << 10;

impl Run {
    /// Ends the run. After a cancel nothing is evaluated any more; after any other stop, only what says whom the
    /// ticket goes to.
    pub(super) async fn end(mut self, stop: Option<Stop>) -> Finished {
        let overtaken = self.age == Age::Stale || self.is_overtaken();
        let accepted = if self.exchange.cancelled().is_some() || overtaken {
            Held::Unknown("the facts are not those of the machine as it is now".to_owned())
        } else {
            self.accepted().await
        };
        let broke_off = stop.is_some() || self.halted.is_some();
        let escalates = self.exchange.cancelled().is_none() && self.mode == Mode::Run;
        let escalate_to =
            if escalates { self.escalate_to(&accepted, broke_off).await } else { Ok(None) };
        // Also one that came only now.
        let stop = self.exchange.cancelled().or(stop);
        let early = stop.as_ref().map(Stop::words).or_else(|| self.halted.clone());
        let (accepted, escalate_to) = match &stop {
            Some(Stop::Cancelled { .. }) => (Held::Unknown("cancelled".to_owned()), Ok(None)),
            Some(_) | None => (accepted, escalate_to),
        };
        let ended = self.ended(stop.as_ref(), early.as_deref());
        let result = self.result(accepted, early.as_deref(), escalate_to);
        self.exchange.tell(JobNews::Output(result.conclusion.clone()));
        Finished { result: fitting(result), ended }
    }

    async fn accepted(&mut self) -> Held {
        let Some(accept) = self.runbook.accept.clone() else {
            let verdicts = || self.judged.iter().map(|cause| cause.verdict);
            if self.judged.is_empty() {
                return Held::Unknown("no cause was judged".to_owned());
            }
            if verdicts().any(|verdict| verdict == CauseVerdict::Found) {
                return Held::No;
            }
            return match verdicts().any(|verdict| verdict == CauseVerdict::Unknown) {
                true => Held::Unknown("not every cause could be judged".to_owned()),
                false => Held::Yes,
            };
        };
        let (scope, missing) = self.scope();
        let texts = vec![accept.text.clone()];
        let value = self.evaluate_last("accept", texts, scope.into(), missing.clone()).await;
        held(&accept.text, value.into_iter().next(), &missing)
    }

    /// The group that the ticket goes to, if it is to go on; an error where it should, and cannot be told where.
    async fn escalate_to(
        &mut self,
        accepted: &Held,
        early: bool,
    ) -> Result<Option<String>, String> {
        let Some(Escalate { when, to }) = self.runbook.escalate.clone() else { return Ok(None) };
        if when.is_none() && !early && *accepted == Held::Yes {
            return Ok(None);
        }
        let (mut scope, mut missing) = self.scope();
        match accepted {
            Held::Yes | Held::No => {
                scope.insert(ACCEPTED.to_owned(), json!(*accepted == Held::Yes));
            }
            Held::Unknown(reason) => {
                missing.insert(ACCEPTED.to_owned(), reason.clone());
            }
        }
        let texts: Vec<_> =
            when.iter().chain([&to]).map(|condition| condition.text.clone()).collect();
        let values = self.evaluate_last("escalate", texts, scope.into(), missing.clone()).await;
        let mut values = values.into_iter();
        // A run that broke off escalates whatever it is; so does one of which that cannot be told.
        if let Some(when) = when
            && held(&when.text, values.next(), &missing) == Held::No
            && !early
        {
            return Ok(None);
        }
        match values.next() {
            Some(Ok(Value::String(group))) if !group.trim().is_empty() => {
                Ok(Some(lines::cut(&group, 100)))
            }
            Some(Ok(other)) => Err(format!("{} is no group", lines::value(&other))),
            Some(Err(reason)) => Err(lines::line(&reason)),
            None => Err("it was not evaluated".to_owned()),
        }
    }

    async fn evaluate_last(
        &self,
        name: &str,
        expressions: Vec<String>,
        scope: Value,
        missing: BTreeMap<String, String>,
    ) -> Vec<Result<Value, String>> {
        let count = expressions.len();
        let step = self.exchange.name(name);
        self.exchange.must(Do::Evaluate { step, expressions, scope, missing });
        loop {
            match self.exchange.unless_cancelled().await {
                Some(Heard::Evaluated { values, .. }) => return one_for_each(values, count),
                Some(_) => {}
                None => return one_for_each(Vec::new(), count),
            }
        }
    }

    fn ended(&self, stop: Option<&Stop>, early: Option<&str>) -> Ended {
        let indeterminate =
            self.attempts.iter().any(|attempt| attempt.end == AttemptEnd::Indeterminate);
        let (state, status) = match stop {
            _ if indeterminate => (JobState::Indeterminate, Status::Partial),
            Some(Stop::Cancelled { .. }) => (JobState::Cancelled, Status::Partial),
            Some(Stop::Wall(_)) => (JobState::Done, Status::Timeout),
            Some(Stop::Steps | Stop::Interrupted(_) | Stop::TooOften(_)) => {
                (JobState::Done, Status::Partial)
            }
            None if early.is_some() => (JobState::Done, Status::Partial),
            None => (JobState::Done, Status::Ok),
        };
        if let Some(reason) = early {
            return Ended { state, status, reason: lines::line(reason) };
        }
        let missing: Vec<_> = self
            .facts
            .iter()
            .filter(|(_, result)| result.status != Status::Ok)
            .map(|(name, result)| format!("{name} {}", result.status))
            .collect();
        if missing.is_empty() {
            return Ended { state, status, reason: String::new() };
        }
        let reason = lines::line(&format!("not all was measured: {}", missing.join(", ")));
        Ended { state, status: Status::Partial, reason }
    }

    fn result(
        &mut self,
        accepted: Held,
        early: Option<&str>,
        escalate_to: Result<Option<String>, String>,
    ) -> RunbookResult {
        let reason = early.unwrap_or("the run ended before");
        for step in &self.runbook.collect {
            self.facts.entry(step.name.clone()).or_insert_with(|| {
                without_facts(&step.source, Status::Failed, lines::line(reason))
            });
        }
        let mut result = RunbookResult {
            runbook: self.runbook.name.clone(),
            version: self.runbook.version,
            conclusion: String::new(),
            causes: std::mem::take(&mut self.shown),
            facts: std::mem::take(&mut self.facts),
            before: std::mem::take(&mut self.before),
            mode: self.mode,
            answers: std::mem::take(&mut self.answers),
            attempts: std::mem::take(&mut self.attempts),
            accepted: match &accepted {
                Held::Yes => Some(true),
                Held::No => Some(false),
                Held::Unknown(_) => None,
            },
            escalate_to: None,
            escalate_unknown: None,
        };
        result.conclusion = conclusion::of(&result, &accepted, early, &escalate_to);
        match escalate_to {
            Ok(group) => result.escalate_to = group,
            Err(reason) => result.escalate_unknown = Some(lines::cut(&reason, 300)),
        }
        result
    }
}

/// The result, without its largest facts if it would not fit into what may be sent. Attempts stay: what was
/// done to a machine is never left out.
fn fitting(mut result: RunbookResult) -> RunbookResult {
    let room = MAX_RESULT_BYTES - AROUND;
    let mut size = size_of(&result);
    while size > room {
        let Some(saved) =
            drop_largest(&mut result.before).or_else(|| drop_largest(&mut result.facts))
        else {
            break;
        };
        size -= saved;
    }
    if size > room {
        for attempt in &mut result.attempts {
            let came = [&mut attempt.acted, &mut attempt.undone];
            came.into_iter().flatten().for_each(|acted| acted.commands.clear());
            attempt.prediction.iter_mut().for_each(|prediction| prediction.lines.truncate(1));
        }
    }
    result
}

fn size_of(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

/// Leaves out the largest facts of these, and says so; how many bytes that saved.
fn drop_largest(facts: &mut Facts) -> Option<usize> {
    const REASON: &str = "its facts were left out, to fit into a result";
    let sized = facts.values_mut().map(|result| (size_of(&result.facts), result));
    let (size, result): (usize, &mut ProbeResult) =
        sized.max_by_key(|(size, _)| *size).filter(|(size, _)| *size > 256)?;
    result.facts = Value::Null;
    result.reason = REASON.to_owned();
    if result.status == Status::Ok {
        result.status = Status::Partial;
    }
    Some(size.saturating_sub(REASON.len() + 32))
}
