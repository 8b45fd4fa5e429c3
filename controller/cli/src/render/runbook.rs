//! Runbooks, what is wrong with them, and the catalogues that they are handed out in.

use std::fmt::Write as _;
use std::path::Path;

use befund_model::Timestamp;
use befund_model::api::{CatalogueView, CauseEffect, RunbookInfo};
use befund_model::id::TicketNumber;
use befund_runbook::document::{Act, Runbook, Whom};
use befund_trust::catalogue::Manifest;
use serde_json::Value;

use crate::commands::runbook::{Tried, Verdict};
use crate::folder::Looked;
use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text, value};
use crate::screen::Look;

/// The most files that are named.
const MOST_NAMED: usize = 6;

/// The runbooks that there are.
pub(crate) fn list(look: &Look, runbooks: &[RunbookInfo], ticket: Option<TicketNumber>) -> String {
    if runbooks.is_empty() {
        return "There are no runbooks: none was published, or they were withdrawn.".to_owned();
    }
    let mut rows = match ticket {
        Some(_) => table(look, &["name", "title", "risk", "fits because of", "helped"]),
        None => table(look, &["name", "title", "risk", "helped"]),
    };
    for runbook in runbooks {
        let mut row =
            vec![cell(&runbook.name), cell(&runbook.title.en), cell(runbook.risk.as_str())];
        if ticket.is_some() {
            let reasons = if runbook.reasons.is_empty() && runbook.fit > 0 {
                "its category".to_owned()
            } else {
                runbook.reasons.join(", ")
            };
            row.push(if runbook.fit > 0 { toned(reasons, Tone::Good) } else { cell("–") });
        }
        row.push(toned(helped(&runbook.effects), Tone::Faint));
        rows.add_row(row);
    }
    let mut out = tables::text(&rows, 0);
    if ticket.is_some() {
        for runbook in runbooks.iter().filter(|runbook| runbook.fit > 0) {
            out.push_str(&so_far(look, runbook));
        }
    }
    out
}

/// What a runbook found so far, and what became of that, cause by cause and fix by fix; nothing if it never ran.
fn so_far(look: &Look, runbook: &RunbookInfo) -> String {
    let mut out = String::new();
    let causes = runbook.effects.iter().filter(|effect| effect.fix.is_none());
    for cause in causes {
        if out.is_empty() {
            let title = format!("{}: found so far, and what helped", text::line(&runbook.name));
            let _ = writeln!(out, "\n{}", look.strong(&title));
        }
        let title = cause.title.as_ref().map_or(&cause.cause, |title| &title.en);
        let _ = writeln!(out, "  {}: found {}", text::line(title), times(cause.came_up));
        let of_it = |effect: &&CauseEffect| effect.fix.is_some() && effect.cause == cause.cause;
        for fix in runbook.effects.iter().filter(of_it) {
            let back = match fix.came_back {
                0 => String::new(),
                back => format!(", {back} came back"),
            };
            let (done, right) = (times(fix.done), times(fix.verified));
            let act = text::line(&fix.act);
            let _ = writeln!(out, "    {act}: done {done}, put right {right}{back}");
        }
    }
    out
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// Of how many fixes that were done the cause was gone.
fn helped(effects: &[CauseEffect]) -> String {
    let fixes = || effects.iter().filter(|effect| effect.fix.is_some());
    let (done, verified): (u64, u64) =
        (fixes().map(|effect| effect.done).sum(), fixes().map(|effect| effect.verified).sum());
    let back: u64 = fixes().map(|effect| effect.came_back).sum();
    match (done, back) {
        (0, _) => "–".to_owned(),
        (done, 0) => format!("{verified} of {done}"),
        (done, back) => format!("{verified} of {done}, {back} came back"),
    }
}

/// A runbook: what it is for, what may be set, what it does.
pub(crate) fn one(look: &Look, info: &RunbookInfo, runbook: Option<&Runbook>) -> String {
    let title = text::line(&info.title.en);
    let mut out = format!(
        "{} {} {}\n",
        look.strong(&title),
        look.faint(&text::line(&info.name)),
        info.version
    );
    let _ = writeln!(out, "  {}", text::block(&info.about.en, 2));
    let systems = if info.systems.is_empty() { "all".to_owned() } else { info.systems.join(", ") };
    let _ = writeln!(out, "  systems  {}", text::line(&systems));
    let _ = writeln!(out, "  risk     {}", info.risk.as_str());
    let inputs = info.inputs.get("properties").and_then(Value::as_object);
    for (name, schema) in inputs.into_iter().flatten() {
        let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
        let default = schema.get("default").map_or_else(
            || "must be given".to_owned(),
            |default| format!("{} if not given", value::brief(default)),
        );
        let _ = writeln!(out, "  input    {}: {} ({default})", text::line(name), text::line(title));
    }
    if let Some(runbook) = runbook {
        out.push_str(&questions(runbook));
        out.push_str(&causes(look, runbook, &info.effects));
    }
    out
}

fn questions(runbook: &Runbook) -> String {
    let mut out = String::new();
    for question in &runbook.ask {
        let whom = match question.to {
            Whom::User => "the user",
            Whom::Technician => "the technician",
        };
        let _ = writeln!(out, "  asks     {whom}: {}", text::line(&question.text.en));
    }
    out
}

fn causes(look: &Look, runbook: &Runbook, effects: &[CauseEffect]) -> String {
    let mut out = String::new();
    for cause in &runbook.causes {
        let of = |fix: Option<u32>| {
            effects.iter().find(|effect| effect.cause == cause.id && effect.fix == fix)
        };
        let seen = of(None)
            .map_or_else(String::new, |effect| format!(", found {}", times(effect.came_up)));
        let (title, id) = (text::line(&cause.title.en), text::line(&cause.id));
        let _ = writeln!(out, "  {title} {}{}", look.faint(&format!("({id})")), look.faint(&seen));
        for (index, fix) in (0..).zip(&cause.fixes) {
            let act = match &fix.act {
                Act::Action(name) => text::line(name),
                Act::Script(script) => text::line(&script.path),
                Act::Instruct => "tells the user what to do".to_owned(),
                Act::OpenUrl => "opens an address for the user".to_owned(),
                Act::Reboot => "restarts the machine".to_owned(),
            };
            let helped = of(Some(index)).map_or_else(String::new, |effect| {
                format!(", helped {} of {}", effect.verified, effect.done)
            });
            let _ = writeln!(out, "    → {act} ({}){}", fix.risk.as_str(), look.faint(&helped));
        }
    }
    out
}

/// What is wrong with runbooks, each with the line that it stands on.
pub(crate) fn linted(look: &Look, looked: &[Looked]) -> String {
    let mut out = String::new();
    for one in looked {
        let told = befund_runbook::render(&one.file, &one.text, &one.told);
        let _ = write!(out, "{}", text::block(&told, 0));
        if !told.is_empty() {
            out.push('\n');
        }
    }
    let bad = looked.iter().filter(|one| one.is_bad()).count();
    let good = looked.len() - bad;
    let _ = match bad {
        0 => write!(out, "{} can be used.", text::count(good, "runbook")),
        bad => write!(
            out,
            "{}, {} can be used.",
            look.bad(&format!("{} cannot be used", text::count(bad, "runbook"))),
            text::count(good, "runbook")
        ),
    };
    out
}

/// What rehearsals came to: each unmet expectation in words.
pub(crate) fn tried(look: &Look, names: &[&str], tried: &[Tried]) -> String {
    let mut out = String::new();
    for name in names {
        let of: Vec<&Tried> = tried.iter().filter(|one| one.runbook == *name).collect();
        let met = of.iter().filter(|one| one.is_met()).count();
        let word = match (of.len(), met) {
            (0, _) => "no rehearsals".to_owned(),
            (all, met) if all == met => {
                look.good(&format!("{} as expected", text::count(all, "rehearsal")))
            }
            (all, met) => {
                look.bad(&format!("{met} of {} as expected", text::count(all, "rehearsal")))
            }
        };
        let _ = writeln!(out, "{} {word}", look.strong(&text::line(name)));
        for one in of.iter().filter(|one| !one.is_met()) {
            let file = one.file.display().to_string();
            match &one.came_to {
                Ok(report) => {
                    let _ =
                        writeln!(out, "  {} ({})", text::line(&report.scenario), text::line(&file));
                    for line in report.lines.iter().filter(|line| !line.met) {
                        let (of, expected) = (text::line(&line.of), text::line(&line.expected));
                        let found = text::block(&line.found, 6);
                        let _ = writeln!(out, "    {of}: expected {expected}, found {found}");
                    }
                }
                Err(why) => {
                    let _ = writeln!(out, "  {}: {}", text::line(&file), text::block(why, 4));
                }
            }
        }
    }
    let bad = tried.iter().filter(|one| !one.is_met()).count();
    let all = text::count(tried.len(), "rehearsal");
    let _ = match bad {
        0 => write!(out, "{all} came out as they say."),
        bad => write!(out, "{bad} of {all} did not come out as they say."),
    };
    out
}

/// What is printed once a folder was signed.
pub(crate) fn signed(
    look: &Look,
    manifest: &Manifest,
    folder: &Path,
    key: &str,
    signatures: usize,
    changed: Option<&[String]>,
) -> String {
    let mut out = format!(
        "{} version {} of the catalogue of {}, with {}, until {}\n",
        look.good("Signed"),
        manifest.version,
        text::line(&manifest.organisation),
        text::count(manifest.files.len(), "file"),
        look.time(manifest.expires),
    );
    match changed {
        Some([]) => out.push_str("  new manifest of the same files\n"),
        Some(changed) => {
            let named: Vec<String> =
                changed.iter().take(MOST_NAMED).map(|path| text::line(path)).collect();
            let more = match changed.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let _ = writeln!(out, "  new manifest, for {}{more}", named.join(", "));
        }
        None => out.push_str("  the manifest that was there\n"),
    }
    let _ = write!(
        out,
        "  by the key {key}; {} now\nNext: another person signs it too, or befund runbook publish {}",
        text::count(signatures, "signature"),
        folder.display()
    );
    out
}

/// What is printed once a catalogue was published.
pub(crate) fn published(look: &Look, view: &CatalogueView) -> String {
    format!(
        "{} version {} with {}, until {}. Machines fetch it within seconds of being connected.\n  SHA-256 {}",
        look.good("Published"),
        view.version,
        text::count(view.files.len(), "file"),
        look.time(view.expires),
        text::line(&view.sha256)
    )
}

/// What a folder's signatures come to.
pub(crate) fn verified(look: &Look, manifest: &Manifest, verdict: &Verdict) -> String {
    let mut out = format!(
        "{} version {} of {}, {}, until {}\n",
        look.good("Good:"),
        manifest.version,
        text::line(&manifest.organisation),
        text::count(manifest.files.len(), "file"),
        look.time(manifest.expires),
    );
    if manifest.files.is_empty() {
        out.push_str("  It is empty: it withdraws whatever was before.\n");
    }
    for (who, key) in &verdict.signers {
        let _ = writeln!(out, "  signed by {} ({key})", text::line(who));
    }
    let _ = write!(out, "  judged by {}", text::line(&verdict.by));
    out
}

/// The catalogues that were published.
pub(crate) fn catalogues(look: &Look, views: &[CatalogueView], now: Timestamp) -> String {
    if views.is_empty() {
        return "No catalogue was published yet.".to_owned();
    }
    let mut rows = table(look, &["version", "published", "by", "expires", "files", ""]);
    for view in views {
        let files = match view.files.len() {
            0 => "none: it withdraws".to_owned(),
            some => some.to_string(),
        };
        rows.add_row(vec![
            cell(view.version.to_string()),
            cell(look.time(view.published_at)),
            cell(&view.published_by),
            cell(look.time(view.expires)),
            cell(files),
            match (view.current, view.expires <= now) {
                (true, true) => toned("current, EXPIRED: sign and publish a new one", Tone::Bad),
                (true, false) => toned("current", Tone::Good),
                (false, _) => toned("", Tone::Plain),
            },
        ]);
    }
    tables::text(&rows, 0)
}
