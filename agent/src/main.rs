//! `befund-agent`: one program with several parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The collect child must start in no time: nothing is set up before it.
    if std::env::args_os().nth(1).is_some_and(|part| part == "collect") {
        return befund_executor::child::main();
    }
    befund_agent::cli::main()
}
