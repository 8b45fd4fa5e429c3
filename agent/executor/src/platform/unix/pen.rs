//! A program in its limits where the system neither groups processes for this nor finds what detached itself: its
//! process group, and limits of each process. What leaves the group is not found.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::confine::{ConfinedBy, End, Left, Limits, Means, Pipes, Program, Usage};

/// How long is waited between two looks whether all of it has gone.
const LOOK: Duration = Duration::from_millis(10);

/// Nothing is to be found.
#[derive(Debug)]
pub(crate) struct Pens;

impl Pens {
    pub(crate) const fn find(_: Means) -> Self {
        Self
    }

    /// Starts a program at the head of a group of its own.
    #[expect(clippy::unused_self, reason = "elsewhere there is something to know")]
    pub(crate) fn start(&self, program: &Program, limits: &Limits) -> io::Result<(Pen, Pipes)> {
        // The limits of each process come from the shell that becomes the program: nothing of ours runs between.
        let script = format!(
            "umask 077; ulimit -c 0; ulimit -t {}; ulimit -v {} 2>/dev/null; exec \"$0\" \"$@\"",
            limits.cpu.as_secs().saturating_add(2),
            limits.memory_bytes / 1024
        );
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .arg(&program.path)
            .args(&program.arguments)
            .env_clear()
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let group = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(group), (Some(input), Some(output), Some(errors))) = (group, pipes) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok((Pen { child, group }, Pipes { input, output, errors }))
    }
}

/// A program with its group. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Pen {
    child: Child,
    group: Pid,
}

impl Pen {
    #[expect(clippy::unused_self, reason = "elsewhere it depends")]
    pub(crate) const fn by(&self) -> ConfinedBy {
        ConfinedBy::Rlimits
    }

    /// Waits for the program's end; what it started may go on. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> End {
        match self.child.wait().await {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => End::Exited(code),
                (None, signal) => End::Signalled(signal.unwrap_or(0)),
            },
            Err(_) => End::Lost,
        }
    }

    /// Each process is held by the system alone.
    #[expect(clippy::unused_self, reason = "elsewhere it is looked")]
    pub(crate) fn usage(&mut self, _: &Limits) -> Usage {
        Usage::default()
    }

    /// Asks the group to stop.
    pub(crate) fn ask(&self) {
        // Fails only if all of it has ended.
        let _ = rustix::process::kill_process_group(self.group, Signal::TERM);
    }

    /// Whatever has left the group is not found, and goes on anyway.
    #[expect(clippy::unused_async, reason = "elsewhere it is handed over")]
    pub(crate) async fn let_go(&mut self) -> Result<usize, String> {
        Ok(0)
    }

    /// Kills until the group is empty or the time is over.
    pub(crate) async fn kill(&mut self, until: Instant) -> Left {
        loop {
            let killed = rustix::process::kill_process_group(self.group, Signal::KILL);
            let gone = timeout(LOOK, self.child.wait()).await.is_ok();
            if gone && killed.is_err() {
                return Left::Nothing;
            }
            if Instant::now() >= until {
                return Left::Something;
            }
            if gone {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
        }
    }
}
