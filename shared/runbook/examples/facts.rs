//! Prints what the facts of each probe and section can look like: `cargo run -p befund-runbook --example facts >
//! docs/facts.txt`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().lock().write_all(befund_runbook::facts::page().as_bytes())
}
