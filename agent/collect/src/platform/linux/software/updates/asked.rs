//! What waits, where only the package system itself can tell: it is asked for what it already knows, never
//! to look anew, under a deadline.

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::section::maintenance::PendingUpdate;

use crate::collector::{Context, Gap};
use crate::platform::linux::{command, files};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The most bytes of an answer: some 20,000 packages.
const MAX_BYTES: usize = 4 << 20;

/// What `program` answers; `None` if it is not there. Any other trouble is noted.
fn ask(cx: &Context, program: &'static str, arguments: &[&str]) -> Option<String> {
    if !cx.root.is_live() {
        cx.gap(Gap::unsupported(format!(
            "only the running system's {program} knows what updates wait"
        )));
        return None;
    }
    cx.root.trail().at(program);
    match command::run(program, arguments, PATIENCE, MAX_BYTES) {
        Ok(output) => Some(String::from_utf8_lossy(&output.bytes).into_owned()),
        Err(error) => {
            let error = cx.redactor.text(&error.to_string());
            cx.gap(Gap::failed(format!("what updates wait could not be asked: {error}")));
            None
        }
    }
}

/// apt, where its lists are compressed.
pub(super) fn apt(cx: &Context) -> Vec<PendingUpdate> {
    // Its caches are not written to by a simulation, and no lock is taken.
    let arguments = ["list", "--upgradable", "-o", "Debug::NoLocking=true"];
    ask(cx, "/usr/bin/apt", &arguments).map(|text| apt_list(&text)).unwrap_or_default()
}

/// `bash/stable-security,now 5.2.15-2+b7 amd64 [upgradable from: 5.2.15-2+b2]`, as apt 2.6 writes it.
pub(crate) fn apt_list(text: &str) -> Vec<PendingUpdate> {
    let update = |line: &str| {
        let (name, rest) = line.split_once('/')?;
        let mut words = rest.split(' ');
        let (suites, version) = (words.next()?, words.next()?);
        let (_, installed) = line.split_once("[upgradable from: ")?;
        Some(PendingUpdate {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            installed: Some(installed.trim_end_matches(']').to_owned()),
            security: suites.split(',').any(|suite| suite.ends_with("-security")),
        })
    };
    text.lines().filter_map(update).collect()
}

const DNF: &[&str] = &["/usr/bin/dnf5", "/usr/bin/dnf-3", "/usr/bin/dnf", "/usr/bin/yum"];

/// dnf, from its cache.
pub(super) fn rpm(cx: &Context) -> Vec<PendingUpdate> {
    const FORMAT: &str = "%{name}\\t%{evr}\\n";
    let Some(dnf) = DNF.iter().find(|path| cx.root.exists(path)) else {
        let zypper = cx.root.exists("/usr/bin/zypper");
        let who = if zypper { "zypper is not asked yet" } else { "there is no dnf" };
        cx.gap(Gap::failed(format!("{who}, so that it is not known what updates wait")));
        return Vec::new();
    };
    let all = [
        "--quiet",
        "--cacheonly",
        "repoquery",
        "--upgrades",
        "--latest-limit=1",
        "--queryformat",
        FORMAT,
    ];
    let Some(text) = ask(cx, dnf, &all) else { return Vec::new() };
    let mut pending = dnf_list(&text);
    if !pending.is_empty() {
        let arguments = [
            "--quiet",
            "--cacheonly",
            "repoquery",
            "--upgrades",
            "--security",
            "--queryformat",
            FORMAT,
        ];
        let security = ask(cx, dnf, &arguments).map(|text| dnf_list(&text)).unwrap_or_default();
        for update in &mut pending {
            update.security = security.iter().any(|other| other.name == update.name);
        }
    }
    pending
}

/// A name and a version in each line; dnf 4 ends each line itself as well.
pub(crate) fn dnf_list(text: &str) -> Vec<PendingUpdate> {
    let update = |line: &str| {
        let (name, version) = line.trim().split_once('\t')?;
        Some(PendingUpdate {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            ..PendingUpdate::default()
        })
    };
    text.lines().filter_map(update).collect()
}

/// When dnf last fetched what its sources have: it writes this file then.
pub(super) fn rpm_checked_at(cx: &Context) -> Option<Timestamp> {
    const FILES: &[&str] = &["/var/cache/dnf/last_makecache", "/var/cache/libdnf5/last_makecache"];
    let last = FILES.iter().filter_map(|path| files::modified(cx, path)).max();
    let folders = files::matching(cx, "/var/cache/dnf/*/repodata");
    let folders = folders.into_iter().chain(files::matching(cx, "/var/cache/libdnf5/*/repodata"));
    last.max(folders.filter_map(|path| files::modified(cx, &path)).max())
}

/// apk, from its cache.
pub(super) fn apk(cx: &Context) -> Vec<PendingUpdate> {
    let program = if cx.root.exists("/sbin/apk") { "/sbin/apk" } else { "/usr/bin/apk" };
    let text = ask(cx, program, &["--no-network", "version", "--limit", "<"]);
    text.map(|text| apk_list(&text)).unwrap_or_default()
}

/// `busybox-1.36.1-r15 < 1.36.1-r19` under a line of headings.
pub(crate) fn apk_list(text: &str) -> Vec<PendingUpdate> {
    let update = |line: &str| {
        let (package, version) = line.split_once('<')?;
        // name-version-release
        let mut parts = package.trim().rsplitn(3, '-');
        let (release, old, name) = (parts.next()?, parts.next()?, parts.next()?);
        Some(PendingUpdate {
            name: name.to_owned(),
            version: Some(version.split_ascii_whitespace().next()?.to_owned()),
            installed: Some(format!("{old}-{release}")),
            security: false,
        })
    };
    text.lines().filter_map(update).collect()
}

/// pacman, from the databases that it last fetched. It ends with an error if nothing waits.
pub(super) fn pacman(cx: &Context) -> Vec<PendingUpdate> {
    const PACMAN: &str = "/usr/bin/pacman";
    if !cx.root.is_live() {
        ask(cx, PACMAN, &[]);
        return Vec::new();
    }
    cx.root.trail().at(PACMAN);
    match command::run(PACMAN, &["--query", "--upgrades", "--color", "never"], PATIENCE, MAX_BYTES)
    {
        Ok(output) => pacman_list(&String::from_utf8_lossy(&output.bytes)),
        Err(command::CommandError::Ended { complaint, .. }) if complaint.is_empty() => Vec::new(),
        Err(error) => {
            let error = cx.redactor.text(&error.to_string());
            cx.gap(Gap::failed(format!("what updates wait could not be asked: {error}")));
            Vec::new()
        }
    }
}

/// `linux 6.8.7.arch1-1 -> 6.8.8.arch1-1`, with `[ignored]` behind what is held back.
pub(crate) fn pacman_list(text: &str) -> Vec<PendingUpdate> {
    let update = |line: &str| {
        let (have, there) = line.split_once(" -> ")?;
        let (name, installed) = have.trim().split_once(' ')?;
        Some(PendingUpdate {
            name: name.to_owned(),
            version: Some(there.split_ascii_whitespace().next()?.to_owned()),
            installed: Some(installed.to_owned()),
            security: false,
        })
    };
    text.lines().filter_map(update).collect()
}
