//! `runbook lint` and `runbook test`: what can be said of runbooks by their files alone.

use std::path::{Path, PathBuf};

use befund_runbook::document::Runbook;
use befund_runbook::rehearsal::{self, Report};
use befund_runtime::clock::Clock;
use serde_json::{Value, json};

use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::folder::{Folder, Looked, look};
use crate::render;
use crate::signed;

/// A rehearsal, tried.
pub(crate) struct Tried {
    /// The runbook.
    pub(crate) runbook: String,
    /// The rehearsal's file.
    pub(crate) file: PathBuf,
    /// What came of it, or why it cannot be read.
    pub(crate) came_to: Result<Report, String>,
}

impl Tried {
    /// Whether everything came out as expected.
    pub(crate) fn is_met(&self) -> bool {
        self.came_to.as_ref().is_ok_and(Report::is_met)
    }
}

pub(super) fn lint(paths: &[PathBuf], desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = "lint runbooks";
    let mut looked = Vec::new();
    for path in paths {
        if path.is_dir() {
            looked.extend(Folder::read(what, path)?.look());
        } else {
            let bytes = signed::read(what, path, befund_runbook::reader::MOST_BYTES)?;
            looked.push(look(path.display().to_string(), &bytes));
        }
    }
    let raw = diagnostics(&looked);
    desk.screen.show(&raw, |look| render::runbook::linted(look, &looked))?;
    Ok(if looked.iter().any(Looked::is_bad) { Exit::Failed } else { Exit::Ok })
}

fn diagnostics(looked: &[Looked]) -> Value {
    let of = |looked: &Looked| -> Vec<Value> {
        let one = |told: &befund_runbook::Diagnostic| {
            json!({
                "file": looked.file, "line": told.line, "column": told.column,
                "severity": told.severity.as_str(), "code": told.code, "path": told.path,
                "message": told.message, "expected": told.expected,
            })
        };
        looked.told.iter().map(one).collect()
    };
    looked.iter().flat_map(of).collect()
}

pub(super) fn test(
    folder: &Path,
    name: Option<&str>,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let what = "rehearse runbooks";
    let folder = Folder::read(what, folder)?;
    let looked = folder.look();
    let bad: Vec<Looked> = looked.iter().filter(|looked| looked.is_bad()).cloned().collect();
    if !bad.is_empty() {
        desk.screen.show(&diagnostics(&bad), |look| render::runbook::linted(look, &bad))?;
        return Ok(Exit::Failed);
    }
    let runbooks: Vec<&Runbook> = looked
        .iter()
        .filter_map(|looked| looked.runbook.as_ref())
        .filter(|runbook| name.is_none_or(|name| name == runbook.name))
        .collect();
    if let (Some(name), []) = (name, runbooks.as_slice()) {
        let why = format!("there is no runbook {name} in {}", folder.root.display());
        return Err(Failure::cannot(Exit::NotFound, what, why));
    }
    let tried = rehearse(what, &folder, &runbooks)?;
    let raw: Value = tried.iter().map(as_json).collect();
    let names: Vec<&str> = runbooks.iter().map(|runbook| runbook.name.as_str()).collect();
    desk.screen.show(&raw, |look| render::runbook::tried(look, &names, &tried))?;
    Ok(if tried.iter().all(Tried::is_met) { Exit::Ok } else { Exit::Failed })
}

/// Tries every rehearsal of these runbooks.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn rehearse(
    what: &str,
    folder: &Folder,
    runbooks: &[&Runbook],
) -> Result<Vec<Tried>, Failure> {
    let now = Clock::system().now();
    let mut tried = Vec::new();
    for runbook in runbooks {
        for (file, text) in folder.rehearsals(what, &runbook.name)? {
            let came_to = rehearsal::read(&text)
                .map(|rehearsal| rehearsal::rehearse_at(runbook, &rehearsal, now))
                .map_err(|error| chain(&error));
            tried.push(Tried { runbook: runbook.name.clone(), file, came_to });
        }
    }
    Ok(tried)
}

fn as_json(tried: &Tried) -> Value {
    let mut value = json!({
        "runbook": tried.runbook, "file": tried.file, "met": tried.is_met(),
    });
    match &tried.came_to {
        Ok(report) => {
            value["scenario"] = json!(report.scenario);
            value["unmet"] = report
                .lines
                .iter()
                .filter(|line| !line.met)
                .map(
                    |line| json!({ "of": line.of, "expected": line.expected, "found": line.found }),
                )
                .collect();
        }
        Err(why) => value["error"] = json!(why),
    }
    value
}
