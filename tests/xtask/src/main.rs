//! `cargo xtask`: what is done with the workspace besides building it: its tests with everything
//! that they need, the demo, and the pictures of its pages. `cargo demo` is short for `cargo xtask demo`.

mod demo;
mod macos;
mod platform;
mod screen;
mod screenshots;
mod suite;
mod system;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::screen::Screen;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Befund's own chores")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install what the tests need (on Debian, as root), format check, lints, docs, all tests, and
    /// what `windows` and `macos` do.
    Test {
        /// Only the tests: no format check, no lints, no docs, no macOS.
        #[arg(long)]
        fast: bool,
    },
    /// Show all of Befund on this machine: controller, signed runbooks, agent, ticket, one of them run from afar.
    Demo {
        /// End when every step was done, instead of staying up.
        #[arg(long)]
        once: bool,
    },
    /// Build the agent for Windows and tell its stories under Wine (on Debian, as root, installs both).
    Windows,
    /// Check that the agent compiles for macOS.
    Macos,
    /// Photograph the console's pages on the demo's data (needs Debian's chromium-driver).
    Screenshots,
}

fn main() -> ExitCode {
    let screen = Screen::standard();
    let ended = match Args::parse().chore {
        Chore::Test { fast } => {
            suite::run(&screen, if fast { suite::Extent::Fast } else { suite::Extent::Full })
        }
        Chore::Windows => windows::run(&screen),
        Chore::Macos => macos::run(&screen),
        Chore::Screenshots => demo::run(&screen, demo::Stay::Photographed),
        Chore::Demo { once } => {
            demo::run(&screen, if once { demo::Stay::Once } else { demo::Stay::UntilStopped })
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&error);
            ExitCode::FAILURE
        }
    }
}
