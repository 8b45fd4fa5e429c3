//! Tells what is wrong with runbooks: `cargo run -p befund-runbook --example lint -- FILE...`. The technician's
//! command line does the same; this one needs no other crate.

use std::io::Write as _;

use befund_runbook::{load, render};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file)?;
        let told = match load(&text) {
            Ok((runbook, told)) => {
                writeln!(out, "{file}: {} {}: ok", runbook.name, runbook.version)?;
                told
            }
            Err(told) => told,
        };
        write!(out, "{}", render(&file, &text, &told))?;
    }
    Ok(())
}
