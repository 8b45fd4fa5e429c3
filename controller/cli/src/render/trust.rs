//! Trust roots: who may sign what, and who signed them.

use std::fmt::Write as _;
use std::path::Path;

use befund_model::api::TrustRootView;
use befund_trust::key::PublicKey;
use befund_trust::root::{Role, Root};

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text};
use crate::screen::Look;

/// What a root says, and whose signatures it has.
pub(crate) fn signed(look: &Look, root: &Root, signatures: &[PublicKey]) -> String {
    let mut out = format!(
        "{}, version {}, until {}\n",
        look.strong(&text::line(root.organisation())),
        root.version(),
        look.time(root.expires())
    );
    let _ = writeln!(out, "  SHA-256 {}", root.digest());
    let mut rows = table(look, &["person", "name", "contact", "key", "kind"]);
    for (key, person) in root.keys() {
        rows.add_row(vec![
            cell(&person.id),
            cell(&person.name),
            cell(&person.contact),
            cell(key.fingerprint()),
            toned(key.kind(), Tone::Faint),
        ]);
    }
    out.push_str(&tables::text(&rows, 2));
    for role in Role::ALL {
        let quorum = root.quorum(role);
        let _ = writeln!(
            out,
            "  {:<10} {} of {}",
            role.as_str(),
            quorum.threshold,
            text::line(&quorum.people.join(", "))
        );
    }
    let names: Vec<String> = signatures
        .iter()
        .map(|key| match root.owner(key) {
            Some(person) => text::line(&person.id),
            None => key.fingerprint(),
        })
        .collect();
    match names.as_slice() {
        [] => out.push_str("  nobody has signed it yet"),
        names => {
            let _ = write!(out, "  signed by  {}", names.join(", "));
        }
    }
    out
}

/// What is printed once a controller has a root.
pub(crate) fn added(look: &Look, view: &TrustRootView, path: &Path) -> String {
    let mut out = format!(
        "The controller hands out version {} of the trust root, until {}.\n  SHA-256 {}",
        view.version,
        look.time(view.expires),
        text::line(&view.sha256)
    );
    if view.version == 1 {
        let _ = write!(
            out,
            "\nMachines take it by that digest, from their installer; technicians by: befund trust pin {}",
            path.display()
        );
    }
    out
}

/// The roots that a controller hands out.
pub(crate) fn list(look: &Look, views: &[TrustRootView], pinned: Option<&str>) -> String {
    if views.is_empty() {
        return "There is no trust root yet, so that no runbook can be run. Begin with: befund trust new".to_owned();
    }
    let mut rows = table(look, &["version", "expires", "signatures", "sha-256", ""]);
    for view in views {
        let mark = if pinned == Some(view.sha256.as_str()) { "pinned here" } else { "" };
        rows.add_row(vec![
            cell(view.version.to_string()),
            cell(look.time(view.expires)),
            cell(view.signatures.len().to_string()),
            cell(&view.sha256),
            toned(mark, Tone::Good),
        ]);
    }
    let mut out = tables::text(&rows, 0);
    if let Some(newest) = views.last().and_then(|view| Root::parse(view.root.as_bytes()).ok()) {
        let _ = write!(
            out,
            "\n{}",
            signed(look, &newest, &[]).trim_end_matches("  nobody has signed it yet")
        );
    }
    if pinned.is_none() {
        out.push_str("\nNone is pinned here: have a colleague hand you the root, then: befund trust pin FILE");
    }
    out
}
