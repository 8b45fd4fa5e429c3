//! `cargo xtask test`: the system's packages, format, lints, documentation, tests, and the agent for
//! other systems. Stops at the first that fails; each is an ordinary cargo command that can be repeated by hand.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::screen::Screen;
use crate::{macos, platform, system, windows};

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Full,
    /// Only the tests.
    Fast,
}

/// A cargo command, and what is set around it.
struct Check {
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    extent: Extent,
}

const CHECKS: &[Check] = &[
    Check { arguments: &["fmt", "--all", "--check"], environment: &[], extent: Extent::Full },
    Check {
        arguments: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            "befund-tests/wine",
            "--",
            "-D",
            "warnings",
        ],
        environment: &[],
        extent: Extent::Full,
    },
    Check {
        arguments: &["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        extent: Extent::Full,
    },
    Check { arguments: &["test", "--workspace"], environment: &[], extent: Extent::Fast },
];

/// Runs it.
///
/// # Errors
/// The first check that failed.
pub(crate) fn run(screen: &Screen, extent: Extent) -> Result<()> {
    let begun = Instant::now();
    system::prepare(screen, "the tests", system::TESTS)?;
    for check in CHECKS.iter().filter(|check| extent == Extent::Full || check.extent == extent) {
        cargo(screen, check)?;
    }
    if extent == Extent::Full && platform::find_command("cargo-deny").is_some() {
        let arguments = &["deny", "--offline", "check", "licenses", "bans", "sources"];
        cargo(screen, &Check { arguments, environment: &[], extent })?;
    }
    windows::run(screen)?;
    if extent == Extent::Full {
        macos::run(screen)?;
    }
    screen.heading(&format!("All of it passed, in {} s.", begun.elapsed().as_secs()));
    Ok(())
}

fn cargo(screen: &Screen, check: &Check) -> Result<()> {
    let mut words: Vec<String> =
        check.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    words.push("cargo".to_owned());
    words.extend(check.arguments.iter().map(|word| (*word).to_owned()));
    let shown = words.join(" ");
    screen.heading(&format!("$ {shown}"));
    let status = Command::new(platform::cargo())
        .args(check.arguments)
        .envs(check.environment.iter().copied())
        .current_dir(platform::workspace())
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status}); what it says above tells why");
    }
    Ok(())
}
