//! `cargo xtask macos`: whether the agent compiles for macOS, the C code of its crates included. It
//! cannot be linked, and so not run, without Apple's libraries.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::platform;
use crate::screen::Screen;

const TARGET: &str = "aarch64-apple-darwin";
/// What compiles C for macOS on any system, from PyPI.
const TOOLS: [&str; 2] = ["ziglang", "cargo-zigbuild"];

/// Runs it.
///
/// # Errors
/// The first step that failed.
pub(crate) fn run(screen: &Screen) -> Result<()> {
    let begun = Instant::now();
    screen.heading("Whether the agent compiles for macOS");
    if !platform::has_library(TARGET) {
        run_one(screen, Command::new("rustup").args(["target", "add", TARGET]))?;
    }
    let set = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let tools = platform::workspace().join(set).join("macos");
    let programs = tools.join("bin");
    if !programs.join("cargo-zigbuild").exists() {
        run_one(screen, Command::new("python3").args(["-m", "venv"]).arg(&tools))?;
        let pip = programs.join("pip");
        run_one(screen, Command::new(pip).args(["install", "--quiet"]).args(TOOLS))?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(programs.clone()).chain(std::env::split_paths(&path)))
            .context("a folder's name does not fit into PATH")?;
    run_one(
        screen,
        Command::new(programs.join("cargo-zigbuild"))
            .args(["clippy", "--target", TARGET, "--package", "befund-agent"])
            .args(["--", "-D", "warnings"])
            .env("PATH", path),
    )?;
    screen.heading(&format!("It does, in {} s.", begun.elapsed().as_secs()));
    Ok(())
}

fn run_one(screen: &Screen, command: &mut Command) -> Result<()> {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    let shown = words.join(" ");
    screen.line(&format!("  $ {shown}"));
    let status = command
        .current_dir(platform::workspace())
        .status()
        .with_context(|| format!("cannot start `{shown}`; is it installed?"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status}); what it says above tells why");
    }
    Ok(())
}
