//! `befund`: the technician's command line. It reads its arguments, asks the controller's REST API,
//! and prints tables for people or JSON for programs. It keeps no state but the sign-in.

mod args;
mod ask;
mod client;
mod commands;
mod config;
mod exit;
mod failure;
mod folder;
mod pins;
mod platform;
mod render;
mod screen;
mod signed;
mod signer;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen::{Format, Screen};

fn main() -> ExitCode {
    let args = Args::parse();
    let format = if args.json { Format::Json } else { Format::People };
    let mut screen = Screen::standard(format);
    let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(commands::run(args, &mut screen));
            // A prompt that was left alone may still wait for its line; nothing waits for it.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Failure::cannot(Exit::Failed, "start", error.to_string())),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(Failure::OutputClosed) => Exit::Ok.into(),
        Err(Failure::Cannot(trouble)) => {
            screen.trouble(&trouble);
            trouble.exit.into()
        }
    }
}
