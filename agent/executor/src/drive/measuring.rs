//! Measuring and evaluating: each in a child that is killed when it overstays. Measurements that are wanted at one time
//! are made side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use befund_collect::child::ChildMessage;
use befund_collect::{Limits, Plan};
use befund_model::job::JobNews;
use befund_model::probe::{ProbeResult, Verdict, spec};
use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef, Status};
use befund_runbook::document::Source;
use befund_runbook::machine::{Heard, Step};

use super::scene::Scene;
use crate::child::{ChildWork, Step as ChildStep, Told};
use crate::judge::{Judge, Question};
use crate::supervise::Next;

/// What a child needs beyond its measurements' own time: its start and its last word.
const MARGIN: Duration = Duration::from_millis(500);
/// How long expressions may take.
const JUDGING: Duration = Duration::from_secs(10);

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub(super) step: Step,
    pub(super) source: Source,
    pub(super) parameters: Value,
    pub(super) within: Duration,
}

/// Starts what is wanted at one time: the probes in one child, the sections in one each.
pub(super) fn groups(wanted: Vec<Measurement>) -> Vec<Vec<Measurement>> {
    let is_probe = |one: &Measurement| match one.source {
        Source::Probe { .. } => true,
        Source::Section { .. } => false,
    };
    let (probes, sections): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_probe);
    let mut groups: Vec<Vec<Measurement>> = sections.into_iter().map(|one| vec![one]).collect();
    if !probes.is_empty() {
        groups.push(probes);
    }
    groups
}

/// Measures these, and tells each result as it comes; every one is told.
pub(super) async fn measure(scene: Arc<Scene>, group: Vec<Measurement>) {
    let longest = group.iter().map(|one| one.within).max().unwrap_or_default();
    let until = Instant::now() + longest + MARGIN;
    let mut open: BTreeMap<String, Measurement> =
        group.into_iter().map(|one| (one.step.0.clone(), one)).collect();
    let failure = match scene.policy() {
        Ok(policy) => {
            let mut work = Vec::new();
            for one in open.values().cloned().collect::<Vec<_>>() {
                match &one.source {
                    Source::Probe { name, .. } if !policy.allows(name) => {
                        let reason = format!(
                            "the policy of this machine ({}) does not allow {name}",
                            policy.shown_source()
                        );
                        open.remove(&one.step.0);
                        tell(&scene, &one, without(&one.source, Status::Denied, reason)).await;
                    }
                    Source::Probe { .. } | Source::Section { .. } => work.push(one),
                }
            }
            in_child(&scene, work, policy, until, &mut open).await
        }
        Err(why) => Some((Status::Failed, why)),
    };
    let (status, reason) = failure
        .unwrap_or_else(|| (Status::Failed, "the child ended without a result for it".to_owned()));
    for one in open.values() {
        tell(&scene, one, without(&one.source, status, reason.clone())).await;
    }
}

async fn tell(scene: &Scene, one: &Measurement, result: ProbeResult) {
    scene.hear(Heard::Measured { step: one.step.clone(), result: Box::new(result) }).await;
}

/// Runs a child and takes off what it measured; why the rest was not, if there is a rest.
async fn in_child(
    scene: &Scene,
    work: Vec<Measurement>,
    policy: crate::policy::Policy,
    until: Instant,
    open: &mut BTreeMap<String, Measurement>,
) -> Option<(Status, String)> {
    let late = || Some((Status::Timeout, "it did not end in time and was killed".to_owned()));
    let cancelled = || Some((Status::Failed, "cancelled before it had measured".to_owned()));
    let first = work.first()?;
    let order = match &first.source {
        Source::Section { kind } => {
            let Ok(kind) = SectionKind::try_from(kind.clone()) else {
                return Some((Status::Unsupported, format!("there is no section {kind}")));
            };
            ChildWork::Collect(Plan {
                up_to: PrivacyClass::OnRequest,
                only: Some(vec![kind]),
                deadline: first.within,
                limits: Limits::default(),
            })
        }
        Source::Probe { .. } => ChildWork::Probe {
            steps: work.iter().filter_map(child_step).collect(),
            targets: Box::new(policy.targets),
            clock_offset_ms: scene.runs.clock.correction_ms(),
        },
    };
    let permit = timeout_at(until, scene.shared.children.acquire());
    let _permit = match scene.cancelled.run_until_cancelled(permit).await {
        None => return cancelled(),
        Some(Err(_)) => return late(),
        Some(Ok(permit)) => permit,
    };
    let section = matches!(order, ChildWork::Collect(_));
    let mut child = match scene.shared.child(order).await {
        Ok(child) => child,
        Err(error) => return Some((Status::Failed, crate::told(&error))),
    };
    while !open.is_empty() {
        let next = if section {
            match child.next::<ChildMessage>(until, &scene.cancelled).await {
                Next::Frame(frame) => match frame.header {
                    ChildMessage::Section(line) => {
                        if let Some((_, one)) = open.pop_first() {
                            tell(scene, &one, of_section(&line, &frame.blob)).await;
                        }
                        continue;
                    }
                    ChildMessage::Done { .. } => {
                        let reason = "this system has no such section".to_owned();
                        return Some((Status::Unsupported, reason));
                    }
                },
                Next::Closed => Next::Closed,
                Next::Garbled => Next::Garbled,
                Next::Late => Next::Late,
                Next::Cancelled => Next::Cancelled,
            }
        } else {
            child.next::<Told>(until, &scene.cancelled).await
        };
        match next {
            Next::Frame(frame) => match frame.header {
                Told::Output { step, line } => {
                    let named = Step(step).measurement().to_owned();
                    let line = crate::events::cut(&format!("{named}: {line}"), 2 << 10);
                    scene.tell(JobNews::Output(line)).await;
                }
                Told::Ended { step, result } => {
                    if let Some(one) = open.remove(&step) {
                        tell(scene, &one, *result).await;
                    }
                }
            },
            Next::Late => return late(),
            Next::Cancelled => return cancelled(),
            Next::Garbled => {
                let reason = "the collect child told something that is no message".to_owned();
                return Some((Status::Failed, reason));
            }
            Next::Closed => return child.end().await.map(|why| (Status::Failed, why)),
        }
    }
    if !section {
        scene.shared.spare.keep(child.done());
    }
    None
}

fn child_step(one: &Measurement) -> Option<ChildStep> {
    match &one.source {
        Source::Probe { name, .. } => Some(ChildStep {
            name: one.step.0.clone(),
            probe: name.clone(),
            parameters: one.parameters.clone(),
            within_ms: u64::try_from(one.within.as_millis()).unwrap_or(u64::MAX),
        }),
        Source::Section { .. } => None,
    }
}

/// A section as the result of a probe; its facts are the section's own JSON.
fn of_section(line: &SectionRef, bytes: &[u8]) -> ProbeResult {
    let facts = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let summary = match line.reason.as_str() {
        "" => format!("{} was read", line.kind),
        reason => reason.to_owned(),
    };
    ProbeResult {
        probe: format!("section.{}", line.kind),
        version: 1,
        status: line.status,
        reason: line.reason.clone(),
        verdict: Verdict::Unknown,
        summary,
        facts,
        took_us: line.took_us,
    }
}

fn without(source: &Source, status: Status, reason: String) -> ProbeResult {
    let (probe, version) = match source {
        Source::Probe { name, version, .. } => {
            if let Some(spec) = spec::probe(name) {
                return ProbeResult::without_facts(spec, status, reason);
            }
            (name.clone(), *version)
        }
        Source::Section { kind } => (format!("section.{kind}"), 1),
    };
    ProbeResult {
        probe,
        version,
        status,
        summary: format!("not measured: {reason}"),
        reason,
        verdict: Verdict::Unknown,
        facts: Value::Null,
        took_us: 0,
    }
}

/// Evaluates expressions in the run's judging child, one question after the other.
pub(super) async fn evaluate(
    scene: Arc<Scene>,
    judge: Arc<tokio::sync::Mutex<Judge>>,
    step: Step,
    expressions: Vec<String>,
    scope: Value,
    missing: BTreeMap<String, String>,
) {
    let question = Question { expressions, scope, missing, now: scene.runs.clock.now() };
    let values =
        judge.lock().await.ask(&question, Instant::now() + JUDGING, &scene.cancelled).await;
    scene.hear(Heard::Evaluated { step, values }).await;
}
