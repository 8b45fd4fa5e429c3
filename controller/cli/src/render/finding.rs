//! Findings and checks: the worst first, each with its evidence and what to do.

use std::fmt::Write as _;

use befund_model::api::{CheckView, FindingView, FindingsView};
use befund_model::finding::Finding;
use befund_model::probe::Verdict;
use serde_json::Value;

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text};
use crate::screen::Look;

/// What the checks say of a snapshot.
pub(crate) fn of_snapshot(look: &Look, view: &FindingsView) -> String {
    if !view.judged {
        return "Not checked yet: it happens right after the snapshot has come.".to_owned();
    }
    let mut out = String::new();
    for FindingView { finding, machines, check } in &view.findings {
        if finding.verdict == Verdict::Pass {
            continue;
        }
        // A check's title says how it should be; what is wrong needs the other sentence.
        let told = |check: &CheckView| match finding.verdict {
            Verdict::Unknown => check.title.en.clone(),
            Verdict::Fail | Verdict::Warn | Verdict::Pass => check.user.en.clone(),
        };
        let title = check.as_ref().map_or_else(|| finding.check.clone(), told);
        let _ = writeln!(out, "{}", one(look, finding, &title));
        if finding.verdict == Verdict::Unknown {
            continue;
        }
        if let Some(check) = check {
            let _ = writeln!(out, "      {}", text::line(&check.remedy.en));
        }
        let fleet = match machines {
            0 | 1 => "only this machine has this".to_owned(),
            many => format!("{many} machines have this"),
        };
        let _ = writeln!(out, "      {}", look.faint(&fleet));
    }
    let passed = view.findings.iter().filter(|view| view.finding.verdict == Verdict::Pass).count();
    let _ = write!(out, "{} pass", text::count(passed, "check"));
    out
}

/// Findings without their checks' words.
pub(crate) fn plain(look: &Look, findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No check concerns this machine.".to_owned();
    }
    findings.iter().map(|finding| one(look, finding, &finding.check)).collect::<Vec<_>>().join("\n")
}

fn one(look: &Look, finding: &Finding, title: &str) -> String {
    let word = look.strong(&format!("{:<7}", finding.verdict.as_str()));
    let mut out = format!("{word} {} {}", text::line(title), look.faint(&finding.check));
    if !finding.reason.is_empty() {
        let _ = write!(out, "\n      {}", text::line(&finding.reason));
    }
    for evidence in &finding.evidence {
        let (label, value) = (text::line(&evidence.label.en), text::line(&evidence.value));
        let _ = write!(out, "\n      {label}: {value}");
    }
    out
}

/// The checks that there are.
pub(crate) fn checks(look: &Look, checks: &[CheckView]) -> String {
    let mut rows = table(look, &["check", "about", "category"]);
    for check in checks {
        rows.add_row(vec![
            cell(&check.id),
            cell(&check.title.en),
            toned(check.category.clone(), Tone::Faint),
        ]);
    }
    tables::text(&rows, 0)
}

/// What a check means.
pub(crate) fn explained(look: &Look, check: &CheckView) -> String {
    let mut out = format!("{} {}\n", look.strong(&check.title.en), look.faint(&check.id));
    let _ = writeln!(out, "  {}", text::block(&check.explanation.en, 2));
    let _ = writeln!(out, "  What to do: {}", text::block(&check.remedy.en, 2));
    let _ = write!(out, "  To the user: {}", text::block(&check.user.en, 2));
    for reference in &check.references {
        let _ = write!(out, "\n  {}", look.faint(reference));
    }
    out
}

/// What is wrong with files of checks, as `FILE:LINE:COLUMN: …`.
pub(crate) fn problems(look: &Look, problems: &[Value], good: usize) -> String {
    let mut out = String::new();
    for problem in problems {
        let word = |key: &str| problem[key].as_str().map(text::line).unwrap_or_default();
        let place = format!("{}:{}:{}:", word("file"), problem["line"], problem["column"]);
        let _ = writeln!(out, "{} {}", look.strong(&place), word("message"));
    }
    let rest = if problems.is_empty() { "" } else { " in the other files" };
    let _ = write!(out, "{}{rest} can be used.", text::count(good, "check"));
    out
}
