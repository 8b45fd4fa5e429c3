//! Prints the language as a JSON schema: `cargo run -p befund-runbook --example schema >
//! docs/runbook.schema.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{:#}", befund_runbook::schema())
}
