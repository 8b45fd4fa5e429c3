//! `befund-controller`: the command line on the controller's own host.
#![expect(clippy::print_stderr, reason = "a command line speaks on the standard streams")]

mod command;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match command::Command::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", befund_runtime::telemetry::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
