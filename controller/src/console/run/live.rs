//! Runs while they go on: of each, the parts that changed since they were sent last. What a run says often (its
//! output) is then no reason to send again what people are about to fill in.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use befund_model::id::JobId;
use befund_runbook::document::Runbook;

use super::story::Story;
use super::{EVENTS, Run, is_run};
use crate::api::problem::Failure;
use crate::console::page::Frame;
use crate::state::AppState;
use crate::store::repository::Jobs as _;
use crate::{jobs, runbooks};

/// What tells htmx to put an element in the place of the one that has its id.
const IN_PLACE: &str = " hx-swap-oob=\"true\"";

/// The runs that somebody watches on one page.
#[derive(Debug, Default)]
pub struct Watched {
    kept: HashMap<JobId, Kept>,
    runs: HashMap<JobId, bool>,
}

#[derive(Debug, Default)]
struct Kept {
    story: Story,
    last: u32,
    runbook: Option<Runbook>,
    sent: BTreeMap<&'static str, String>,
}

impl Watched {
    /// Whether this job is shown as a run.
    pub async fn is_run(&mut self, app: &AppState, id: JobId) -> bool {
        if let Some(known) = self.runs.get(&id) {
            return *known;
        }
        let is = jobs::get(app, id).await.is_ok_and(|job| is_run(&job.work));
        self.runs.insert(id, is);
        is
    }

    /// What changed of this job's run, as markup; none of a job that is not shown as a run.
    ///
    /// # Errors
    /// `internal` if the store cannot be read, `not_found`.
    pub async fn changed(
        &mut self,
        app: &AppState,
        id: JobId,
        frame: &Frame,
    ) -> Result<Option<String>, Failure> {
        // Read before the events: what was told before the end is then there to be read.
        let job = jobs::get(app, id).await?;
        if !is_run(&job.work) {
            return Ok(None);
        }
        let kept = match self.kept.entry(id) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => {
                let runbook = runbooks::of_job(app, &job).await?;
                place.insert(Kept { runbook, ..Kept::default() })
            }
        };
        for event in app.store.job_events(id, kept.last, EVENTS).await? {
            kept.last = event.seq;
            kept.story.hear(&event);
        }
        let run = Run::of(app, job, kept.story.clone(), kept.runbook.clone(), frame).await?;
        let mut markup = String::new();
        for (name, part) in run.parts() {
            if kept.sent.get(name) != Some(&part) {
                markup += &run.part(name, &part, IN_PLACE);
                kept.sent.insert(name, part);
            }
        }
        Ok(Some(markup))
    }
}
