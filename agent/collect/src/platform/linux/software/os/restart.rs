//! Whether the system asks for a restart: by Debian's mark, by a newer kernel than the one that runs, and on
//! systems with rpm and pacman by what was replaced since the start (as `needs-restarting -r` of
//! dnf-utils has it).

use std::cmp::Ordering;

use befund_model::Timestamp;

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::software::packages::{dpkg, rpm};
use crate::platform::linux::software::{updates, uptime};

/// Packages after whose update only a restart brings the new version into use (dnf-plugins-core,
/// `needs_restarting.py`).
const CORE: &[&str] = &[
    "kernel",
    "kernel-core",
    "kernel-default",
    "kernel-rt",
    "glibc",
    "linux-firmware",
    "systemd",
    "dbus",
    "dbus-broker",
    "dbus-daemon",
    "microcode_ctl",
];

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Restart {
    /// Absent if nothing here can tell.
    pub(super) required: Option<bool>,
    pub(super) reasons: Vec<String>,
}

/// Whether a restart is needed, and what for.
pub(super) fn needed(cx: &Context) -> Restart {
    let mut restart = Restart::default();
    let mut found = false;
    if cx.root.exists(dpkg::STATUS) {
        let marked = ["/run/reboot-required", "/var/run/reboot-required"]
            .iter()
            .any(|path| cx.root.exists(path));
        restart.required = Some(marked);
        found |= marked;
        let packages = cx.root.text("/run/reboot-required.pkgs").unwrap_or_default();
        restart.reasons.extend(packages.lines().map(str::to_owned));
    }
    let booted = uptime::boot_time(cx).ok().flatten();
    if let Some(reason) = kernel(cx, booted) {
        restart.required = Some(restart.required.unwrap_or_default() || reason.is_some());
        found |= reason.is_some();
        restart.reasons.extend(reason);
    }
    if let Some(booted) = booted
        && let Some(packages) = replaced(cx, booted)
    {
        restart.required = Some(restart.required.unwrap_or_default() || !packages.is_empty());
        found |= !packages.is_empty();
        restart.reasons.extend(packages);
    }
    if !found {
        restart.reasons.clear();
    }
    restart.reasons.sort_unstable();
    restart.reasons.dedup();
    restart
}

/// Whether the running kernel is gone, or a newer one of its kind was installed since the start; `None` if
/// kernels are not kept in modules' folders here.
fn kernel(cx: &Context, booted: Option<Timestamp>) -> Option<Option<String>> {
    let running = cx.line("/proc/sys/kernel/osrelease")?;
    let folder = ["/lib/modules", "/usr/lib/modules"]
        .into_iter()
        .find(|folder| cx.root.list(folder).is_ok_and(|names| !names.is_empty()))?;
    let installed = cx.root.list(folder).unwrap_or_default();
    // A folder that is only left over has no list of what is in it.
    let whole = |name: &&String| cx.root.exists(&format!("{folder}/{name}/modules.dep"));
    let installed: Vec<&String> = installed.iter().filter(whole).collect();
    if installed.is_empty() {
        return None;
    }
    let newer = |name: &&&String| {
        let since = files::modified(cx, &format!("{folder}/{name}/modules.dep"));
        flavour(name) == flavour(&running)
            && compare(name, &running).is_gt()
            && booted.is_some_and(|booted| since.is_some_and(|since| since > booted))
    };
    if let Some(newest) = installed.iter().filter(newer).max_by(|a, b| compare(a, b)) {
        return Some(Some(format!("kernel {newest} (runs: {running})")));
    }
    if installed.iter().any(|name| **name == running) {
        return Some(None);
    }
    // Containers and guests with a kernel of their host's have other modules, or none, from the start.
    let own = installed.iter().any(|name| flavour(name) == flavour(&running));
    own.then(|| Some(format!("modules of the running kernel {running} are gone")))
}

/// What follows the numbers, and tells kinds of kernels apart: `amd64` of `6.1.0-18-amd64`,
/// `fc40.x86_64` of `6.8.8-300.fc40.x86_64`, `arch` of `6.8.8-arch1-1`, `lts` of `6.6.30-0-lts`.
pub(crate) fn flavour(release: &str) -> String {
    let part = |letter: char| matches!(letter, '.' | '-' | '_' | '+');
    release
        .split(part)
        .filter(|part| part.starts_with(|first: char| !first.is_ascii_digit()))
        .map(|part| part.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(".")
}

/// By the numbers before what tells the kind, then by those behind: the first come from the kernel, the
/// others from the distribution.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|letter: char| !letter.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .map(|digits| digits.parse().unwrap_or(u64::MAX))
            .collect()
    };
    let split = |release: &str| {
        let kind = release.find(|letter: char| letter.is_ascii_alphabetic());
        let (version, kind) = release.split_at(kind.unwrap_or(release.len()));
        (numbers(version), numbers(kind))
    };
    split(a).cmp(&split(b))
}

/// The packages of the core that were installed since the start; `None` if that is not told here.
fn replaced(cx: &Context, booted: Timestamp) -> Option<Vec<String>> {
    match updates::family(cx)? {
        updates::Family::Rpm if cx.root.is_live() => {
            let times = rpm::install_times(cx, rpm::database(cx)?, CORE);
            let since = |(_, at): &(String, i64)| *at > booted.as_second();
            Some(times.into_iter().filter(since).map(|(name, _)| name).collect())
        }
        updates::Family::Pacman => {
            const NAMES: &[&str] = &["glibc", "systemd", "dbus", "dbus-broker", "linux-firmware"];
            let names = cx.root.list("/var/lib/pacman/local").unwrap_or_default();
            let own = |folder: &&String| {
                let name = folder.rsplitn(3, '-').nth(2).unwrap_or_default();
                NAMES.contains(&name)
            };
            let mut replaced = Vec::new();
            for folder in names.iter().filter(own) {
                let text = cx.root.text(&format!("/var/lib/pacman/local/{folder}/desc"));
                let at = text.ok().and_then(|text| install_date(&text));
                if at.is_some_and(|at| at > booted.as_second()) {
                    replaced.push(folder.rsplitn(3, '-').nth(2).unwrap_or_default().to_owned());
                }
            }
            Some(replaced)
        }
        updates::Family::Apt | updates::Family::Rpm | updates::Family::Apk => None,
    }
}

/// The line under `%INSTALLDATE%`.
pub(crate) fn install_date(text: &str) -> Option<i64> {
    let mut lines = text.lines().skip_while(|line| *line != "%INSTALLDATE%");
    lines.nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_of_one_kind_are_ordered() {
        for (release, kind) in [
            ("6.1.0-18-amd64", "amd"),
            ("6.5.0-27-generic", "generic"),
            ("6.8.8-300.fc40.x86_64", "fc.x.64"),
            ("6.8.8-arch1-1", "arch"),
            ("6.6.30-0-lts", "lts"),
            ("6.1.0-18-cloud-amd64", "cloud.amd"),
        ] {
            let told = flavour(release);
            assert!(told.starts_with(kind.split('.').next().unwrap_or_default()), "{told} {kind}");
        }
        assert_ne!(flavour("6.1.0-18-amd64"), flavour("6.1.0-18-cloud-amd64"));
        assert_ne!(flavour("6.6.30-0-lts"), flavour("6.6.30-0-virt"));
        assert_eq!(flavour("6.8.7-arch1-1"), flavour("6.9.1-arch2-1"));
        assert_eq!(flavour("6.8.8-300.fc40.x86_64"), flavour("6.9.4-200.fc41.x86_64"));
        assert!(compare("6.1.0-20-amd64", "6.1.0-18-amd64").is_gt());
        assert!(compare("6.10.1-arch1-1", "6.9.9-arch1-1").is_gt());
        assert!(compare("5.14.0-427.5.1.el9_4.x86_64", "5.14.0-427.el9_4.x86_64").is_gt());
    }

    #[test]
    fn pacman_says_when_a_package_was_installed() {
        assert_eq!(
            install_date("%NAME%\nglibc\n\n%INSTALLDATE%\n1714554000\n\n"),
            Some(1_714_554_000)
        );
        assert_eq!(install_date("%INSTALLDATE%\n"), None);
    }
}
