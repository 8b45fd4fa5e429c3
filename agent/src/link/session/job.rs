//! One job at hand: where it stands, and what of it the controller does not have yet.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use befund_model::id::JobId;
use befund_model::job::{JobEvent, JobNews, MAX_EVENTS, Outcome};

use super::{Do, Say};

/// How much of a job's events may wait for acknowledgement; further output is left out then, with a
/// line that says so.
pub const MAX_UNACKNOWLEDGED_BYTES: usize = 256 << 10;
/// The most bytes of one line of output; the message around it has 16 KiB.
const MAX_LINE_BYTES: usize = 8 << 10;

/// What is kept of a job that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What came of it.
    pub outcome: Outcome,
    /// What happened in it and is not acknowledged yet.
    pub events: Vec<JobEvent>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// The executor has it, and the order is being made durable.
    Keeping,
    /// It runs.
    Running,
    /// The outcome is being made durable.
    KeepingOutcome(Outcome, Progress),
    /// The outcome waits for its acknowledgement.
    Ended(Outcome),
}

/// How far an outcome has come that is not durable here yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was not said on this connection.
    Unsaid,
    /// It was, since the order is durable: what is lost is run again.
    Said,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) phase: Phase,
    /// Number of the last event.
    last: u32,
    /// Up to which event the controller has them.
    acknowledged: u32,
    events: VecDeque<(JobEvent, usize)>,
    waiting_bytes: usize,
    cut: bool,
}

impl Running {
    pub(super) const fn new(phase: Phase) -> Self {
        Self {
            phase,
            last: 0,
            acknowledged: 0,
            events: VecDeque::new(),
            waiting_bytes: 0,
            cut: false,
        }
    }

    pub(super) fn ended(kept: Kept) -> Self {
        let mut running = Self::new(Phase::Ended(kept.outcome));
        running.last = kept.events.last().map_or(0, |event| event.seq);
        for event in kept.events {
            running.hold(event);
        }
        running
    }

    /// Numbers an event and holds it; `None` if it is left out.
    pub(super) fn take(&mut self, mut event: JobEvent) -> Option<JobEvent> {
        match self.phase {
            Phase::Keeping | Phase::Running => {}
            Phase::KeepingOutcome(..) | Phase::Ended(_) => return None,
        }
        let full = self.waiting_bytes > MAX_UNACKNOWLEDGED_BYTES || self.last + 1 >= MAX_EVENTS;
        if let JobNews::Output(line) = &mut event.what {
            if full {
                if self.cut || self.last >= MAX_EVENTS {
                    return None;
                }
                self.cut = true;
                "… more output was left out".clone_into(line);
            }
            if line.len() > MAX_LINE_BYTES {
                let end = line.floor_char_boundary(MAX_LINE_BYTES);
                line.truncate(end);
                line.push('…');
            }
        } else if self.last >= MAX_EVENTS {
            return None;
        }
        self.last += 1;
        event.seq = self.last;
        if event.seq > self.acknowledged {
            self.hold(event.clone());
        }
        Some(event)
    }

    fn hold(&mut self, event: JobEvent) {
        let bytes = serde_json::to_vec(&event).map_or(0, |bytes| bytes.len());
        self.waiting_bytes += bytes;
        self.events.push_back((event, bytes));
    }

    pub(super) fn acknowledge(&mut self, seq: u32) {
        self.acknowledged = self.acknowledged.max(seq);
        while let Some((_, bytes)) =
            self.events.pop_front_if(|(event, _)| event.seq <= self.acknowledged)
        {
            self.waiting_bytes -= bytes;
        }
    }

    pub(super) fn unacknowledged(&self) -> Vec<JobEvent> {
        self.events.iter().map(|(event, _)| event.clone()).collect()
    }

    /// What a controller that may have heard nothing of it needs to hear.
    pub(super) fn say_again(&self, job: JobId, todo: &mut Vec<Do>) {
        match &self.phase {
            Phase::Keeping => return,
            Phase::Running | Phase::KeepingOutcome(..) | Phase::Ended(_) => {}
        }
        todo.push(Do::Say(Say::Accepted(job)));
        for (event, _) in &self.events {
            todo.push(Do::Say(Say::Event(job, event.clone())));
        }
        if let Phase::Ended(outcome) = &self.phase {
            todo.push(Do::Say(Say::Outcome(job, Box::new(outcome.clone()))));
        }
    }
}
