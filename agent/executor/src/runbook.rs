//! Running a compiled-in runbook: which probes it collects, and telling what its detectors say.

use std::collections::BTreeMap;

use befund_model::job::{JobNews, JobState, Outcome};
use befund_model::probe::ProbeResult;
use befund_model::probe::spec::{self, Spec};
use befund_model::runbook::{self, CauseVerdict, CollectStep};
use befund_model::snapshot::Status;
use befund_runtime::frame::FrameError;

use crate::child::Step;
use crate::events::Events;
use crate::result;

/// What this runbook collects.
pub(crate) fn steps(name: &str) -> &'static [CollectStep] {
    runbook::find(name).map_or(&[], |runbook| runbook.collect)
}

/// Judges what was measured and tells the causes. Steps without a result are told as such, and
/// what depends on them is unknown.
pub(crate) async fn conclude(
    spec: &'static Spec,
    results: Vec<(Step, Option<ProbeResult>)>,
    cancelled: bool,
    reason: &str,
    events: &mut Events<'_>,
) -> Result<Outcome, FrameError> {
    let mut facts = BTreeMap::new();
    let mut missing = Vec::new();
    for (step, result) in results {
        let result = match (result, spec::probe(&step.probe)) {
            (Some(result), _) => result,
            (None, None) => continue,
            (None, Some(probe)) => {
                let (status, reason) = if cancelled {
                    (Status::Failed, "cancelled before it had measured".to_owned())
                } else {
                    (Status::Timeout, reason.to_owned())
                };
                let result = ProbeResult::without_facts(probe, status, reason);
                let (step, summary) = (step.name.clone(), result.summary.clone());
                events.tell(JobNews::StepEnded { step, status, summary }).await?;
                result
            }
        };
        if result.status != Status::Ok {
            missing.push(format!("{} {}", step.name, result.status));
        }
        facts.insert(step.name, result);
    }
    let Some(judged) = runbook::find(spec.name).map(|runbook| runbook.judge(facts)) else {
        return Ok(result::without(
            JobState::Failed,
            Status::Failed,
            "the runbook has no detectors",
        ));
    };
    if !cancelled {
        for cause in &judged.causes {
            // In quotes: a title says what would be wrong, and stands beside a verdict that may deny it.
            let summary = match cause.verdict {
                CauseVerdict::Found => {
                    format!("“{}”: {}. {}", cause.title, cause.evidence, cause.advice)
                }
                CauseVerdict::Excluded | CauseVerdict::Unknown | CauseVerdict::Explained => {
                    format!("“{}”: {}", cause.title, cause.evidence)
                }
            };
            let (cause, verdict) = (cause.id.clone(), cause.verdict);
            events.tell(JobNews::Cause { cause, verdict, summary }).await?;
        }
        events.line(&judged.conclusion).await?;
    }
    let (state, status, reason) = match (cancelled, missing.is_empty()) {
        (true, _) => (
            JobState::Cancelled,
            Status::Partial,
            "cancelled; what was measured is kept".to_owned(),
        ),
        (false, true) => (JobState::Done, Status::Ok, String::new()),
        (false, false) => (
            JobState::Done,
            Status::Partial,
            format!("not all was measured: {}", missing.join(", ")),
        ),
    };
    Ok(result::with(state, status, reason, &judged))
}
