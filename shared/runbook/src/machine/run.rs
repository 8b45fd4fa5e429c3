//! The way that a run goes, from the first measurement to its end, and what it knows meanwhile.
//!
//! The parts of the way are files of their own: [`super::measuring`], [`super::asking`], [`super::judging`],
//! [`super::attempt`] with [`super::looking`] and [`super::aftermath`], [`super::ending`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use befund_model::probe::ProbeResult;
use befund_model::runbook::{Answer, Attempt, Cause, CauseVerdict, Facts, Mode, RunbookResult};
use befund_model::snapshot::Status;

use super::exchange::{Exchange, Stop};
use super::{Do, Ended, Heard, lines};
use crate::document::Runbook;

/// A run's end.
pub(super) struct Finished {
    pub(super) result: RunbookResult,
    pub(super) ended: Ended,
}

/// Whether the facts are those of the machine as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Nothing has been done since all of them were measured.
    Fresh,
    /// As fresh, but people were waited for since.
    Waited,
    /// Something was done since.
    Stale,
}

/// A fix: the index of its cause, and its own among the cause's.
pub(super) type Place = (usize, usize);

/// What a run knows.
pub(super) struct Run {
    pub(super) runbook: Arc<Runbook>,
    pub(super) inputs: Map<String, Value>,
    pub(super) mode: Mode,
    pub(super) exchange: Exchange,
    pub(super) facts: Facts,
    pub(super) before: Facts,
    /// Parameters that name no measurement, filled in once.
    pub(super) filled: BTreeMap<usize, Value>,
    pub(super) answers: Vec<Answer>,
    /// What expressions see as `ask`.
    pub(super) given: Map<String, Value>,
    /// The causes as they were judged last; empty before the first time.
    pub(super) judged: Vec<Cause>,
    /// The causes for the result: as they were when they were found.
    pub(super) shown: Vec<Cause>,
    pub(super) tried: BTreeSet<Place>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) collected: u32,
    pub(super) age: Age,
    /// How many interruptions there had been when everything was measured last.
    pub(super) seen: u32,
    pub(super) output_left: u64,
    /// Why nothing further is acted.
    pub(super) halted: Option<String>,
}

impl Run {
    pub(super) fn new(
        runbook: Arc<Runbook>,
        inputs: &BTreeMap<String, Value>,
        mode: Mode,
        exchange: Exchange,
    ) -> Self {
        let inputs = runbook
            .inputs
            .iter()
            .filter_map(|(name, input)| {
                let value = inputs.get(name).or(input.default.as_ref())?;
                Some((name.clone(), value.clone()))
            })
            .collect();
        let given =
            runbook.ask.iter().map(|asked| (asked.name.clone(), json!(asked.default))).collect();
        let output_left = runbook.limits.output;
        Self {
            runbook,
            inputs,
            mode,
            exchange,
            facts: Facts::new(),
            before: Facts::new(),
            filled: BTreeMap::new(),
            answers: Vec::new(),
            given,
            judged: Vec::new(),
            shown: Vec::new(),
            tried: BTreeSet::new(),
            attempts: Vec::new(),
            collected: 0,
            age: Age::Stale,
            seen: 0,
            output_left,
            halted: None,
        }
    }

    pub(super) async fn whole(mut self) -> Finished {
        let stop = self.course().await.err();
        self.end(stop).await
    }

    async fn course(&mut self) -> Result<(), Stop> {
        self.collect().await?;
        self.ask().await?;
        loop {
            self.settle().await?;
            if self.halted.is_some() {
                return Ok(());
            }
            let Some(place) = self.next_fix() else { return Ok(()) };
            self.attempt(place).await?;
        }
    }

    /// Sees to it that the causes are judged by the machine as it is now.
    async fn settle(&mut self) -> Result<(), Stop> {
        while self.age == Age::Stale || self.is_overtaken() || self.judged.is_empty() {
            if self.age == Age::Stale || self.is_overtaken() {
                self.collect().await?;
            }
            self.judge().await?;
            if self.runbook.causes.is_empty() && !self.is_overtaken() {
                break;
            }
        }
        Ok(())
    }

    /// Whether the run was interrupted since everything was measured.
    pub(super) fn is_overtaken(&self) -> bool {
        self.exchange.interruptions() != self.seen
    }

    fn next_fix(&self) -> Option<Place> {
        self.judged
            .iter()
            .enumerate()
            .filter(|(_, cause)| cause.verdict == CauseVerdict::Found)
            .flat_map(|(cause, _)| {
                (0..self.runbook.causes[cause].fixes.len()).map(move |fix| (cause, fix))
            })
            .find(|place| !self.tried.contains(place))
    }

    /// What expressions see, and why names are missing.
    pub(super) fn scope(&self) -> (Map<String, Value>, BTreeMap<String, String>) {
        let mut scope = Map::new();
        let mut missing = BTreeMap::new();
        for step in &self.runbook.collect {
            match self.facts.get(&step.name) {
                None => {
                    missing.insert(step.name.clone(), "it was not measured".to_owned());
                }
                Some(result) => match usable(result) {
                    Ok(facts) => {
                        scope.insert(step.name.clone(), facts.clone());
                    }
                    Err(reason) => {
                        missing.insert(step.name.clone(), reason);
                    }
                },
            }
        }
        scope.insert("ask".to_owned(), Value::Object(self.given.clone()));
        scope.insert("inputs".to_owned(), Value::Object(self.inputs.clone()));
        (scope, missing)
    }

    /// The values of these expressions, one for each.
    pub(super) async fn evaluate(
        &mut self,
        name: &str,
        expressions: Vec<String>,
    ) -> Result<Vec<Result<Value, String>>, Stop> {
        if expressions.is_empty() {
            return Ok(Vec::new());
        }
        let count = expressions.len();
        let (scope, missing) = self.scope();
        let step = self.exchange.name(name);
        let scope = Value::Object(scope);
        self.exchange.want(Do::Evaluate { step, expressions, scope, missing })?;
        loop {
            if let Heard::Evaluated { values, .. } = self.exchange.next().await? {
                return Ok(one_for_each(values, count));
            }
        }
    }

    /// What is left out of the result and of expressions alike: the names of all measurements.
    pub(super) fn steps(&self) -> impl Iterator<Item = &str> {
        self.runbook.collect.iter().map(|step| step.name.as_str())
    }
}

/// As many values as there were expressions, whatever was answered.
pub(super) fn one_for_each(
    mut values: Vec<Result<Value, String>>,
    count: usize,
) -> Vec<Result<Value, String>> {
    values.resize_with(count, || Err("it was not evaluated".to_owned()));
    values
}

/// The facts, or why there are none.
fn usable(result: &ProbeResult) -> Result<&Value, String> {
    let reason = match (result.reason.as_str(), result.summary.as_str()) {
        ("", summary) => summary,
        (reason, _) => reason,
    };
    match result.status {
        Status::Ok | Status::Partial if result.facts.is_null() => {
            Err("the measurement gave no facts".to_owned())
        }
        Status::Ok | Status::Partial => Ok(&result.facts),
        Status::Unsupported | Status::Denied | Status::Timeout | Status::Failed => {
            Err(lines::line(&format!("{}: {reason}", result.status)))
        }
    }
}
