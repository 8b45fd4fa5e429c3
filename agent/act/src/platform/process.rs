//! How a program is run: without the caller's environment, its outputs handed on as they come, killed with
//! all that it started when its time is up.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::context::{Invocation, Stream};

use super::family;

/// How often it is looked whether a program has ended that has closed its outputs...
const LOOK: Duration = Duration::from_millis(10);
/// ...and one that has left them open to another: most end by closing them.
const OPEN_LOOK: Duration = Duration::from_millis(100);
/// How soon after it was read an output is read again that says a little at a time: what it says meanwhile comes together.
const GATHER: Duration = Duration::from_millis(50);
/// The most bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// How long outputs are read on after a program has ended: what it started may hold them open for ever.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Absent where it was killed.
    pub(crate) exit: Option<i32>,
    pub(crate) is_late: bool,
}

/// Runs it and hands on what it writes.
///
/// # Errors
/// If it cannot be started or waited for.
pub(crate) fn run(
    invocation: Invocation<'_>,
    until: Instant,
    each: &mut dyn FnMut(Stream, &[u8]),
) -> io::Result<Ended> {
    let mut command = Command::new(invocation.program);
    command.args(&invocation.arguments).env_clear();
    family::surround(&mut command, invocation.account)?;
    command.envs(invocation.environment);
    if let Some(folder) = invocation.folder {
        command.current_dir(folder);
    }
    let stdin = invocation.input.map_or_else(Stdio::null, Stdio::from);
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (send, heard) = sync_channel(64);
    let mut open = 0;
    if let Some(pipe) = child.stdout.take() {
        open += 1;
        listen(pipe, Stream::Out, send.clone());
    }
    if let Some(pipe) = child.stderr.take() {
        open += 1;
        listen(pipe, Stream::Err, send.clone());
    }
    drop(send);
    let mut quiet_until = None;
    loop {
        let now = Instant::now();
        if now >= until {
            // One that has ended was waited for: its number may be another's by now.
            if let Some(status) = child.try_wait()? {
                return Ok(Ended { exit: status.code(), is_late: false });
            }
            family::kill_all(&mut child);
            let _ = child.wait();
            return Ok(Ended { exit: None, is_late: true });
        }
        if quiet_until.is_some_and(|quiet| now >= quiet) || open == 0 {
            if let Some(status) = child.try_wait()? {
                return Ok(Ended { exit: status.code(), is_late: false });
            }
            thread::sleep(LOOK);
            continue;
        }
        let wait = quiet_until.map_or(OPEN_LOOK, |quiet: Instant| quiet - now);
        match heard.recv_timeout(wait.min(until - now)) {
            Ok((stream, Some(bytes))) => each(stream, &bytes),
            Ok((_, None)) => open -= 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = 0,
        }
        if quiet_until.is_none() && child_has_ended(&mut child)? {
            quiet_until = Some(Instant::now() + AFTERWARDS);
        }
    }
}

fn child_has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

type Heard = (Stream, Option<Vec<u8>>);

/// Reads an output in a thread of its own, which ends with it.
fn listen(mut pipe: impl Read + Send + 'static, stream: Stream, to: SyncSender<Heard>) {
    thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        let mut last: Option<Instant> = None;
        loop {
            let read = pipe.read(&mut chunk);
            let again = last.is_some_and(|last| last.elapsed() < GATHER);
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    let _ = to.send((stream, None));
                    return;
                }
                Ok(read) => {
                    if to.send((stream, Some(chunk[..read].to_vec()))).is_err() {
                        return;
                    }
                    if again && read < CHUNK {
                        thread::sleep(GATHER);
                    }
                    last = Some(Instant::now());
                }
            }
        }
    });
}
