//! What a machine has said of its jobs and nobody has kept yet, gathered while it comes, so that one
//! commit keeps all of it.

use befund_model::id::JobId;

use super::machine::Heard;
use crate::store::repository::JobReport;

/// The most messages that are kept by one commit.
const MOST_MESSAGES: usize = 64;
/// The most outcomes among them: each may be large.
const MOST_OUTCOMES: usize = 4;

/// The reports of one commit, in the order in which their jobs were first named.
#[derive(Debug, Default)]
pub(super) struct Reports {
    reports: Vec<JobReport>,
    messages: usize,
    outcomes: usize,
}

impl Reports {
    /// Takes in what was said, or gives it back if it is not about a job.
    #[expect(clippy::result_large_err, reason = "what is given back is dealt with at once")]
    pub(super) fn add(&mut self, heard: Heard) -> Result<(), Heard> {
        match heard {
            Heard::Accepted(job) => self.of(job).delivered = true,
            Heard::Event(job, event) => self.of(job).events.push(event),
            Heard::Finished(job, outcome) => {
                self.outcomes += 1;
                // Said twice, it is the same.
                self.of(job).outcome.get_or_insert(outcome);
            }
            Heard::Nothing => {}
            other @ (Heard::Hello { .. }
            | Heard::Beat
            | Heard::CheckIn(_)
            | Heard::WordTaken(..)
            | Heard::Own(..)
            | Heard::Trusts(_)) => return Err(other),
        }
        self.messages += 1;
        Ok(())
    }

    /// Whether what follows belongs into the next commit.
    pub(super) const fn is_full(&self) -> bool {
        self.messages >= MOST_MESSAGES || self.outcomes >= MOST_OUTCOMES
    }

    /// Whether a job has ended.
    pub(super) const fn has_outcome(&self) -> bool {
        self.outcomes > 0
    }

    /// The reports.
    pub(super) fn into_reports(self) -> Vec<JobReport> {
        self.reports
    }

    fn of(&mut self, job: JobId) -> &mut JobReport {
        let at = self.reports.iter().position(|report| report.job == job).unwrap_or_else(|| {
            self.reports.push(JobReport::new(job));
            self.reports.len() - 1
        });
        &mut self.reports[at]
    }
}

#[cfg(test)]
mod tests {
    use befund_model::Timestamp;
    use befund_model::id::Hash;
    use befund_model::job::{JobEvent, JobNews};

    use super::*;

    fn job(n: u8) -> JobId {
        JobId::new(Timestamp::UNIX_EPOCH, [n; 10])
    }

    fn event(seq: u32) -> JobEvent {
        JobEvent { seq, at: Timestamp::UNIX_EPOCH, what: JobNews::Started }
    }

    #[test]
    fn what_is_said_of_a_job_comes_together_and_other_things_are_given_back() {
        let mut reports = Reports::default();
        reports.add(Heard::Event(job(1), event(1))).expect("about a job");
        reports.add(Heard::Accepted(job(2))).expect("about a job");
        reports.add(Heard::Nothing).expect("passed over");
        reports.add(Heard::Accepted(job(1))).expect("about a job");
        reports.add(Heard::Event(job(1), event(2))).expect("about a job");
        let other = Heard::CheckIn(Hash::of(b"root"));
        assert_eq!(reports.add(other.clone()), Err(other));
        let first = JobReport {
            delivered: true,
            events: vec![event(1), event(2)],
            ..JobReport::new(job(1))
        };
        let second = JobReport { delivered: true, ..JobReport::new(job(2)) };
        assert_eq!(reports.into_reports(), [first, second]);
    }

    #[test]
    fn a_machine_that_talks_on_and_on_fills_one_commit_only() {
        let mut reports = Reports::default();
        let mut taken = 0;
        while !reports.is_full() {
            reports.add(Heard::Nothing).expect("passed over");
            taken += 1;
        }
        assert_eq!(taken, MOST_MESSAGES);
    }
}
