//! Reports of crashes: those of the system and of each person, and those that were sent to Apple already.

use befund_model::Timestamp;
use befund_model::section::trouble::{Crash, Crashes};
use jiff::SignedDuration;

use crate::collector::{Context, Gap};
use crate::lately::Lately;
use crate::platform::macos::asked::now;
use crate::platform::macos::decode::crashes::{Report, report};
use crate::platform::macos::{files, people};

const FOLDERS: &[&str] =
    &["/Library/Logs/DiagnosticReports", "/Library/Logs/DiagnosticReports/Retired"];
const ENDINGS: &[&str] = &[".ips", ".crash", ".hang", ".spin", ".panic"];
/// How far is looked back.
const DAYS: i64 = 30;
/// How many reports are read, and the most bytes of each; what follows are the threads' states.
const MAX_REPORTS: usize = 100;
const MAX_REPORT_BYTES: u64 = 1 << 20;
/// How much is kept of what was said.
const MAX_DETAIL_CHARS: usize = 1_000;

/// Section `crashes`.
pub(super) fn crashes(cx: &Context) -> Result<Crashes, Gap> {
    let mut folders: Vec<String> = FOLDERS.iter().map(|&folder| folder.to_owned()).collect();
    for home in people::homes(cx) {
        let own = format!("{}/Library/Logs/DiagnosticReports", home.path);
        folders.push(format!("{own}/Retired"));
        folders.push(own);
    }
    if !folders.iter().any(|folder| cx.root.exists(folder)) {
        return Err(Gap::unsupported(format!("there is no {}", FOLDERS[0])));
    }
    let mut found = recent(cx, &folders);
    let older = found.len().saturating_sub(MAX_REPORTS);
    found.drain(..older);
    let crash = |(at, path): (Timestamp, String)| {
        let Report { at: told, kind, program, version, module, cause, detail } = read(cx, &path)?;
        let detail: Option<String> =
            detail.map(|text| text.chars().take(MAX_DETAIL_CHARS).collect());
        Some(Crash {
            at: told.unwrap_or(at),
            kind: kind.to_owned(),
            program,
            version,
            module,
            cause,
            detail: detail.map(|detail| cx.redactor.text(&detail)),
            dump: Some(path),
        })
    };
    let mut crashes: Vec<Crash> = found.into_iter().filter_map(crash).collect();
    crashes.sort_by(|a, b| (a.at, &a.program).cmp(&(b.at, &b.program)));
    Ok(Crashes { crashes, older: u32::try_from(older).ok().filter(|older| *older > 0) })
}

/// The paths of recent reports with when they were written, newest last.
fn recent(cx: &Context, folders: &[String]) -> Vec<(Timestamp, String)> {
    let mut found = Vec::new();
    for folder in folders {
        for path in files::ending(cx, folder, "") {
            if !ENDINGS.iter().any(|ending| path.ends_with(ending)) || !files::is_file(cx, &path) {
                continue;
            }
            let Some(at) = cx.note(cx.root.modified(&path)) else { continue };
            found.push((at, path));
        }
    }
    if let Some(now) = now(cx) {
        let lately = Lately::new(now, SignedDuration::from_hours(24 * DAYS));
        lately.keep(cx, &mut found, |(at, _)| Some(*at));
    }
    found.sort();
    found
}

fn read(cx: &Context, path: &str) -> Option<Report> {
    let bytes = cx.note(cx.root.head(path, MAX_REPORT_BYTES))?;
    report(path, &String::from_utf8_lossy(&bytes))
}

/// When the kernel panicked lately, as far as it has left a report.
pub(in crate::platform::macos) fn panics(cx: &Context) -> Vec<Timestamp> {
    let folders: Vec<String> = FOLDERS.iter().map(|&folder| folder.to_owned()).collect();
    let kernel = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        name.starts_with("panic") || name.starts_with("kernel") || name.ends_with(".panic")
    };
    let mut found = recent(cx, &folders);
    found.retain(|(_, path)| kernel(path));
    let each = found.into_iter().rev().take(8);
    each.filter_map(|(at, path)| {
        let report = read(cx, &path).filter(|report| report.kind == "kernel")?;
        Some(report.at.unwrap_or(at))
    })
    .collect()
}
