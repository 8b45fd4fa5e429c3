//! Other programs, where no file and no system call has a fact: by absolute path, without the
//! caller's environment, under a deadline, killed when they overstay, their output capped.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Why a program's output is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// It could not be started or read.
    #[error("{program} could not be run: {source}")]
    Io {
        /// Which one.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("{0} did not end in time and was killed")]
    Late(&'static str),
    /// It wrote more than is read, and was killed.
    #[error("{0} wrote more than is read of it")]
    TooMuch(&'static str),
    /// It ended with an error.
    #[error("{program} ended with {status}")]
    Ended {
        /// Which one.
        program: &'static str,
        /// How.
        status: std::process::ExitStatus,
    },
}

/// What the program writes to its standard output, `cap` bytes at most.
pub(super) fn run(
    program: &'static str,
    arguments: &[&str],
    deadline: Duration,
    cap: usize,
) -> Result<Vec<u8>, CommandError> {
    let until = Instant::now() + deadline;
    let failed = |source| CommandError::Io { program, source };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let read = match child.stdout.take() {
        Some(output) => read(program, output, until, cap),
        None => Err(failed(io::Error::from(io::ErrorKind::BrokenPipe))),
    };
    // Whoever has closed its output has nothing more to do; whoever has not is in the way.
    if read.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let output = read?;
    if status.success() { Ok(output) } else { Err(CommandError::Ended { program, status }) }
}

fn read(
    program: &'static str,
    mut output: impl Read + std::os::fd::AsFd,
    until: Instant,
    cap: usize,
) -> Result<Vec<u8>, CommandError> {
    let failed = |source| CommandError::Io { program, source };
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| CommandError::Late(program))?;
        match poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Err(CommandError::Late(program)),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(failed(error.into())),
        }
        let read = output.read(&mut chunk).map_err(failed)?;
        if read == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&chunk[..read]);
        if bytes.len() > cap {
            return Err(CommandError::TooMuch(program));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_read_and_overstaying_and_flooding_programs_are_killed() {
        let minute = Duration::from_secs(60);
        assert_eq!(run("/bin/echo", &["x"], minute, 10).expect("runs"), b"x\n");
        let late = run("/bin/sleep", &["600"], Duration::from_millis(20), 10);
        assert!(matches!(late, Err(CommandError::Late(_))));
        let flood = run("/bin/cat", &["/dev/zero"], minute, 10);
        assert!(matches!(flood, Err(CommandError::TooMuch(_))));
        assert!(matches!(run("/bin/false", &[], minute, 10), Err(CommandError::Ended { .. })));
        assert!(matches!(run("/no/such", &[], minute, 10), Err(CommandError::Io { .. })));
    }
}
