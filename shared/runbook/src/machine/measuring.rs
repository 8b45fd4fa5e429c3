//! Measuring: all that is collected, or some of it again. Side by side, but for what takes its parameters from
//! another measurement, which waits for it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use befund_model::job::JobNews;
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::snapshot::Status;

use super::exchange::Stop;
use super::run::{Age, Run};
use super::{Do, Heard, Step, filling, lines, names};
use crate::document::{Collect, Source, With};

/// What is measured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// For judging: told, and tried again as the runbook says.
    Collect,
    /// Immediately before something is done: tried again, but not told.
    Recheck,
    /// One look of several: neither.
    Look,
}

/// A measurement that is under way.
struct Underway {
    index: usize,
    parameters: Value,
    /// How often it has failed.
    failed: u32,
}

impl Run {
    /// Measures everything.
    pub(super) async fn collect(&mut self) -> Result<(), Stop> {
        self.collected = self.collected.saturating_add(1);
        let seen = self.exchange.interruptions();
        let all = (0..self.runbook.collect.len()).collect();
        self.measure(&format!("collect/{}", self.collected), all, Round::Collect).await?;
        self.seen = seen;
        self.age = Age::Fresh;
        Ok(())
    }

    /// The measurements that these expressions name; all of them where they name none, since then it cannot be told
    /// what they are about.
    pub(super) fn measurements_of<'a>(
        &self,
        expressions: impl IntoIterator<Item = &'a str>,
    ) -> Vec<usize> {
        let named: BTreeSet<&str> = expressions.into_iter().flat_map(names::named).collect();
        let some: Vec<usize> = self.indices(|name| named.contains(name));
        if some.is_empty() { self.indices(|_| true) } else { some }
    }

    pub(super) fn indices(&self, of: impl Fn(&str) -> bool) -> Vec<usize> {
        self.steps().enumerate().filter(|(_, name)| of(name)).map(|(index, _)| index).collect()
    }

    /// Measures these; their steps are named `base/NAME`.
    pub(super) async fn measure(
        &mut self,
        base: &str,
        mut rest: Vec<usize>,
        round: Round,
    ) -> Result<(), Stop> {
        while !rest.is_empty() {
            let (mut now, mut later): (Vec<usize>, Vec<usize>) =
                rest.iter().partition(|index| !self.waits_for(**index, &rest));
            if now.is_empty() {
                // They wait for one another: each then sees what was measured before.
                now = std::mem::take(&mut later);
            }
            self.side_by_side(base, &now, round).await?;
            rest = later;
        }
        Ok(())
    }

    /// Whether this measurement takes its parameters from one of these.
    fn waits_for(&self, index: usize, others: &[usize]) -> bool {
        let Some(with) = with(&self.runbook.collect[index]) else { return false };
        let expressions = filling::expressions(with);
        let named: BTreeSet<&str> =
            expressions.iter().flat_map(|expression| names::named(expression)).collect();
        let mut others = others.iter().filter(|other| **other != index);
        others.any(|other| named.contains(self.runbook.collect[*other].name.as_str()))
    }

    async fn side_by_side(&mut self, base: &str, now: &[usize], round: Round) -> Result<(), Stop> {
        let mut underway = BTreeMap::new();
        for (index, parameters) in self.parameters(base, now).await? {
            if round == Round::Collect {
                let step = self.runbook.collect[index].name.clone();
                self.exchange.tell(JobNews::StepStarted { step });
            }
            match parameters {
                Ok(parameters) => {
                    let begun = Underway { index, parameters, failed: 0 };
                    self.begin(base, begun, &mut underway)?;
                }
                Err(reason) => {
                    let source = &self.runbook.collect[index].source;
                    let result = without_facts(source, Status::Failed, reason);
                    self.measured(index, result, round);
                }
            }
        }
        while !underway.is_empty() {
            match self.exchange.next().await? {
                Heard::Measured { step, result } => {
                    let Some(mut one) = underway.remove(&step) else { continue };
                    one.failed += 1;
                    let retry = self.runbook.collect[one.index].retry;
                    let again = match result.status {
                        Status::Timeout | Status::Failed => one.failed <= retry.max,
                        Status::Ok | Status::Partial | Status::Unsupported | Status::Denied => {
                            false
                        }
                    };
                    if !again || round == Round::Look {
                        self.measured(one.index, *result, round);
                        continue;
                    }
                    let doubled = 2u32.saturating_pow(one.failed - 1);
                    let lasting = retry.backoff.saturating_mul(doubled).min(self.exchange.left());
                    let name = &self.runbook.collect[one.index].name;
                    let step = self.exchange.name(&format!("{base}/{name}/wait"));
                    self.exchange.want(Do::Wait { step: step.clone(), lasting })?;
                    underway.insert(step, one);
                }
                Heard::Waited { step } => {
                    if let Some(one) = underway.remove(&step) {
                        self.begin(base, one, &mut underway)?;
                    }
                }
                Heard::Evaluated { .. }
                | Heard::Answered { .. }
                | Heard::Predicted { .. }
                | Heard::Consented { .. }
                | Heard::Approved { .. }
                | Heard::Acted { .. }
                | Heard::Indeterminate { .. }
                | Heard::NotBegun { .. }
                | Heard::Undone { .. }
                | Heard::Cancelled { .. }
                | Heard::Interrupted { .. } => {}
            }
        }
        Ok(())
    }

    fn begin(
        &self,
        base: &str,
        one: Underway,
        underway: &mut BTreeMap<Step, Underway>,
    ) -> Result<(), Stop> {
        let Collect { name, source, timeout, retry: _ } = &self.runbook.collect[one.index];
        let step = self.exchange.name(&format!("{base}/{name}"));
        self.exchange.want(Do::Measure {
            step: step.clone(),
            source: source.clone(),
            parameters: one.parameters.clone(),
            within: (*timeout).min(self.exchange.left()),
        })?;
        underway.insert(step, one);
        Ok(())
    }

    /// The parameters of each of these.
    async fn parameters(
        &mut self,
        base: &str,
        now: &[usize],
    ) -> Result<Vec<(usize, Result<Value, String>)>, Stop> {
        let runbook = std::sync::Arc::clone(&self.runbook);
        let open = now.iter().filter(|index| !self.filled.contains_key(index));
        let expressions: Vec<_> = open
            .filter_map(|index| with(&runbook.collect[*index]))
            .flat_map(filling::expressions)
            .collect();
        let mut values = self.evaluate(&format!("{base}/with"), expressions).await?.into_iter();
        let mut all = Vec::new();
        for index in now.iter().copied() {
            if let Some(parameters) = self.filled.get(&index) {
                all.push((index, Ok(parameters.clone())));
                continue;
            }
            let none = With::new();
            let with = with(&runbook.collect[index]).unwrap_or(&none);
            let parameters = filling::fill(with, &mut values);
            if let Ok(parameters) = &parameters
                && self.names_nothing_measured(with)
            {
                self.filled.insert(index, parameters.clone());
            }
            all.push((index, parameters));
        }
        Ok(all)
    }

    /// Whether these parameters stay the same for the whole run.
    fn names_nothing_measured(&self, with: &With) -> bool {
        let expressions = filling::expressions(with);
        let mut named = expressions.iter().flat_map(|expression| names::named(expression));
        named.all(|name| name == "inputs" || name == "true" || name == "false")
    }

    fn measured(&mut self, index: usize, mut result: ProbeResult, round: Round) {
        result.reason = lines::line(&result.reason);
        result.summary = lines::line(&result.summary);
        let step = self.runbook.collect[index].name.clone();
        if round == Round::Collect {
            let (status, summary) = (result.status, result.summary.clone());
            self.exchange.tell(JobNews::StepEnded { step: step.clone(), status, summary });
        }
        self.facts.insert(step, result);
    }
}

const fn with(collect: &Collect) -> Option<&With> {
    match &collect.source {
        Source::Probe { name: _, version: _, with } => Some(with),
        Source::Section { .. } => None,
    }
}

/// The result of what was not measured.
pub(super) fn without_facts(source: &Source, status: Status, reason: String) -> ProbeResult {
    let (probe, version) = match source {
        Source::Probe { name, version, with: _ } => (name.clone(), *version),
        Source::Section { kind } => (format!("section.{kind}"), 1),
    };
    ProbeResult {
        probe,
        version,
        status,
        summary: lines::line(&format!("not measured: {reason}")),
        reason,
        verdict: Verdict::Unknown,
        facts: Value::Null,
        took_us: 0,
    }
}
