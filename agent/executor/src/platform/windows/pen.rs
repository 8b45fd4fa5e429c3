//! A program in its limits, with all that it starts: a job object, whose limits the system holds, and which ends
//! with whoever holds it.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use windows_sys::Win32::System::Threading::{CREATE_NO_WINDOW, CREATE_SUSPENDED};

use super::job::{self, Job};
use crate::confine::{ConfinedBy, End, Left, Limits, Means, Pipes, Program, Usage};

/// How long is waited between two looks whether all of it has gone.
const LOOK: Duration = Duration::from_millis(10);

/// Every system has job objects.
#[derive(Debug)]
pub(crate) struct Pens;

impl Pens {
    pub(crate) const fn find(_: Means) -> Self {
        Self
    }

    /// Starts a program in a job of its own. It begins once it is in there.
    #[expect(clippy::unused_self, reason = "elsewhere there is something to know")]
    pub(crate) fn start(&self, program: &Program, limits: &Limits) -> io::Result<(Pen, Pipes)> {
        let job = Job::new()?;
        job.limit(limits)?;
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .env_clear()
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .creation_flags(CREATE_NO_WINDOW | CREATE_SUSPENDED)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Err(error) = job.take_in(&child).and_then(|()| job::resume(&child)) {
            // It never began, and is in no job that would end it.
            let _ = child.start_kill();
            return Err(error);
        }
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok((Pen { child, job }, Pipes { input, output, errors }))
    }
}

/// A program with all that it starts. Dropping it kills all of it.
#[derive(Debug)]
pub(crate) struct Pen {
    child: Child,
    job: Job,
}

impl Pen {
    #[expect(clippy::unused_self, reason = "elsewhere it depends")]
    pub(crate) const fn by(&self) -> ConfinedBy {
        ConfinedBy::JobObject
    }

    /// Waits for the program's end; what it started may go on. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> End {
        match self.child.wait().await {
            Ok(status) => status.code().map_or(End::Lost, End::Exited),
            Err(_) => End::Lost,
        }
    }

    /// What was used so far. Memory is refused rather than counted; a process that is refused some ends as it
    /// likes.
    pub(crate) fn usage(&mut self, limits: &Limits) -> Usage {
        let Ok(used) = self.job.used() else { return Usage::default() };
        let over = if used.peak_memory >= limits.memory_bytes {
            Some(End::OverMemory)
        } else if used.refused > 0 && used.cpu < limits.cpu {
            Some(End::OverProcesses)
        } else {
            None
        };
        Usage { cpu: used.cpu, over }
    }

    /// A program without a window cannot be asked.
    pub(crate) const fn ask(&self) {}

    /// Services are started by the service manager, and are nowhere near this.
    #[expect(clippy::unused_async, reason = "elsewhere it is handed over")]
    pub(crate) async fn let_go(&mut self) -> Result<usize, String> {
        Ok(0)
    }

    /// Kills until nothing is left or the time is over.
    pub(crate) async fn kill(&mut self, until: Instant) -> Left {
        loop {
            self.job.end();
            let gone = timeout(LOOK, self.child.wait()).await.is_ok();
            if gone && self.job.used().is_ok_and(|used| used.processes == 0) {
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
