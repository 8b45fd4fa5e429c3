//! Snapshots: the list, one of them by section, a section's content, a difference.

use std::fmt::Write as _;

use befund_model::api::{ChangesView, HistoryEntry, SectionView, SnapshotRecord};
use befund_model::diff::{Between, Change, SnapshotDiff};
use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef, Status};

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text, value};
use crate::screen::Look;

/// The list.
pub(crate) fn list(look: &Look, snapshots: &[SnapshotRecord]) -> String {
    if snapshots.is_empty() {
        return "No snapshots of this machine.".to_owned();
    }
    let mut rows = table(look, &["id", "taken", "sections", "incomplete", "size", "ticket"]);
    for snapshot in snapshots {
        let sections = &snapshot.manifest.sections;
        let incomplete = sections.iter().filter(|line| line.status != Status::Ok).count();
        rows.add_row(vec![
            cell(snapshot.manifest.id.to_string()),
            cell(look.time(snapshot.manifest.taken_at)),
            cell(sections.len().to_string()),
            cell(incomplete.to_string()),
            cell(text::size(sections.iter().map(|line| line.size).sum())),
            cell(snapshot.ticket.map_or_else(|| "–".to_owned(), |number| format!("#{number}"))),
        ]);
    }
    tables::text(&rows, 0)
}

/// One snapshot, by section.
pub(crate) fn one(look: &Look, snapshot: &SnapshotRecord) -> String {
    let title = format!("snapshot {}", snapshot.manifest.id);
    let mut out = format!("{}\n", look.strong(&title));
    let _ = writeln!(out, "  machine   {}", snapshot.agent);
    let _ = writeln!(out, "  taken     {}", look.time(snapshot.manifest.taken_at));
    let _ = writeln!(out, "  received  {}", look.time(snapshot.received_at));
    if let Some(ticket) = snapshot.ticket {
        let _ = writeln!(out, "  ticket    #{ticket}");
    }
    if let Some(mark) = &snapshot.good {
        let _ = writeln!(
            out,
            "  good      called so by {}, {}",
            text::line(&mark.by),
            look.time(mark.at)
        );
    }
    out.push('\n');
    let mut rows = table(look, &["section", "status", "size", "redacted", "class", "took", "why"]);
    for line in &snapshot.manifest.sections {
        rows.add_row(vec![
            cell(line.kind.as_str()),
            toned(line.status.as_str(), tone(line.status)),
            cell(text::size(line.size)),
            cell(line.redacted.to_string()),
            cell(class(line.class)),
            toned(text::took(line.took_us), Tone::Faint),
            cell(&line.reason),
        ]);
    }
    out.push_str(&tables::text(&rows, 0));
    out
}

const fn class(class: PrivacyClass) -> &'static str {
    match class {
        PrivacyClass::Scheduled => "scheduled",
        PrivacyClass::OnRequest => "on request",
        PrivacyClass::Consent => "with consent",
    }
}

const fn tone(status: Status) -> Tone {
    match status {
        Status::Ok => Tone::Good,
        Status::Partial | Status::Unsupported => Tone::Plain,
        Status::Denied | Status::Timeout | Status::Failed => Tone::Bad,
    }
}

/// A section's content.
pub(crate) fn section(look: &Look, view: &SectionView) -> String {
    let SectionRef { kind, status, reason, size, redacted, .. } = &view.line;
    let mut out = format!("{}\n", look.strong(kind.as_str()));
    let _ = write!(out, "  {status}, {}", text::size(*size));
    if *redacted > 0 {
        let _ = write!(out, ", {} redacted", text::count(*redacted as usize, "value"));
    }
    if !reason.is_empty() {
        let _ = write!(out, "\n  {}", text::block(reason, 2));
    }
    out.push_str("\n\n");
    out.push_str(&value::tree(&view.content, 2));
    out
}

/// What differs between two snapshots.
pub(crate) fn diff(look: &Look, difference: &SnapshotDiff) -> String {
    let mut out = String::new();
    for section in &difference.sections {
        let _ = writeln!(out, "{}", look.strong(section.kind.as_str()));
        if section.before != section.after {
            let word = |status: Option<Status>| status.map_or("absent", Status::as_str);
            let (before, after) = (word(section.before), word(section.after));
            let _ = writeln!(out, "  status: {before} → {after}");
        }
        for change in &section.changes {
            let _ = writeln!(out, "  {}", one_change(look, change));
        }
        if section.more > 0 {
            let _ = writeln!(out, "  … and {} more", section.more);
        }
    }
    if difference.sections.is_empty() {
        out.push_str("Nothing that is stable differs.\n");
    }
    let same = text::count(difference.unchanged as usize, "section");
    let _ = write!(out, "{}", look.faint(&format!("{same} the same")));
    if !difference.volatile.is_empty() {
        let kinds: Vec<&str> = difference.volatile.iter().map(SectionKind::as_str).collect();
        let _ = write!(out, "{}", look.faint(&format!("; differ as always: {}", kinds.join(", "))));
    }
    out
}

/// What has changed since the machine was last well.
pub(crate) fn changes(look: &Look, view: &ChangesView) -> String {
    let Some(since) = &view.since else {
        return "There is no snapshot before this one.".to_owned();
    };
    let good = if view.good { "when it was last well" } else { "the snapshot before" };
    let title = format!("since {}, {good}", look.time(since.manifest.taken_at));
    let mut out =
        format!("{} {}\n", look.strong(&title), look.faint(&since.manifest.id.to_string()));
    let ranked = view.diff.ranked();
    for (section, change) in &ranked {
        let _ = write!(out, "  {}", ranked_change(look, section.kind.as_str(), change));
        if let Some(Between { after, until }) = section.between {
            let when = format!("  between {} and {}", look.time(after), look.time(until));
            let _ = write!(out, "{}", look.faint(&when));
        }
        out.push('\n');
    }
    let count = text::count(view.diff.count(), "change");
    let _ = write!(out, "{count} in what lasts");
    out
}

/// What changed on a machine, from snapshot to snapshot.
pub(crate) fn history(look: &Look, entries: &[HistoryEntry]) -> String {
    if entries.is_empty() {
        return "Nothing that lasts has changed between these snapshots.".to_owned();
    }
    let mut out = String::new();
    for entry in entries {
        let Between { after, until } = entry.between;
        let title = format!("{}  (after {})", look.time(until), look.time(after));
        let _ = write!(out, "{} {}", look.strong(&title), look.faint(&entry.snapshot.to_string()));
        if let Some(ticket) = entry.ticket {
            let _ = write!(out, "  #{ticket}");
        }
        out.push('\n');
        for one in &entry.changes {
            let _ = writeln!(out, "  {}", ranked_change(look, one.section.as_str(), &one.change));
        }
        if entry.more > 0 {
            let _ = writeln!(out, "  … and {} more", entry.more);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn ranked_change(look: &Look, section: &str, change: &Change) -> String {
    let what = format!("{:<12} {:<18}", change.class.as_str(), section);
    format!("{} {}", look.faint(&what), one_change(look, change))
}

fn one_change(look: &Look, change: &Change) -> String {
    let path = text::line(&change.path);
    match (&change.before, &change.after) {
        (None, None) => path,
        (None, Some(after)) => look.good(&format!("+ {path}: {}", value::brief(after))),
        (Some(before), None) => look.bad(&format!("- {path}: {}", value::brief(before))),
        (Some(before), Some(after)) => {
            format!("~ {path}: {} → {}", value::brief(before), value::brief(after))
        }
    }
}
