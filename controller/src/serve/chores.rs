//! What falls due by itself: audit entries get their place, jobs expire, old snapshots go,
//! certificates are renewed.

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::JobId;
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::telemetry;
use tracing::{error, info, info_span, warn};

use super::http;
use crate::bus::Hint;
use crate::ca::SERVER_LIFE;
use crate::gate::Certificates;
use crate::platform;
use crate::state::AppState;
use crate::store::repository::{Audit as _, Jobs as _, Retention, Snapshots as _};

const SEQUENCE: Duration = Duration::from_secs(1);
const EXPIRE: Duration = Duration::from_secs(5);
const RETAIN: Duration = Duration::from_secs(3600);
const CERTIFICATES: Duration = Duration::from_secs(60);
const CONSOLE_FILES: Duration = Duration::from_secs(10);

/// Starts them, as tasks of `life`.
pub(super) fn start(
    state: &AppState,
    life: &Lifecycle,
    gate: Certificates,
    console: http::Certificates,
) {
    let each = || (state.clone(), life.soft());
    let (s, stop) = each();
    life.spawn(info_span!("audit"), async move {
        let mut tick = tokio::time::interval(SEQUENCE);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            sequence(&s).await;
        }
        sequence(&s).await;
    });
    let (s, stop) = each();
    life.spawn(info_span!("jobs"), async move {
        let mut tick = tokio::time::interval(EXPIRE);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            expire(&s).await;
        }
    });
    let (s, stop) = each();
    life.spawn(info_span!("retention"), async move {
        let mut tick = tokio::time::interval(RETAIN);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            retain(&s).await;
        }
    });
    let (s, stop) = each();
    life.spawn(info_span!("certificates"), async move {
        let mut renewed = s.clock.now();
        let mut tick = tokio::time::interval(CERTIFICATES);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            // By the clock that certificates are judged by: a machine may have slept meanwhile.
            let now = s.clock.now();
            if is_due(renewed, now) {
                match gate.renew() {
                    Ok(()) => renewed = now,
                    Err(error) => {
                        error!(
                            error = telemetry::chain(&error),
                            "the gate's certificate was not renewed"
                        );
                    }
                }
            }
        }
    });
    let soft = life.soft();
    life.spawn(info_span!("console certificate"), async move {
        let mut hangup = platform::Hangup::new();
        let mut tick = tokio::time::interval(CONSOLE_FILES);
        loop {
            let asked = tokio::select! {
                () = soft.cancelled() => return,
                () = hangup.next() => http::Asked::Explicitly,
                _ = tick.tick() => http::Asked::ByTheClock,
            };
            if let Err(error) = console.reload(asked) {
                let error = telemetry::chain(error.as_ref());
                error!(error, "the console keeps its old certificate");
            }
        }
    });
}

async fn sequence(state: &AppState) {
    if let Err(error) = state.store.sequence().await {
        warn!(error = telemetry::chain(&error), "audit entries could not be given their place");
    }
}

async fn expire(state: &AppState) {
    match state.store.expire(state.clock.now()).await {
        Ok(expired) => {
            for job in expired {
                info!(%job, "a job expired");
                tell(state, job).await;
            }
        }
        Err(error) => warn!(error = telemetry::chain(&error), "jobs could not be looked through"),
    }
}

async fn tell(state: &AppState, job: JobId) {
    state.bus.tell(Hint::Job(job));
    // A hint that is not told costs time, never work.
    if let Ok(Some(job)) = state.store.job(job).await
        && let Some(ticket) = job.ticket
    {
        state.bus.tell(Hint::Ticket(ticket));
    }
}

async fn retain(state: &AppState) {
    let now = state.clock.now();
    let days = i64::from(state.config.retention.snapshot_days);
    let before = now.as_second() - days * 24 * 3600;
    let Ok(before) = Timestamp::from_second(before) else { return };
    let by = By { actor: Actor::System, source: "local".to_owned() };
    match state.store.retain(Retention { before }, &by, now).await {
        Ok(removed) if removed.snapshots + removed.sections > 0 => {
            let (snapshots, sections) = (removed.snapshots, removed.sections);
            info!(snapshots, sections, "old snapshots were removed");
        }
        Ok(_) => {}
        Err(error) => warn!(error = telemetry::chain(&error), "old snapshots were not removed"),
    }
}

/// At a third of its life, so that two thirds are left to mend what goes wrong.
fn is_due(renewed: Timestamp, now: Timestamp) -> bool {
    let third = i64::try_from(SERVER_LIFE.as_secs() / 3).unwrap_or(i64::MAX);
    now.as_second() - renewed.as_second() >= third
}
