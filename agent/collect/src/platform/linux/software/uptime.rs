//! Boot time, load and pressure.

use befund_model::Timestamp;
use befund_model::section::software::Uptime;

use crate::collector::{Context, Gap};

/// Section `uptime`.
pub(crate) fn uptime(cx: &Context) -> Result<Uptime, Gap> {
    let uptime = cx.root.text("/proc/uptime")?;
    let uptime_s = uptime.split(['.', ' ']).next().and_then(|seconds| seconds.parse().ok());
    let load = cx.note(cx.root.text("/proc/loadavg")).and_then(|text| load(&text));
    Ok(Uptime {
        booted_at: cx.note(boot_time(cx)).flatten(),
        uptime_s,
        load,
        cpu_pressure_percent: pressure(cx, "cpu"),
        io_pressure_percent: pressure(cx, "io"),
    })
}

/// When the kernel says that it started.
pub(crate) fn boot_time(cx: &Context) -> Result<Option<Timestamp>, Gap> {
    let stat = cx.root.text("/proc/stat")?;
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "));
    Ok(seconds
        .and_then(|seconds| seconds.trim().parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok()))
}

/// What time it is: the start and how long the system has been up since, so that a recorded tree has a
/// time too.
pub(crate) fn now(cx: &Context) -> Option<Timestamp> {
    let uptime = cx.root.text("/proc/uptime").ok()?;
    let seconds: i64 = uptime.split(['.', ' ']).next()?.parse().ok()?;
    let booted = boot_time(cx).ok().flatten()?;
    Timestamp::from_second(booted.as_second().checked_add(seconds)?).ok()
}

/// The share of the last minute in which some task waited for `what`, in percent.
pub(crate) fn pressure(cx: &Context, what: &str) -> Option<f64> {
    let text = cx.root.text(&format!("/proc/pressure/{what}")).ok()?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ')
        .find_map(|field| field.strip_prefix("avg60="))
        .and_then(|share| share.parse().ok())
}

fn load(text: &str) -> Option<[f64; 3]> {
    let mut fields = text.split(' ').map(str::parse);
    let mut next = || fields.next()?.ok();
    Some([next()?, next()?, next()?])
}
