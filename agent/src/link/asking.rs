//! Which runs ask the people at the machine something now, by the news that they send up: a hint for programs that
//! wait in people's sessions, without any content. What is asked, and whose answer counts, is the executor's; a hint
//! that is missing or too many costs time, never a consent.

use std::collections::BTreeSet;

use tokio::sync::watch;

use befund_model::id::JobId;
use befund_model::job::{JobNews, JobState};

/// The runs that ask. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking(watch::Sender<BTreeSet<JobId>>);

impl Asking {
    /// Something happened in a run.
    pub(crate) fn hear(&self, job: JobId, news: &JobNews) {
        match asks(news) {
            Some(true) => self.0.send_if_modified(|asking| asking.insert(job)),
            Some(false) => self.0.send_if_modified(|asking| asking.remove(&job)),
            None => false,
        };
    }

    /// A run is followed no more.
    pub(crate) fn over(&self, job: JobId) {
        self.0.send_if_modified(|asking| asking.remove(&job));
    }

    /// Comes as soon as something is asked.
    pub(crate) async fn something(&self) {
        // The sender is at hand.
        let _ = self.0.subscribe().wait_for(|asking| !asking.is_empty()).await;
    }
}

/// Whether a person is asked from now on; `None` where these news say nothing of it.
fn asks(news: &JobNews) -> Option<bool> {
    match news {
        JobNews::State(JobState::Asking) => Some(true),
        JobNews::Asked(question) => Some(question.user),
        // They are to be shown something.
        JobNews::Acting { act, .. }
            if ["user.instruct", "user.open_url"].contains(&act.as_str()) =>
        {
            Some(true)
        }
        JobNews::State(_)
        | JobNews::Answered(_)
        | JobNews::Consent { .. }
        | JobNews::Acted { .. }
        | JobNews::Acting { .. } => Some(false),
        JobNews::Started
        | JobNews::Output(_)
        | JobNews::StepStarted { .. }
        | JobNews::StepEnded { .. }
        | JobNews::Cause { .. }
        | JobNews::Predicted { .. }
        | JobNews::ApprovalAsked { .. }
        | JobNews::Signed { .. }
        | JobNews::Approved { .. }
        | JobNews::Verified { .. }
        | JobNews::Undone { .. }
        | JobNews::Resumed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use befund_model::Timestamp;
    use befund_model::runbook::FixRef;

    use super::*;

    fn job(number: u8) -> JobId {
        JobId::new(Timestamp::UNIX_EPOCH, [number; 10])
    }

    fn is_ready(asking: &Asking) -> bool {
        let something = std::pin::pin!(asking.something());
        let waker = std::task::Waker::noop();
        something.poll(&mut std::task::Context::from_waker(waker)).is_ready()
    }

    #[test]
    fn there_is_a_hint_as_long_as_some_run_asks() {
        let asking = Asking::default();
        assert!(!is_ready(&asking));
        asking.hear(job(1), &JobNews::State(JobState::Asking));
        asking.hear(job(2), &JobNews::State(JobState::Asking));
        asking.hear(job(1), &JobNews::Output("x".to_owned()));
        assert!(is_ready(&asking));
        asking.hear(job(1), &JobNews::State(JobState::Running));
        assert!(is_ready(&asking), "the other still asks");
        asking.over(job(2));
        assert!(!is_ready(&asking));
        let fix = FixRef { cause: "x".to_owned(), index: 0 };
        let acting = |act: &str| JobNews::Acting { fix: fix.clone(), act: act.to_owned() };
        asking.hear(job(3), &acting("user.instruct"));
        assert!(is_ready(&asking));
        asking.hear(job(3), &acting("dns.flush_cache"));
        assert!(!is_ready(&asking));
    }
}
