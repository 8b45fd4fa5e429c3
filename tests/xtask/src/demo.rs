//! `cargo demo`: all of Befund on this machine, by its own command lines and real processes only: a
//! controller, an organisation that signs the shipped runbooks with a key of its own, this machine as its agent, a
//! request for help with this machine's diagnostics, a signed runbook run from afar, and the ticket that holds it all.
//! Nothing is changed on this machine: the runbook is run dry.

mod build;
mod evidence;
mod processes;
mod signing;
mod staged;
mod story;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::platform::{self, Stop};
use crate::screen::Screen;
use crate::screenshots;
use processes::Processes;
pub(crate) use story::Shown;

/// When it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// When every step was done.
    Once,
    /// When somebody asks.
    UntilStopped,
    /// When the console's pages were photographed.
    Photographed,
}

/// Builds, then shows it.
///
/// # Errors
/// The first step that did not really happen, or a process that could not be ended in order.
pub(crate) fn run(screen: &Screen, stay: Stay) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(show(screen, stay))
}

async fn show(screen: &Screen, stay: Stay) -> Result<()> {
    let mut stop = Stop::listen().context("cannot listen for Ctrl-C")?;
    platform::adopt_orphans().context("cannot become the parent of orphans")?;
    screen.heading("Befund, all of it, on this machine");
    let programs = build::programs(screen).await?;

    // Short, since a Unix socket's path has room for 107 bytes only.
    let folder = tempfile::Builder::new()
        .prefix("befund-demo-")
        .tempdir()
        .context("cannot make the demo's folder")?;
    let mut processes = Processes::new(folder.path());
    let told = tokio::select! {
        told = tell(screen, stay, &programs, &mut processes) => told,
        signal = stop.asked() => {
            screen.line(&format!("\n{signal}: ending everything."));
            // To be stopped is how it ends when it stays; with --once it means: not all was shown.
            match stay {
                Stay::UntilStopped => Ok(()),
                Stay::Once | Stay::Photographed => Err(anyhow::anyhow!("stopped by {signal} before every step was done")),
            }
        }
    };
    if told.is_err() {
        processes.show_logs(screen).await;
    }
    let ended = end(screen, &mut processes).await;
    let removed = folder.close().context("cannot remove the demo's folder");
    told.and(ended).and(removed)
}

async fn tell(
    screen: &Screen,
    stay: Stay,
    programs: &build::Programs,
    processes: &mut Processes,
) -> Result<()> {
    let shown = story::tell(screen, programs, processes, stay).await?;
    screen.heading("Every step really happened.");
    match stay {
        Stay::Once => return Ok(()),
        Stay::Photographed => return screenshots::take(screen, &shown).await,
        Stay::UntilStopped => {}
    }
    let Shown { console, name, password, ticket, key, unsigned: _ } = shown;
    screen.line("\nLook around in a browser:");
    screen.line(&format!("    {console}/tickets/{ticket}"));
    screen.line(&format!("    sign in as {name} with the password {password}"));
    screen.line("or on the command line:");
    screen.line(&format!(
        "    export BEFUND_CONFIG={} PATH={}:$PATH",
        processes.folder().join("cli.toml").display(),
        programs.befund.parent().unwrap_or(&programs.befund).display(),
    ));
    screen.line(&format!("    befund ticket show {ticket}"));
    screen.line(&format!("    befund runbook list --ticket {ticket}"));
    screen.line("A runbook that is not run dry stops before each change until it is signed:");
    screen.line(&format!("    befund approve --key {}", key.display()));
    screen.line("\nCtrl-C ends all of it and removes what it made.");
    processes.any_ended().await
}

async fn end(screen: &Screen, processes: &mut Processes) -> Result<()> {
    let step = screen.step("Ending every process");
    let forced = processes.end().await;
    let mut left = platform::descendants();
    for (pid, _) in &left {
        platform::kill(*pid);
    }
    if !left.is_empty() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let names: Vec<String> =
        left.drain(..).map(|(pid, name)| format!("{name} ({pid})")).chain(forced).collect();
    if !names.is_empty() {
        bail!("had to be killed instead of ending by themselves: {}", names.join(", "));
    }
    step.done("none is left, and the demo's folder is removed");
    Ok(())
}
