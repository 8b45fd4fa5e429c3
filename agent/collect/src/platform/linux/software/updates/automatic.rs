//! Whether updates are installed without anybody asking.

use std::collections::BTreeSet;

use crate::collector::Context;
use crate::platform::linux::keyfile::{Keyfile, truth};
use crate::platform::linux::software::services;

use super::Family;
use super::configuration::Settings;

/// Whether they are; `None` if this family has no usual way and none was found.
pub(crate) fn is(cx: &Context, family: Family) -> Option<bool> {
    let started = services::started(cx);
    let is = |names: &[&str]| names.iter().any(|name| started.contains(*name));
    match family {
        Family::Apt => Some(apt(cx)),
        Family::Rpm => Some(
            is(&["dnf-automatic-install.timer", "transactional-update.timer"])
                || (is(&["dnf-automatic.timer", "dnf5-automatic.timer", "yum-cron.service"])
                    && applies(cx))
                || rpm_ostree(cx, &started),
        ),
        Family::Apk | Family::Pacman => None,
    }
}

/// unattended-upgrades is installed, and told to run (its `README`, apt's `apt.systemd.daily`).
fn apt(cx: &Context) -> bool {
    let settings = Settings::read(cx);
    // `0` is never; other values are days, or a number with a unit.
    let set = |name: &str| settings.get(name).map(|value| !matches!(value, "0" | ""));
    cx.root.exists("/usr/bin/unattended-upgrade")
        && set("apt::periodic::enable") != Some(false)
        && set("apt::periodic::unattended-upgrade") == Some(true)
}

/// Whether what looks for updates installs them as well (`apply_updates`, off unless set).
fn applies(cx: &Context) -> bool {
    const FILES: &[&str] = &[
        "/etc/dnf/automatic.conf",
        "/etc/dnf/dnf5-plugins/automatic.conf",
        "/etc/yum/yum-cron.conf",
    ];
    FILES.iter().any(|path| {
        let text = cx.note(cx.root.text(path)).unwrap_or_default();
        Keyfile::parse(&text).get("commands", "apply_updates").and_then(truth) == Some(true)
    })
}

fn rpm_ostree(cx: &Context, started: &BTreeSet<String>) -> bool {
    let text = cx.note(cx.root.text("/etc/rpm-ostreed.conf")).unwrap_or_default();
    let policy = Keyfile::parse(&text);
    let stages = matches!(policy.get("Daemon", "AutomaticUpdatePolicy"), Some("stage" | "apply"));
    stages && started.contains("rpm-ostreed-automatic.timer")
}
