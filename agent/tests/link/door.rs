//! An executor of the test's own: the real door, in front of a journal and a keep that the test chooses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use befund_executor::door::{Reply, Request, TrustReport, Unreported};
use befund_model::id::JobId;
use befund_model::job::{JobEvent, Order, Outcome, Said};
use befund_runtime::frame;
use befund_runtime::local::{Callers, Listener, Stream};
use tokio::sync::{mpsc, watch};

/// What the executor was asked.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Run this.
    Run(Box<Order>),
    /// Follow this, from after this event.
    Attach(JobId, u32),
    Say(JobId, Said),
    Reported(JobId),
    Cancel(JobId),
    Root(Vec<u8>, Vec<String>),
    Catalogue(Vec<u8>, Vec<String>),
    File(String, Vec<u8>),
}

/// A run in the journal.
#[derive(Clone)]
pub(crate) struct Journaled {
    pub(crate) order: Order,
    pub(crate) begun_by: Option<String>,
    pub(crate) events: Vec<JobEvent>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reported: bool,
}

/// What the executor has.
#[derive(Default)]
pub(crate) struct Has {
    pub(crate) runs: BTreeMap<JobId, Journaled>,
    pub(crate) trust: TrustReport,
    /// What is wanted of the catalogue that is offered next.
    pub(crate) wants: Vec<String>,
    /// What it has once all of that came.
    pub(crate) then: TrustReport,
    /// Whatever is offered is refused with this.
    pub(crate) refuses: Option<String>,
    /// The events that a run begins with.
    pub(crate) begins_with: Vec<JobEvent>,
}

/// The executor.
#[derive(Clone)]
pub(crate) struct Door {
    has: Arc<Mutex<Has>>,
    changed: watch::Sender<u64>,
    asked: mpsc::UnboundedSender<Asked>,
}

impl Door {
    /// Opens one at a path; it ends with the test's runtime.
    pub(crate) fn open(path: &Path) -> (Self, mpsc::UnboundedReceiver<Asked>) {
        let mut listener = Listener::bind(path, &Callers::Everybody).unwrap();
        let (asked, asks) = mpsc::unbounded_channel();
        let door = Self { has: Arc::default(), changed: watch::channel(0).0, asked };
        let serving = door.clone();
        tokio::spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let door = serving.clone();
                tokio::spawn(async move { door.serve(stream).await });
            }
        });
        (door, asks)
    }

    /// Changes what it has.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Has) -> T) -> T {
        let changed = change(&mut self.has.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
        changed
    }

    fn tell(&self, asked: Asked) {
        let _ = self.asked.send(asked);
    }

    async fn serve(&self, mut stream: Stream) {
        let Ok(Some(asked)) = frame::receive::<Request>(&mut stream).await else { return };
        let reply = match asked.header {
            Request::Run { order, .. } => {
                let job = order.job;
                self.tell(Asked::Run(Box::new(order.clone())));
                self.with(|has| {
                    let events = has.begins_with.clone();
                    let (begun_by, outcome) = (None, None);
                    let run = Journaled { order, begun_by, events, outcome, reported: false };
                    has.runs.insert(job, run);
                });
                return self.follow(stream, job, 0).await;
            }
            Request::Attach { job, after } => {
                self.tell(Asked::Attach(job, after));
                return self.follow(stream, job, after).await;
            }
            Request::Say { job, said } => {
                self.tell(Asked::Say(job, said));
                Reply::Done
            }
            Request::Unreported => {
                let has = self.has.lock().unwrap();
                let runs = has.runs.values().filter(|run| !run.reported);
                let found = runs.map(|run| Unreported {
                    order: run.order.clone(),
                    begun_by: run.begun_by.clone(),
                });
                Reply::Unreported(found.collect())
            }
            Request::Reported { job } => {
                self.with(|has| has.runs.get_mut(&job).unwrap().reported = true);
                self.tell(Asked::Reported(job));
                Reply::Done
            }
            Request::Cancel { job } => {
                self.tell(Asked::Cancel(job));
                Reply::Done
            }
            Request::Trust => {
                let trust = self.has.lock().unwrap().trust.clone();
                Reply::Trust(Box::new(trust))
            }
            Request::OfferRoot { signatures } => {
                self.tell(Asked::Root(asked.blob, signatures));
                self.unless_refused(|has| {
                    has.trust.root_version += 1;
                    Reply::Done
                })
            }
            Request::OfferCatalogue { signatures } => {
                self.tell(Asked::Catalogue(asked.blob, signatures));
                self.unless_refused(|has| {
                    if has.wants.is_empty() {
                        has.trust = has.then.clone();
                    }
                    Reply::Wanted { paths: has.wants.clone() }
                })
            }
            Request::OfferFile { path } => {
                self.tell(Asked::File(path.clone(), asked.blob));
                self.unless_refused(|has| {
                    has.wants.retain(|wanted| *wanted != path);
                    if has.wants.is_empty() {
                        has.trust = has.then.clone();
                    }
                    Reply::Done
                })
            }
            Request::Collect { .. } | Request::Describe => {
                Reply::Error { message: "this executor only keeps runbooks".into() }
            }
        };
        let _ = frame::send(&mut stream, &reply, &[]).await;
    }

    fn unless_refused(&self, take: impl FnOnce(&mut Has) -> Reply) -> Reply {
        self.with(|has| match has.refuses.clone() {
            Some(message) => Reply::Error { message },
            None => take(has),
        })
    }

    async fn follow(&self, mut stream: Stream, job: JobId, mut after: u32) {
        let mut changed = self.changed.subscribe();
        loop {
            let next = {
                let has = self.has.lock().unwrap();
                let Some(run) = has.runs.get(&job) else { return };
                let event = run.events.iter().find(|event| event.seq == after + 1).cloned();
                event.map(Reply::Event).or_else(|| {
                    run.outcome.clone().map(|outcome| Reply::Outcome(Box::new(outcome)))
                })
            };
            match next {
                Some(reply) => {
                    if frame::send(&mut stream, &reply, &[]).await.is_err() {
                        return;
                    }
                    match reply {
                        Reply::Event(_) => after += 1,
                        _ => return,
                    }
                }
                None => changed.changed().await.unwrap(),
            }
        }
    }
}
