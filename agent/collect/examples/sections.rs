//! Each section of the running system, or of the tree given as the first argument: kind, status, reason,
//! JSON. Names of kinds behind it choose among them.
//!
//! `cargo run -p befund-collect --example sections [-- / os cpu]`

use std::io::Write;

use befund_collect::{Plan, Root, collect};
use befund_model::snapshot::PrivacyClass;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = Root::at(arguments.first().map_or("/", String::as_str))?;
    let chosen = arguments.get(1..).unwrap_or_default();
    let mut plan = Plan::all(PrivacyClass::Consent);
    if !chosen.is_empty() {
        let known = befund_model::section::ALL.iter().map(|known| &known.kind);
        plan.only = Some(
            known.filter(|kind| chosen.contains(&kind.as_str().to_owned())).cloned().collect(),
        );
    }
    let mut sections = Vec::new();
    collect(&root, &plan, |section| sections.push(section));
    sections.sort_by(|a, b| a.line.kind.cmp(&b.line.kind));
    let mut out = std::io::stdout().lock();
    for section in sections {
        let line = &section.line;
        let (kind, status) = (line.kind.as_str(), line.status.as_str());
        writeln!(out, "{kind}: {status} ({} us) {}", line.took_us, line.reason)?;
        if section.bytes != b"null" {
            writeln!(out, "{}\n", String::from_utf8_lossy(&section.bytes))?;
        }
    }
    Ok(())
}
