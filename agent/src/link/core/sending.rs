//! Snapshots: when they are taken, and getting those that wait to the controller, one at a time,
//! people's requests first.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{debug, info, info_span, warn};

use befund_model::id::SnapshotId;
use befund_model::snapshot::{PrivacyClass, Purpose};
use befund_runtime::backoff::{Backoff, full_jitter};
use befund_runtime::{clock, telemetry};

use super::Core;
use crate::door::protocol::Answer;
use crate::link::note::{Note, ToSend};
use crate::link::upload::{self, Receipt, UploadError};
use crate::link::watching::Watching;
use crate::snapshot::{self, TakeError, Taken};

/// How far the first scheduled snapshot is spread after the start.
const SPREAD: Duration = Duration::from_secs(2);

/// Where sending stands.
pub(super) struct Uploads {
    running: Option<SnapshotId>,
    not_before: Option<Instant>,
    backoff: Backoff,
    taking: bool,
    next_scheduled: Option<Instant>,
    began: bool,
    /// The next scheduled snapshot goes out whole: the controller does not have the last.
    whole: bool,
    watching: Option<Watching>,
}

impl Uploads {
    pub(super) fn new(watching: Option<Watching>) -> Self {
        Self {
            running: None,
            not_before: None,
            backoff: super::upload_backoff(),
            taking: false,
            next_scheduled: None,
            began: false,
            whole: false,
            watching,
        }
    }

    pub(super) fn next_timer(&self, connected: bool) -> impl Iterator<Item = Instant> + use<> {
        let retry = self.not_before.filter(|_| connected && self.running.is_none());
        retry.into_iter().chain(self.next_scheduled).chain(self.change_due())
    }
}

impl Uploads {
    /// When to look at what has changed; not before the first snapshot, which looks at everything.
    fn change_due(&self) -> Option<Instant> {
        self.watching.as_ref().filter(|_| self.began && !self.taking)?.due()
    }
}

impl Core {
    /// Something on the machine has changed.
    pub(super) fn changed(&mut self) {
        if let Some(watching) = &mut self.uploads.watching {
            watching.changed(Instant::now());
        }
    }

    pub(super) fn schedule_at_start(&mut self) {
        if self.parts.schedule.interval().is_some() && !self.uploads.began {
            self.uploads.began = true;
            self.uploads.next_scheduled = Some(Instant::now() + jitter(SPREAD));
        }
    }

    pub(super) fn schedule_tick(&mut self) {
        let past = |at: Option<Instant>| at.is_some_and(|at| Instant::now() >= at);
        if past(self.uploads.next_scheduled) || past(self.uploads.change_due()) {
            self.uploads.next_scheduled = self
                .parts
                .schedule
                .interval()
                .map(|interval| Instant::now() + interval * 9 / 10 + jitter(interval / 5));
            self.take(false);
        }
    }

    /// The controller wants one, whatever it was told before.
    pub(super) fn take_scheduled(&mut self) {
        self.take(true);
    }

    fn take(&mut self, whole: bool) {
        self.uploads.whole |= whole;
        if std::mem::replace(&mut self.uploads.taking, true) {
            return;
        }
        let executor = self.parts.executor.clone();
        let (clock, inbox) = (self.parts.clock.clone(), self.parts.inbox.clone());
        self.parts.life.spawn(info_span!("snapshot"), async move {
            let taken = snapshot::take(&executor, PrivacyClass::Scheduled, &clock).await;
            // A core that is gone takes another when it is back.
            let _ = inbox.send(Note::Taken(taken)).await;
        });
    }

    pub(super) fn taken(&mut self, taken: Result<Taken, TakeError>) {
        self.uploads.taking = false;
        let whole = std::mem::take(&mut self.uploads.whole);
        // The executor is awake: what was begun there meanwhile, and nobody told of, costs little to look for.
        self.look_for_runs();
        let Taken { manifest, sections } = match taken {
            Ok(taken) => taken,
            Err(error) => {
                return warn!(error = telemetry::chain(&error), "no scheduled snapshot");
            }
        };
        let root = manifest.root();
        let known = self.parts.spool.last_root() == Some(root);
        if let Some(watching) = &mut self.uploads.watching {
            watching.looked(Instant::now(), !known);
        }
        if !whole && self.session.is_connected() && known {
            debug!("nothing changed since the last snapshot");
            let todo = self.session.check_in(root);
            return self.act(todo);
        }
        match self.parts.spool.keep_snapshot(&manifest, &Purpose::Scheduled, &sections) {
            Ok(()) => self.send_next(),
            Err(error) => warn!(error = telemetry::chain(&error), "a scheduled snapshot is lost"),
        }
    }

    pub(super) fn send(&mut self, to_send: ToSend) {
        let ToSend { taken: Taken { manifest, sections }, purpose, tell } = to_send;
        let Purpose::Request(request) = &purpose else { return };
        let answer = match self.parts.spool.keep_snapshot(&manifest, &purpose, &sections) {
            Ok(()) => Answer::Kept { request: request.id, connected: self.session.is_connected() },
            Err(error) => Answer::Error { message: telemetry::chain(&error) },
        };
        info!(request = %request.id, "a person asks for help");
        let kept = matches!(answer, Answer::Kept { .. });
        // The queue is new: there is room.
        let _ = tell.try_send(answer);
        if !kept {
            return;
        }
        self.watchers.insert(manifest.id, tell);
        if self.session.is_connected() {
            // A person waits: no longer for what went wrong before.
            self.uploads.not_before = None;
        }
        self.send_next();
    }

    /// Sends the next snapshot, if nothing is in the way.
    pub(super) fn send_next(&mut self) {
        let Some(line) = &self.line else { return };
        if !self.session.is_connected() || self.uploads.running.is_some() {
            return;
        }
        if self.uploads.not_before.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.uploads.not_before = None;
        let channel = line.channel.clone();
        let Some(next) = self.parts.spool.waiting().first().copied() else { return };
        let snapshot = match self.parts.spool.load(next.id) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                warn!(error = telemetry::chain(&error), "a snapshot of the spool cannot be sent");
                self.uploads.not_before = Some(Instant::now() + self.wait());
                return;
            }
        };
        let sent = self.parts.spool.sent();
        self.uploads.running = Some(next.id);
        let inbox = self.parts.inbox.clone();
        self.parts.life.spawn(info_span!("upload", snapshot = %next.id), async move {
            let progress = |sent, total| {
                // News for a screen: what does not fit is not missed.
                let _ = inbox.try_send(Note::Progress(next.id, sent, total));
            };
            let result = upload::upload(channel, &snapshot, || sent.sections(), progress).await;
            // A core that is gone sends it again when it is back.
            let _ = inbox.send(Note::Uploaded(next.id, result)).await;
        });
    }

    pub(super) fn progress(&mut self, id: SnapshotId, sent: u64, total: u64) {
        if let Some(tell) = self.watchers.get(&id) {
            let _ = tell.try_send(Answer::Progress { sent, total });
        }
    }

    pub(super) fn uploaded(&mut self, id: SnapshotId, result: Result<Receipt, UploadError>) {
        self.uploads.running = None;
        match result {
            Ok(Receipt { ticket, duplicate }) => {
                info!(snapshot = %id, ticket = ticket.map(|number| number.0), duplicate, "delivered");
                self.parts.spool.delivered(id);
                self.uploads.backoff.reset();
                self.last_delivery = Some(self.parts.clock.now());
                self.finish(id, Answer::Delivered { ticket });
            }
            Err(UploadError::Rejected(why)) => {
                warn!(snapshot = %id, why, "the controller does not take a snapshot; dropped");
                self.parts.spool.rejected(id);
                let message = format!("the controller does not take it: {why}");
                self.finish(id, Answer::Error { message });
            }
            Err(error) => {
                let wait = match &error {
                    UploadError::Later(after) => *after + jitter(*after / 2),
                    _ => self.wait(),
                };
                let why = telemetry::chain(&error);
                warn!(snapshot = %id, why, wait_ms = wait.as_millis(), "not delivered yet");
                self.uploads.not_before = Some(Instant::now() + wait);
                if let Some(tell) = self.watchers.get(&id) {
                    let _ = tell.try_send(Answer::Delayed { why });
                }
            }
        }
        self.send_next();
    }

    /// Tells the person who waits how it ended; a slow reader is waited for, elsewhere.
    fn finish(&mut self, id: SnapshotId, answer: Answer) {
        let Some(tell) = self.watchers.remove(&id) else { return };
        if let Err(mpsc::error::TrySendError::Full(answer)) = tell.try_send(answer) {
            self.parts.life.spawn(info_span!("news"), async move {
                let _ = tell.send_timeout(answer, Duration::from_secs(30)).await;
            });
        }
    }

    fn wait(&mut self) -> Duration {
        self.uploads.backoff.next(u64::from_be_bytes(clock::random()))
    }
}

fn jitter(ceiling: Duration) -> Duration {
    full_jitter(ceiling, u64::from_be_bytes(clock::random()))
}
