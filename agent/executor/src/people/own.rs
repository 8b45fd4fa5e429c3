//! What people start at the machine itself: the runbooks of the catalogue that is kept here, by the machine's policy, as
//! runs like any other. Whether one is run, [`crate::admit`] decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use befund_model::id::JobId;
use befund_model::job::{JobNews, Order, Outcome, RunbookOrder, Work};
use befund_model::runbook::RunbookResult;
use befund_runbook::document::{Input, InputKind, Runbook};
use befund_runtime::peer::Account;

use super::{OwnRun, OwnRuns, Wish, offers};
use crate::admit;
use crate::door::server::Shared;
use crate::drive::person::Reply;
use crate::journal::StartedBy;
use crate::policy::Policy;
use crate::runs::Run;

/// How long a run may take that was started here: whoever started it waits.
const WITHIN: Duration = Duration::from_secs(12 * 3600);
/// News that wait to be told.
const NEWS: usize = 64;

/// The runs of an executor.
pub(crate) struct Own {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl Own {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared) }
    }
}

impl OwnRuns for Own {
    fn offers(&self) -> Reply<'_, Result<Vec<Arc<Runbook>>, String>> {
        Box::pin(async {
            let runs = self.shared.runs().await?;
            let policy =
                Policy::load(&self.shared.config.policy).map_err(|error| crate::told(&error))?;
            Ok(runs
                .with_keep(move |keep| {
                    let now = keep.now(crate::drive::scene::wall()).now();
                    let holds = now.is_ok_and(|now| keep.catalogue(now).is_some());
                    let rules = &policy.rules;
                    let mut all = keep.runbooks(|name| rules.is_self_service(name));
                    // Whatever the clock says, it can be set right.
                    all.retain(|book| holds || admit::sets_clock(book));
                    offers::startable(&all, rules, admit::here())
                })
                .await)
        })
    }

    fn start<'a>(
        &'a self,
        job: JobId,
        wish: Wish,
        by: &'a Account,
    ) -> Reply<'a, Result<OwnRun, String>> {
        Box::pin(async move {
            let runs = self.shared.runs().await?;
            let Wish { runbook: wanted, inputs, mode, ticket } = wish;
            let Some(agent) = self.shared.config.agent else {
                return Err("this machine is not enrolled, so nothing is run on it; ask the help \
                            desk for a token, and run befund-agent enroll"
                    .to_owned());
            };
            let work = Work::Runbook(wanted.clone());
            let (catalogue, runbook) = runs
                .with_keep(move |keep| {
                    // What is wrong with it, the order's admission tells.
                    let shelved = keep.runbook(&wanted).ok().flatten();
                    let runbook = shelved.map(|shelved| Arc::clone(&shelved.runbook));
                    (keep.report().catalogue, runbook)
                })
                .await;
            let inputs = runbook.iter().fold(inputs, |inputs, book| typed(inputs, book));
            let order = Order {
                job,
                agent,
                work,
                parameters: Value::Object(inputs.into_iter().collect()),
                ticket,
                within_ms: u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX),
                runbook: Some(RunbookOrder { mode, catalogue }),
            };
            let name = by.name();
            let by = StartedBy::Here { account: name.clone() };
            let run = match runs.start(&self.shared, order, by).await {
                Ok(run) => run,
                Err(outcome) => return Err(outcome.reason),
            };
            let runbook = runbook.ok_or("another catalogue came meanwhile; try again")?;
            let (tell, news) = mpsc::channel(NEWS);
            let (end, result) = oneshot::channel();
            let cancel = CancellationToken::new();
            self.shared.tasks.spawn(follow(run, name, cancel.clone(), tell, end));
            Ok(OwnRun { runbook, news, result, cancel })
        })
    }
}

/// What people type is text: what the signed schema wants as a number or a yes or no is made of it, where it can be.
/// Whether it is admitted, is looked at with the order.
fn typed(inputs: BTreeMap<String, Value>, runbook: &Runbook) -> BTreeMap<String, Value> {
    let one = |name: &String, value: Value| match (runbook.inputs.get(name), &value) {
        (
            Some(Input { kind: InputKind::Number { .. } | InputKind::Flag, .. }),
            Value::String(text),
        ) => serde_json::from_str::<Value>(text).unwrap_or(value),
        _ => value,
    };
    inputs.into_iter().map(|(name, value)| (name.clone(), one(&name, value))).collect()
}

/// Tells a run's news, and what it came to; cancels it when it is told to, or nobody listens any more.
async fn follow(
    run: Arc<Run>,
    by: String,
    cancel: CancellationToken,
    tell: mpsc::Sender<JobNews>,
    end: oneshot::Sender<Result<RunbookResult, String>>,
) {
    let by = format!("the user ({by})");
    let mut changes = run.log.changes();
    let mut told = 0;
    let outcome = loop {
        changes.mark_unchanged();
        let (events, outcome) = run.log.after(told);
        let nothing = events.is_empty();
        for event in events {
            told = event.seq;
            if tell.send(event.what).await.is_err() {
                return run.cancel(&by);
            }
        }
        if let Some(outcome) = outcome {
            break outcome;
        }
        if !nothing {
            continue;
        }
        tokio::select! {
            // The run holds the other end.
            _ = changes.changed() => {}
            () = tell.closed() => return run.cancel(&by),
            () = cancel.cancelled(), if !run.is_cancelled() => run.cancel(&by),
        }
    };
    drop(tell);
    // Whoever listened may have left.
    let _ = end.send(result(outcome));
}

fn result(outcome: Outcome) -> Result<RunbookResult, String> {
    serde_json::from_value(outcome.result).map_err(|_| outcome.reason)
}
