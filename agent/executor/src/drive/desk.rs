//! What the door of the people at the machine may ask of the executor: what they may start themselves, starting it, and
//! following it. Who they are, the kernel tells that door; what they may do is decided here.

use std::fmt;
use std::sync::{Arc, Weak};

use serde_json::Value;

use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{JobEvent, JobState, Order, Outcome, RunbookOrder, Work};
use befund_model::language::Text;
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_runtime::clock::random;

use crate::door::server::Shared;
use crate::journal::StartedBy;
use crate::policy::Policy;
use crate::result;

/// How long a run that was started here may wait for people: a day.
const WITHIN_MS: u64 = 24 * 3600 * 1000;

/// A handle on the executor; of no use any more once it has ended.
#[derive(Clone)]
pub struct Desk(Weak<Shared>);

/// A runbook that people may start themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub title: Text,
    /// What it does.
    pub about: Text,
}

/// What a run has told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The events after the one that was asked for; some of them, if there are many.
    pub events: Vec<JobEvent>,
    /// What it came to, once it has ended and nothing follows these.
    pub outcome: Option<Outcome>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    fn shared(&self) -> Result<Arc<Shared>, String> {
        self.0.upgrade().ok_or_else(|| "the executor has ended; try again".to_owned())
    }

    /// The runbooks that the policy lets people start here, by name.
    ///
    /// # Errors
    /// If the policy or what the executor keeps cannot be used.
    pub async fn offered(&self) -> Result<Vec<Offered>, String> {
        let shared = self.shared()?;
        let policy = Policy::load(&shared.config.policy).map_err(|error| crate::told(&error))?;
        let runs = Arc::clone(shared.runs().await?);
        let offered = runs.with_keep(move |keep| {
            let rules = &policy.rules;
            let known =
                keep.runbooks(|name| rules.is_self_service(name) && rules.admit(name).is_ok());
            let offered = known.iter().map(|runbook| Offered {
                name: runbook.name.clone(),
                title: runbook.title.clone(),
                about: runbook.about.clone(),
            });
            offered.collect()
        });
        Ok(offered.await)
    }

    /// Starts a runbook for the account at the machine, as the kernel named it.
    ///
    /// # Errors
    /// What came of it at once: it is refused, or cannot be taken on.
    pub async fn start(
        &self,
        account: &str,
        runbook: &str,
        inputs: Value,
        mode: Mode,
        ticket: Option<TicketNumber>,
    ) -> Result<JobId, Box<Outcome>> {
        let failed = |why: String| Box::new(result::without(JobState::Failed, Status::Failed, why));
        let shared = self.shared().map_err(failed)?;
        let runs = shared.runs().await.map_err(failed)?;
        let Some(agent) = shared.config.agent else {
            let why = "this machine is not enrolled; run befund-agent enroll".to_owned();
            return Err(failed(why));
        };
        let catalogue = runs.with_keep(|keep| keep.report().catalogue).await;
        let order = Order {
            job: JobId::new(runs.clock.now(), random()),
            agent,
            work: Work::Runbook(runbook.to_owned()),
            parameters: inputs,
            ticket,
            within_ms: WITHIN_MS,
            runbook: Some(RunbookOrder { mode, catalogue }),
        };
        let by = StartedBy::Here { account: account.to_owned() };
        let run = runs.start(&shared, order, by).await.map_err(Box::new)?;
        Ok(run.order.job)
    }

    /// What a run that was started here has told after an event (0 for all), once there is something.
    ///
    /// # Errors
    /// If there is no such run, or it was started by somebody else.
    pub async fn follow(&self, account: &str, job: JobId, after: u32) -> Result<Told, String> {
        let run = self.run_of(account, job).await?;
        let mut changes = run.log.changes();
        loop {
            changes.mark_unchanged();
            let (events, outcome) = run.log.after(after);
            if !events.is_empty() || outcome.is_some() {
                return Ok(Told { events, outcome });
            }
            // The run holds the other end.
            changes.changed().await.map_err(|_| "the run is not told any more".to_owned())?;
        }
    }

    /// Cancels a run that this account started.
    ///
    /// # Errors
    /// If there is no such run, or it was started by somebody else.
    pub async fn cancel(&self, account: &str, job: JobId) -> Result<(), String> {
        self.run_of(account, job).await?.cancel(&format!("the user ({account})"));
        Ok(())
    }

    async fn run_of(&self, account: &str, job: JobId) -> Result<Arc<crate::runs::Run>, String> {
        let shared = self.shared()?;
        let run = shared.runs().await?.find(job);
        run.filter(|run| match &run.by {
            StartedBy::Here { account: by } => by == account,
            StartedBy::Afar => false,
        })
        .ok_or_else(|| format!("there is no run of job {job} that {account} started here"))
    }
}
