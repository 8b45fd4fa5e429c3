//! The demo's processes: those that stay, each with a log, and those that run to their end.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::platform;
use crate::screen::Screen;

/// How long a process may take to be ready.
const READY: Duration = Duration::from_secs(60);
/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(120);
/// How long a process may take to end when asked.
const END: Duration = Duration::from_secs(15);
/// How often a file that a process will write is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// How many lines of a log are shown after a failure.
const LOG_LINES: usize = 25;

/// All of them.
pub(crate) struct Processes {
    folder: PathBuf,
    staying: Vec<Staying>,
}

struct Staying {
    name: &'static str,
    child: Child,
    pid: u32,
    log: PathBuf,
}

impl Processes {
    /// None yet; logs go below `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), staying: Vec::new() }
    }

    /// The demo's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a process that stays, and waits until it has written its ready file.
    pub(crate) async fn start(
        &mut self,
        name: &'static str,
        command: &mut Command,
        ready: &Path,
    ) -> Result<Value> {
        let log = self.folder.join(format!("{name}.log"));
        let what = || format!("cannot make the log of the {name}");
        let file = std::fs::File::create(&log).with_context(what)?;
        let again = file.try_clone().with_context(what)?;
        platform::in_own_group(command);
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(again)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        let pid = child.id().with_context(|| format!("the {name} ended at once"))?;
        self.staying.push(Staying { name, child, pid, log });
        let Some(started) = self.staying.last_mut() else { bail!("the {name} was not kept") };
        match tokio::time::timeout(READY, started.ready(ready)).await {
            Ok(told) => told,
            Err(_) => bail!("the {name} was not ready within {} s", READY.as_secs()),
        }
    }

    /// Ends when one of those that stay has ended by itself, which is a failure.
    pub(crate) async fn any_ended(&mut self) -> Result<()> {
        loop {
            for staying in &mut self.staying {
                if let Some(status) = staying.child.try_wait().unwrap_or(None) {
                    bail!("the {} ended by itself ({status})", staying.name);
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Shows the end of each log.
    pub(crate) async fn show_logs(&self, screen: &Screen) {
        for staying in &self.staying {
            let text = tokio::fs::read(&staying.log).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().collect();
            screen.heading(&format!("The end of the {}'s log", staying.name));
            screen.block(&lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"));
        }
    }

    /// Ends them, the last one first: asks, waits, then kills. The names of those that were killed.
    pub(crate) async fn end(&mut self) -> Vec<String> {
        let mut killed = Vec::new();
        while let Some(mut staying) = self.staying.pop() {
            if staying.child.try_wait().unwrap_or(None).is_some() {
                continue;
            }
            platform::terminate(staying.pid);
            if tokio::time::timeout(END, staying.child.wait()).await.is_err() {
                killed.push(format!("{} ({})", staying.name, staying.pid));
                platform::kill(staying.pid);
                let _ = tokio::time::timeout(END, staying.child.wait()).await;
            }
        }
        killed
    }
}

impl Staying {
    async fn ready(&mut self, file: &Path) -> Result<Value> {
        loop {
            match tokio::fs::read(file).await {
                Ok(bytes) => {
                    return serde_json::from_slice(&bytes)
                        .with_context(|| format!("the {}'s ready file is not JSON", self.name));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let what = format!("cannot read the {}'s ready file", self.name);
                    return Err(error).context(what);
                }
            }
            if let Some(status) = self.child.try_wait().unwrap_or(None) {
                bail!("the {} ended before it was ready ({status})", self.name);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Runs a command to its end and gives what it printed; it has to succeed. `line` gets each line of
/// its output as it comes.
pub(crate) async fn finish(
    what: &str,
    command: &mut Command,
    mut line: impl FnMut(&str),
) -> Result<String> {
    platform::in_own_group(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {what}"))?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("{what} has no output")
    };
    let group = child.id();
    let run = async {
        let mut errors = Vec::new();
        let mut out = String::new();
        let mut lines = BufReader::new(stdout).lines();
        let read_out = async {
            while let Some(next) = lines.next_line().await? {
                line(&next);
                out.push_str(&next);
                out.push('\n');
            }
            io::Result::Ok(())
        };
        let (read, errors_read) = tokio::join!(read_out, stderr.read_to_end(&mut errors));
        read.and(errors_read.map(|_| ()))?;
        let status = child.wait().await?;
        io::Result::Ok((out, String::from_utf8_lossy(&errors).into_owned(), status))
    };
    match tokio::time::timeout(COMMAND, run).await {
        Ok(Ok((out, errors, status))) => check(what, out, &errors, status),
        Ok(Err(error)) => Err(error).with_context(|| format!("cannot read what {what} prints")),
        Err(_) => {
            if let Some(group) = group {
                platform::kill(group);
            }
            bail!("{what} did not end within {} s", COMMAND.as_secs())
        }
    }
}

fn check(what: &str, out: String, errors: &str, status: ExitStatus) -> Result<String> {
    if status.success() {
        return Ok(out);
    }
    bail!("{what} failed ({status}):\n{out}{}", errors.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(folder);
        command
    }

    #[tokio::test]
    async fn what_stays_is_ready_when_it_says_so_and_ends_when_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut processes = Processes::new(folder.path());
        let script = "echo '{\"port\": 7}' > new && mv new ready; trap 'exit 0' TERM; while :; do sleep 0.05; done";
        let ready = folder.path().join("ready");
        let told = processes
            .start("shell", &mut shell(script, folder.path()), &ready)
            .await
            .expect("it gets ready");
        assert_eq!(told["port"], 7);
        let pid = processes.staying[0].pid;
        assert!(platform::descendants().iter().any(|(other, _)| *other == pid));
        assert_eq!(processes.end().await, Vec::<String>::new());
        assert!(!platform::descendants().iter().any(|(other, _)| *other == pid));
    }

    #[tokio::test]
    async fn one_that_ends_before_it_is_ready_is_a_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut processes = Processes::new(folder.path());
        let ready = folder.path().join("ready");
        let failure = processes
            .start("shell", &mut shell("echo no room >&2; exit 3", folder.path()), &ready)
            .await
            .expect_err("it ended");
        assert!(failure.to_string().contains("ended before it was ready"), "{failure:#}");
        let log = std::fs::read_to_string(folder.path().join("shell.log")).expect("a log");
        assert_eq!(log, "no room\n");
    }

    #[tokio::test]
    async fn a_command_that_fails_tells_what_it_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seen = Vec::new();
        let mut command = shell("echo one; echo two; echo bad >&2; exit 4", folder.path());
        let failure = finish("the shell", &mut command, |line| seen.push(line.to_owned()))
            .await
            .expect_err("it failed");
        assert_eq!(seen, ["one", "two"]);
        let text = failure.to_string();
        assert!(text.contains("the shell failed") && text.contains("bad"), "{text}");
        let printed = finish("the shell", &mut shell("echo x", folder.path()), |_| {}).await;
        assert_eq!(printed.expect("it succeeds"), "x\n");
    }
}
