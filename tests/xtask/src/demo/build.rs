//! The programs that the demo shows: built from this tree, found where cargo says it put them.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use crate::platform;
use crate::screen::Screen;

/// Where the programs are.
pub(crate) struct Programs {
    /// `befund-controller`.
    pub(crate) controller: PathBuf,
    /// `befund-agent`.
    pub(crate) agent: PathBuf,
    /// `befund`.
    pub(crate) befund: PathBuf,
}

/// Builds them; cargo shows its own progress.
pub(crate) async fn programs(screen: &Screen) -> Result<Programs> {
    let names = ["befund-controller", "befund-agent", "befund"];
    screen.line("… Building befund-controller, befund-agent and befund (minutes, the first time)");
    let mut command = Command::new(platform::cargo());
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(names.iter().flat_map(|name| ["--package", name]))
        .current_dir(platform::workspace())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let output = command.output().await.context("cannot start cargo build")?;
    if !output.status.success() {
        bail!("cargo build failed ({}); what it says above tells why", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let find = |name: &str| {
        executable(&messages, name)
            .with_context(|| format!("cargo build did not tell where it put {name}"))
    };
    let programs = Programs {
        controller: find("befund-controller")?,
        agent: find("befund-agent")?,
        befund: find("befund")?,
    };
    screen.line("✓ Built");
    Ok(programs)
}

/// The file of the program `name`, from cargo's messages (one JSON object on each line).
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| program(&message, name)).next()
}

fn program(message: &Value, name: &str) -> Option<PathBuf> {
    let target = message.get("target")?;
    let is_bin = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let named = target.get("name")?.as_str()? == name;
    let file = message.get("executable")?.as_str()?;
    (is_bin && named).then(|| PathBuf::from(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_from_a_library_of_the_same_name() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"kind":["lib"],"name":"befund"},"executable":null}
            {"reason":"compiler-artifact","target":{"kind":["bin"],"name":"befund-agent"},"executable":"/t/befund-agent"}
            {"reason":"compiler-artifact","target":{"kind":["bin"],"name":"befund"},"executable":"/t/befund"}
            not JSON
        "#;
        assert_eq!(executable(messages, "befund"), Some(PathBuf::from("/t/befund")));
        assert_eq!(executable(messages, "other"), None);
    }
}
