//! `cargo xtask windows`: the agent for Windows, checked and built with mingw, and its stories, run by
//! Wine against a controller on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::screen::Screen;
use crate::{platform, system};

const TARGET: &str = "x86_64-pc-windows-gnu";
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
/// Where Debian has Wine's own programs; the wrapper in `PATH` only adds notices.
const WINE: &str = "/usr/lib/wine/wine64";
const WINE_SERVER: &str = "/usr/lib/wine/wineserver64";
/// Debian's compiler, which comes with the standard library's sources.
const DEBIANS_RUSTC: &str = "/usr/bin/rustc";
/// The agent's crates, each with tests of its own.
const CRATES: [&str; 5] =
    ["befund-act", "befund-agent", "befund-collect", "befund-executor", "befund-runtime"];

/// Runs it.
///
/// # Errors
/// The first step that failed.
pub(crate) fn run(screen: &Screen) -> Result<()> {
    let begun = Instant::now();
    system::prepare(screen, "the agent on Windows", system::WINDOWS)?;
    if !Path::new(WINE).exists() || platform::find_command(COMPILER).is_none() {
        bail!(
            "Wine ({WINE}) or {COMPILER} is missing; install Debian's wine64 and gcc-mingw-w64-x86-64"
        );
    }
    let library = library(screen)?;
    let cargo = |words: &[&str]| cargo(screen, &library, words);
    let only_agent = ["--package", "befund-agent"];
    cargo(&[&["clippy"], &only_agent[..], &["--", "-D", "warnings"]].concat())?;
    cargo(&[&["build"], &only_agent[..]].concat())?;
    let prefix = prefix(screen)?;
    let crates: Vec<&str> = CRATES.iter().flat_map(|name| ["--package", name]).collect();
    cargo(&[&["test", "--lib"], &crates[..]].concat())?;
    end_wine(&prefix);
    stories(screen, &prefix)?;
    screen.heading(&format!("The agent on Windows passed, in {} s.", begun.elapsed().as_secs()));
    Ok(())
}

/// Where Rust's standard library for Windows comes from.
enum Library {
    /// It is installed.
    Installed,
    /// It is built with each new target folder, from Debian's sources.
    Built,
}

/// Finds the standard library, or installs it.
fn library(screen: &Screen) -> Result<Library> {
    if platform::has_library(TARGET) {
        return Ok(Library::Installed);
    }
    screen.line(&format!("  $ rustup target add {TARGET}"));
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(platform::workspace())
        .status();
    if added.is_ok_and(|status| status.success()) {
        return Ok(Library::Installed);
    }
    screen
        .line("  rustup cannot fetch it: it is built from Debian's sources, which takes minutes.");
    system::prepare(screen, "Rust's standard library for Windows", system::RUST_SOURCES)?;
    if !Path::new(DEBIANS_RUSTC).exists() {
        bail!(
            "neither `rustup target add {TARGET}` works nor is {DEBIANS_RUSTC} there (Debian's rustc-web and rust-web-src)"
        );
    }
    Ok(Library::Built)
}

/// A cargo command for Windows. Tests run under Wine.
fn cargo(screen: &Screen, library: &Library, words: &[&str]) -> Result<()> {
    let (first, rest) = words.split_first().context("a cargo command has a word")?;
    let mut command = Command::new(platform::cargo());
    if matches!(library, Library::Built) {
        command.arg("-Zbuild-std=std,panic_abort,test");
        command.env("RUSTC", DEBIANS_RUSTC).env("RUSTC_BOOTSTRAP", "1");
    }
    command.args([first, "--target", TARGET]).args(rest).current_dir(platform::workspace());
    command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", COMPILER);
    command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", WINE);
    // Texts that are held against files would ask cargo where those are, which Wine does not know.
    command.env("INSTA_WORKSPACE_ROOT", platform::workspace());
    surroundings(&mut command, &folder().join("prefix"));
    screen.heading(&format!("$ cargo {first} --target {TARGET} {}", rest.join(" ")));
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {first} for {TARGET} failed ({status}); what it says above tells why");
    }
    Ok(())
}

/// What Wine is to see of this machine: its own Windows, and no display.
fn surroundings(command: &mut Command, prefix: &Path) {
    command
        .env("WINEPREFIX", prefix)
        .env("WINEDEBUG", "-all")
        .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
        .env_remove("DISPLAY");
}

fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    platform::workspace().join(set.unwrap_or_else(|| "target".into()))
}

fn folder() -> PathBuf {
    target().join("wine")
}

/// A Windows of Wine's, made once: it says that it is a Windows 10, and has the library that Rust's
/// programs want and Wine 8 lacks.
fn prefix(screen: &Screen) -> Result<PathBuf> {
    let (prefix, made) = (folder().join("prefix"), folder().join("made"));
    if made.exists() {
        return Ok(prefix);
    }
    let step = screen.step("Making a Windows for Wine");
    let make = || -> Result<()> {
        if prefix.exists() {
            fs::remove_dir_all(&prefix).context("cannot remove an unfinished Windows")?;
        }
        fs::create_dir_all(&prefix).context("cannot make a folder for Wine")?;
        wine(&prefix, &["wineboot", "--init"])?;
        let source = platform::workspace().join("tests/xtask/wine/bcryptprimitives.c");
        let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        if !library.exists() {
            let mut compile = Command::new(COMPILER);
            compile.args(["-shared", "-O2", "-o"]).args([&library, &source]).arg("-ladvapi32");
            quietly(compile)?;
        }
        wine(&prefix, &["winecfg", "-v", "win10"])?;
        end_wine(&prefix);
        fs::write(&made, "").context("cannot write beside Wine's Windows")
    };
    make()?;
    step.done("");
    Ok(prefix)
}

fn wine(prefix: &Path, words: &[&str]) -> Result<()> {
    let mut command = Command::new(WINE);
    surroundings(&mut command, prefix);
    command.args(words);
    quietly(command)
}

/// Ends what Wine still runs on this Windows, so that its registry is on the disk.
fn end_wine(prefix: &Path) {
    let mut command = Command::new(WINE_SERVER);
    command.args(["-k", "-w"]).env("WINEPREFIX", prefix).stderr(Stdio::null());
    // It may have ended by itself.
    let _ = command.status();
}

/// Runs a command whose words matter only if it fails. They go into a file: Wine's own processes
/// would hold a pipe open.
fn quietly(mut command: Command) -> Result<()> {
    let shown = format!("{command:?}");
    let words = tempfile::NamedTempFile::new().context("cannot make a file")?;
    let file = || words.reopen().context("cannot open a file again");
    let status = command
        .stdin(Stdio::null())
        .stdout(file()?)
        .stderr(file()?)
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        let told = fs::read_to_string(words.path()).unwrap_or_default();
        bail!("{shown} failed ({status}): {}", told.trim());
    }
    Ok(())
}

/// The stories, with controller and command line of this machine's.
fn stories(screen: &Screen, prefix: &Path) -> Result<()> {
    let programs = target().join(TARGET).join("debug");
    let host = |words: &[&str]| -> Result<()> {
        screen.heading(&format!("$ cargo {}", words.join(" ")));
        let status = Command::new(platform::cargo())
            .args(words)
            .env("BEFUND_WINE_PREFIX", prefix)
            .env("BEFUND_WINDOWS_PROGRAMS", &programs)
            .current_dir(platform::workspace())
            .status()
            .context("cannot start cargo")?;
        if !status.success() {
            bail!("the stories on Windows failed ({status}); what they say above tells why");
        }
        Ok(())
    };
    host(&["build", "--package", "befund-controller", "--package", "befund"])?;
    host(&["test", "--package", "befund-tests", "--features", "wine", "--test", "windows"])
}
