//! `befund-agent`: one program with several parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The executor's children must start in no time: nothing is set up before them.
    let part = std::env::args_os().nth(1);
    if part.as_ref().is_some_and(|part| part == "collect") {
        return befund_executor::child::main();
    }
    if part.is_some_and(|part| part == "judge") {
        return befund_executor::judge::main(befund_executor::judge::cel);
    }
    befund_agent::cli::main()
}
