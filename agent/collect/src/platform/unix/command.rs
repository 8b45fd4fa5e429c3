//! Other programs, where no file and no system call has a fact: by absolute path, without the
//! caller's environment, under a deadline, killed when they overstay, their output capped. What they
//! complain of is kept, since some do so and end well all the same.

use std::io::{self, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How much of what a program complains of is kept, in bytes.
const MAX_COMPLAINT_BYTES: usize = 300;

/// What a program told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its standard output.
    pub(crate) bytes: Vec<u8>,
    /// The first line of its standard error; empty if there is none.
    pub(crate) complaint: String,
}

/// Why a program's output is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
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
    #[error("{program} ended with {status}: {complaint}")]
    Ended {
        /// Which one.
        program: &'static str,
        /// How.
        status: ExitStatus,
        /// What it complained of.
        complaint: String,
    },
}

/// Runs the program to its end; `cap` bytes of output at most.
pub(crate) fn run(
    program: &'static str,
    arguments: &[&str],
    deadline: Duration,
    cap: usize,
) -> Result<Output, CommandError> {
    match run_partly(program, arguments, deadline, cap)? {
        (output, None) => Ok(output),
        (_, Some(cut)) => Err(cut),
    }
}

/// As [`run`], but what was written before it took too long or wrote too much is kept, with why there
/// is no more.
pub(crate) fn run_partly(
    program: &'static str,
    arguments: &[&str],
    deadline: Duration,
    cap: usize,
) -> Result<(Output, Option<CommandError>), CommandError> {
    let until = Instant::now() + deadline;
    let failed = |source| CommandError::Io { program, source };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (mut bytes, mut complaint) = (Vec::new(), Vec::new());
    let read = read(program, &mut child, until, cap, &mut bytes, &mut complaint);
    // Whoever has closed its output has nothing more to do; whoever has not is in the way.
    if read.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.lines().map(str::trim).find(|line| !line.is_empty());
    let output = Output { bytes, complaint: complaint.unwrap_or_default().to_owned() };
    match read {
        Ok(()) if status.success() => Ok((output, None)),
        Ok(()) => Err(CommandError::Ended { program, status, complaint: output.complaint }),
        Err(cut @ (CommandError::Late(_) | CommandError::TooMuch(_))) => Ok((output, Some(cut))),
        Err(error) => Err(error),
    }
}

/// As [`run`] for a program whose status tells of what it found, so that its output counts however it
/// ends.
pub(crate) fn run_to_any_end(
    program: &'static str,
    arguments: &[&str],
    deadline: Duration,
    cap: usize,
) -> Result<Output, CommandError> {
    match run_partly(program, arguments, deadline, cap)? {
        (output, None | Some(CommandError::Ended { .. })) => Ok(output),
        (_, Some(cut)) => Err(cut),
    }
}

/// Reads until both outputs are closed.
fn read(
    program: &'static str,
    child: &mut Child,
    until: Instant,
    cap: usize,
    bytes: &mut Vec<u8>,
    complaint: &mut Vec<u8>,
) -> Result<(), CommandError> {
    let failed = |source| CommandError::Io { program, source };
    let pipes: (Option<ChildStdout>, Option<ChildStderr>) =
        (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = pipes;
    let mut chunk = vec![0; 64 << 10];
    while out.is_some() || err.is_some() {
        let mut open: Vec<PollFd<'_>> = Vec::with_capacity(2);
        open.extend(out.as_ref().map(|out| PollFd::new(out, PollFlags::IN)));
        open.extend(err.as_ref().map(|err| PollFd::new(err, PollFlags::IN)));
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| CommandError::Late(program))?;
        match poll(&mut open, Some(&left)) {
            Ok(0) => return Err(CommandError::Late(program)),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(failed(error.into())),
        }
        let mut ready = open.iter().map(|open| !open.revents().is_empty()).collect::<Vec<_>>();
        let err_ready = err.is_some() && ready.pop() == Some(true);
        if ready.pop() == Some(true)
            && let Some(pipe) = &mut out
        {
            let read = pipe.read(&mut chunk).map_err(failed)?;
            bytes.extend_from_slice(&chunk[..read]);
            if bytes.len() > cap {
                return Err(CommandError::TooMuch(program));
            }
            if read == 0 {
                out = None;
            }
        }
        if err_ready && let Some(pipe) = &mut err {
            let read = pipe.read(&mut chunk).map_err(failed)?;
            let room = MAX_COMPLAINT_BYTES.saturating_sub(complaint.len());
            complaint.extend_from_slice(&chunk[..read.min(room)]);
            if read == 0 {
                err = None;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_read_and_overstaying_and_flooding_programs_are_killed() {
        let minute = Duration::from_secs(60);
        assert_eq!(run("/bin/echo", &["x"], minute, 10).expect("runs").bytes, b"x\n");
        let late = run("/bin/sleep", &["600"], Duration::from_millis(20), 10);
        assert!(matches!(late, Err(CommandError::Late(_))));
        let flood = run("/bin/cat", &["/dev/zero"], minute, 10);
        assert!(matches!(flood, Err(CommandError::TooMuch(_))));
        let script = ["-c", "echo first; exec sleep 600"];
        let (output, cut) =
            run_partly("/bin/sh", &script, Duration::from_millis(200), 10).expect("runs");
        assert_eq!(output.bytes, b"first\n");
        assert!(matches!(cut, Some(CommandError::Late(_))));
        assert!(matches!(run("/bin/false", &[], minute, 10), Err(CommandError::Ended { .. })));
        assert!(matches!(run("/no/such", &[], minute, 10), Err(CommandError::Io { .. })));
    }
    #[test]
    fn what_a_program_complains_of_is_kept_however_it_ends() {
        let minute = Duration::from_secs(60);
        let script =
            "echo out; echo >&2; echo first >&2; echo second >&2; head -c 200000 /dev/zero >&2";
        let output = run("/bin/sh", &["-c", script], minute, 10).expect("runs");
        assert_eq!(output, Output { bytes: b"out\n".to_vec(), complaint: "first".to_owned() });
        let failed = run("/bin/sh", &["-c", "echo why >&2; exit 3"], minute, 10);
        let told = failed.expect_err("a failure").to_string();
        assert_eq!(told, "/bin/sh ended with exit status: 3: why");
    }
}
