//! What runs at set times: timers of systemd, cron, anacron and at.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::section::maintenance::{TaskState, Tasks, TasksState};

use crate::collector::{Context, Gap};
use crate::platform::linux::{dbus, files};

use super::{local_time, uptime};

pub(crate) mod cron;
pub(crate) mod timers;

/// Section `tasks`.
pub(crate) fn tasks(cx: &Context) -> Result<Tasks, Gap> {
    let timers = timers::all(cx);
    let cron = cron::all(cx);
    if timers.is_none() && cron.is_none() {
        return Err(Gap::unsupported("there are neither timers of systemd nor tables of cron"));
    }
    let mut tasks = timers.unwrap_or_default();
    tasks.extend(cron.unwrap_or_default());
    tasks.sort_by(|a, b| (&a.name, &a.source, &a.user).cmp(&(&b.name, &b.source, &b.user)));
    Ok(Tasks { tasks })
}

/// Section `tasks.state`.
pub(crate) fn state(cx: &Context) -> Result<TasksState, Gap> {
    let mut states: BTreeMap<String, TaskState> = BTreeMap::new();
    let mut asked = false;
    if cx.root.exists("/run/systemd/system") {
        if cx.root.is_live() {
            match dbus::list_timers() {
                Ok(timers) => {
                    asked = true;
                    states.extend(timers.into_iter().filter_map(|timer| {
                        let name = timer.name.clone();
                        told(cx, timer).map(|state| (name, state))
                    }));
                }
                Err(why) => cx.gap(Gap::failed(format!(
                    "systemd could not be asked for its timers ({why}); only the last runs of some are known"
                ))),
            }
        } else {
            cx.gap(Gap::unsupported(
                "only the running system's systemd knows when timers run next",
            ));
        }
    }
    // Those that make up for runs that were missed leave a file, whose time is the last run's; or, before the
    // first one, that of when they were switched on, which systemd tells apart.
    let stamps = if asked {
        Vec::new()
    } else {
        files::matching(cx, "/var/lib/systemd/timers/stamp-*.timer")
    };
    for path in stamps {
        let name = path.rsplit('/').next().and_then(|name| name.strip_prefix("stamp-"));
        if let (Some(name), Some(at)) = (name, files::modified(cx, &path)) {
            let state = states.entry(name.to_owned()).or_default();
            name.clone_into(&mut state.name);
            state.last_run = state.last_run.or(Some(at));
        }
    }
    for (name, at) in cron::anacron_runs(cx) {
        states.insert(name.clone(), TaskState { name, last_run: Some(at), ..TaskState::default() });
    }
    if let (Some(now), Some(zone)) = (uptime::now(cx), cx.note(local_time::zone(cx))) {
        // What is hidden of the commands counts in `tasks`, which shows them.
        let apart = Context::new(&cx.root);
        for task in cron::all(&apart).unwrap_or_default().into_iter().filter(|task| task.enabled) {
            let schedule = task.schedule.as_deref().unwrap_or_default();
            if let Some(at) = cron::next::after(schedule, now, &zone) {
                let state = states.entry(task.name.clone()).or_default();
                state.name = task.name;
                state.next_run = Some(at);
            }
        }
    }
    for (name, at) in cron::at_jobs(cx).into_iter().filter_map(|job| Some((job.name, job.at?))) {
        states.insert(name.clone(), TaskState { name, next_run: Some(at), ..TaskState::default() });
    }
    if states.is_empty() {
        return Err(Gap::unsupported(
            "no timer of systemd and no job of cron, anacron or at tells when it ran or runs",
        ));
    }
    Ok(TasksState { tasks: states.into_values().collect() })
}

/// A timer's state, if there is anything to say.
fn told(cx: &Context, timer: dbus::Timer) -> Option<TaskState> {
    let at = |micros: u64| Timestamp::from_microsecond(i64::try_from(micros).ok()?).ok();
    let monotonic = timer.next_monotonic.and_then(|micros| {
        let clock = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let left = i64::try_from(micros / 1_000_000).ok()? - clock.tv_sec;
        Timestamp::from_second(uptime::now(cx)?.as_second().checked_add(left.max(0))?).ok()
    });
    let next = [timer.next.and_then(at), monotonic].into_iter().flatten().min();
    let state = TaskState {
        name: timer.name,
        last_run: timer.last.and_then(at),
        next_run: next,
        result: timer.failed.filter(|result| result != "success"),
    };
    (state.last_run.is_some() || state.next_run.is_some() || state.result.is_some())
        .then_some(state)
}
