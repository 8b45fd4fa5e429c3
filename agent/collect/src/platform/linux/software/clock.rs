//! The clock: what the kernel believes of it, and who sets it.

use befund_model::section::software::Clock;

use crate::collector::{Context, Gap};

/// Section `clock`.
pub(crate) fn clock(cx: &Context) -> Result<Clock, Gap> {
    let mut clock = Clock {
        service: service(cx),
        servers: servers(cx),
        source: cx.line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        ..Clock::default()
    };
    if cx.root.is_live() {
        match kernel() {
            Ok(told) => {
                clock.synchronised = Some(told.synchronised);
                clock.max_error_us = told.max_error_us.filter(|_| told.synchronised);
                clock.offset_us = Some(told.offset_us);
            }
            Err(error) => {
                cx.gap(Gap::failed(format!("the kernel could not be asked of the clock: {error}")))
            }
        }
    } else {
        cx.gap(Gap::unsupported(
            "only the running system's kernel can be asked whether its clock is synchronised",
        ));
    }
    Ok(clock)
}

/// Who sets it, by what it leaves in `/run`; else by what is set up.
fn service(cx: &Context) -> Option<String> {
    const TRACES: &[(&str, &str)] = &[
        ("/run/chrony/chronyd.pid", "chrony"),
        ("/run/systemd/timesync/synchronized", "systemd-timesyncd"),
        ("/run/ntpd.pid", "ntpd"),
        ("/run/openntpd.sock", "openntpd"),
        ("/etc/chrony/chrony.conf", "chrony"),
        ("/etc/chrony.conf", "chrony"),
        ("/etc/ntpsec/ntp.conf", "ntpsec"),
        ("/etc/ntp.conf", "ntpd"),
        ("/etc/systemd/system/dbus-org.freedesktop.timesync1.service", "systemd-timesyncd"),
        ("/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service", "systemd-timesyncd"),
    ];
    TRACES.iter().find(|(path, _)| cx.root.exists(path)).map(|(_, name)| (*name).to_owned())
}

fn servers(cx: &Context) -> Vec<String> {
    const FILES: &[&str] = &[
        "/etc/chrony/chrony.conf",
        "/etc/chrony.conf",
        "/etc/ntpsec/ntp.conf",
        "/etc/ntp.conf",
        "/etc/systemd/timesyncd.conf",
    ];
    let mut servers = Vec::new();
    for file in FILES {
        for line in cx.root.text(file).unwrap_or_default().lines() {
            let line = line.trim();
            if let Some(list) = line.strip_prefix("NTP=") {
                servers.extend(list.split_ascii_whitespace().map(str::to_owned));
            }
            let mut words = line.split_ascii_whitespace();
            if let (Some("server" | "pool" | "peer"), Some(server)) = (words.next(), words.next()) {
                servers.push(server.to_owned());
            }
        }
    }
    servers
}

struct Told {
    synchronised: bool,
    max_error_us: Option<u64>,
    offset_us: i64,
}

/// adjtimex(2) with no mode set: it only tells.
#[expect(unsafe_code, reason = "no safe binding of adjtimex is among the dependencies")]
fn kernel() -> std::io::Result<Told> {
    // SAFETY: `timex` is made of integers (and padding), for all of which zero is a value.
    let mut told: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a `timex` that lives and is ours; `modes` is zero, so nothing is set.
    let state = unsafe { libc::adjtimex(&raw mut told) };
    if state < 0 {
        return Err(std::io::Error::last_os_error());
    }
    let nano = told.status & libc::STA_NANO != 0;
    Ok(Told {
        synchronised: told.status & libc::STA_UNSYNC == 0,
        max_error_us: u64::try_from(told.maxerror).ok(),
        offset_us: if nano { told.offset / 1000 } else { told.offset },
    })
}
