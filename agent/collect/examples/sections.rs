//! Prints the sections of the running system, or of a tree, as JSON; all of them, or some.
//!
//! `cargo run -p befund-collect --example sections [-- [TREE] [KIND]...]`

use std::io::Write;

use befund_collect::{Plan, Root, collect};
use befund_model::section;
use befund_model::snapshot::PrivacyClass;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (trees, kinds): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.contains('/'));
    let root = Root::at(trees.first().map_or("/", String::as_str))?;
    let mut out = std::io::stdout().lock();
    let known = section::ALL.iter().map(|known| known.kind.clone());
    let only =
        known.filter(|kind| kinds.is_empty() || kinds.iter().any(|one| one == kind.as_str()));
    let plan = Plan { only: Some(only.collect()), ..Plan::all(PrivacyClass::Consent) };
    collect(&root, &plan, |section| {
        let line = &section.line;
        let (status, reason, took_us) = (line.status, &line.reason, line.took_us);
        let content: serde_json::Value = serde_json::from_slice(&section.bytes).unwrap_or_default();
        // Whoever has closed the pipe has seen enough.
        let _ = writeln!(out, "== {} {status} {took_us} us {reason}\n{content:#}", line.kind);
    });
    Ok(())
}
