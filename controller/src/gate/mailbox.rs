//! What waits to be sent to one connected machine. A mailbox costs nothing while it is empty, which
//! is nearly always: no channel, no task, a few words of memory for each agent.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use befund_model::id::JobId;
use befund_proto::v1::{self, goodbye, wake};

use super::dispatch::Dispatch;

/// The most letters that wait. What does not fit is found again at the next heartbeat.
const CAPACITY: usize = 64;

/// One message for a machine.
#[derive(Clone, Debug)]
pub(super) enum Letter {
    /// Run this.
    Order(Dispatch),
    /// Stop this.
    Cancel(JobId),
    /// This was said to a job.
    Said(v1::Said),
    /// Do this of your own accord.
    Wake(wake::Reason),
}

/// What comes out of a mailbox.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Send this.
    Letter(Letter),
    /// Say goodbye and end the stream.
    End(goodbye::Reason),
}

/// The mailbox of one session.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Letter>,
    end: Option<goodbye::Reason>,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Leaves a letter; false if the mailbox is full or its session ends.
    pub(super) fn post(&self, letter: Letter) -> bool {
        let mut state = self.lock();
        if state.end.is_some() || state.letters.len() >= CAPACITY {
            return false;
        }
        state.letters.push_back(letter);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        true
    }

    /// Ends the session; the first reason counts.
    pub(super) fn end(&self, reason: goodbye::Reason) {
        let mut state = self.lock();
        state.end.get_or_insert(reason);
        state.letters = VecDeque::new();
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// The next thing to send, if any; otherwise the task is woken when there is one.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Delivery> {
        let mut state = self.lock();
        if let Some(reason) = state.end {
            return Poll::Ready(Delivery::End(reason));
        }
        if let Some(letter) = state.letters.pop_front() {
            if state.letters.is_empty() {
                state.letters = VecDeque::new();
            }
            return Poll::Ready(Delivery::Letter(letter));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(mailbox: &Mailbox) -> Poll<Delivery> {
        mailbox.poll(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_full_mailbox_takes_no_more_and_an_ended_one_says_why() {
        let mailbox = Mailbox::default();
        assert!(poll(&mailbox).is_pending());
        for _ in 0..CAPACITY {
            assert!(mailbox.post(Letter::Wake(wake::Reason::Renew)));
        }
        assert!(!mailbox.post(Letter::Wake(wake::Reason::Renew)));
        mailbox.end(goodbye::Reason::Revoked);
        mailbox.end(goodbye::Reason::Stopping);
        assert!(matches!(poll(&mailbox), Poll::Ready(Delivery::End(goodbye::Reason::Revoked))));
        assert!(!mailbox.post(Letter::Wake(wake::Reason::Renew)));
    }
}
