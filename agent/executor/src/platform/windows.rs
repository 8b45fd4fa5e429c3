//! Windows.

use std::io;
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};

use tokio::process::Child;
use windows_sys::Win32::System::SystemInformation::GetLocalTime;
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

use befund_model::Timestamp;
use befund_runtime::local::{Callers, Listener, Stream};

mod activation;
mod job;
pub(crate) mod pen;
pub(crate) mod sessions;

pub(crate) use activation::{Door, Starter, connect, handed, starter_left};
use job::Job;

use crate::policy::rules::LocalTime;

/// What starts the executor where the system does, for texts.
pub(crate) const ACTIVATION: &str = "the service befund-executor";
/// What starts the executor for people where the system does, for texts.
pub(crate) const PEOPLE: &str = ACTIVATION;
/// Who may do anything, for texts.
pub(crate) const MASTERS: &str = "the system, administrators";

/// Where the policy is unless told otherwise.
#[must_use]
pub fn default_policy() -> PathBuf {
    let folder = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    Path::new(&folder).join("Befund").join("policy.toml")
}

/// Where a system's executor keeps its journal and what it trusts.
#[must_use]
pub fn default_keep() -> PathBuf {
    let folder = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    Path::new(&folder).join("Befund").join("executor")
}

/// Whether this process may do anything here: only a service's folder is kept apart, and it is given one.
#[must_use]
pub const fn is_master() -> bool {
    false
}

/// The machine's name.
pub(crate) fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// What of this process's own surroundings a child needs: where the system itself is, which its libraries ask for.
pub(crate) fn surroundings() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let names = ["SystemRoot", "SystemDrive", "ProgramData", "TEMP", "TMP"];
    names.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect()
}

/// What restarts the machine: a program and its arguments.
pub(crate) fn restart() -> (PathBuf, &'static [&'static str]) {
    let system = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    (Path::new(&system).join(r"System32\shutdown.exe"), &["/r", "/t", "0"])
}

/// What a clock on the wall of this machine shows now; the system tells no other time.
pub(crate) fn local_time(_: Timestamp) -> Option<LocalTime> {
    // SAFETY: a SYSTEMTIME is numbers.
    #[expect(unsafe_code, reason = "GetLocalTime fills it in")]
    let mut parts = unsafe { std::mem::zeroed() };
    // SAFETY: it points to a value that outlives the call and is not shared with anybody.
    #[expect(unsafe_code, reason = "only the system knows the machine's time zone")]
    unsafe {
        GetLocalTime(&raw mut parts);
    }
    let day = u8::try_from((parts.wDayOfWeek + 6) % 7).ok()?;
    Some(LocalTime { day, minute: parts.wHour * 60 + parts.wMinute })
}

/// Where the executor will listen: pipes are not handed over.
#[derive(Debug)]
pub struct Listening(PathBuf);

/// Opens the pipe, for these callers only.
pub(crate) fn listen(Listening(path): Listening, callers: Callers) -> io::Result<Listener> {
    Listener::bind(&path, &callers).map_err(|error| {
        let text = format!(
            "could not listen on the executor's pipe for {}; another program may hold its name: {error}",
            path.display()
        );
        io::Error::new(error.kind(), text)
    })
}

/// Whether whoever listens at the other end is the agent: whoever connects has seen to that.
pub(crate) fn is_agents(_: &mut Stream) -> impl Future<Output = io::Result<bool>> + Send {
    std::future::ready(Ok(true))
}

/// A child with all that it starts: a job object, which ends with this.
#[derive(Debug)]
pub(crate) struct Group(Job);

impl Group {
    /// Gives the command's process no window. Its environment stays: Windows' own libraries need a
    /// part of it that is written down nowhere.
    pub(crate) fn prepare(command: &mut std::process::Command) {
        command.creation_flags(CREATE_NO_WINDOW);
    }

    /// Puts a child into a job of its own. It must have started nothing yet: a collect child waits
    /// for its order first.
    pub(crate) fn of(child: &Child) -> io::Result<Self> {
        let job = Job::new()?;
        job.take_in(child)?;
        Ok(Self(job))
    }

    /// Kills whatever is in the job.
    pub(crate) fn end(&self, _: &Child) {
        self.0.end();
    }

    /// Whether the child has exited.
    pub(crate) fn has_ended(&self, child: &Child) -> bool {
        job::has_ended(child)
    }
}

/// Gives up what reading does not take: here, rights are not divided so.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "where rights are divided, the system may refuse")]
pub(crate) const fn only_read() -> io::Result<()> {
    Ok(())
}

/// Gives up all rights of an administrator: here, they are not divided so.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "where rights are divided, the system may refuse")]
pub(crate) const fn only_think() -> io::Result<()> {
    Ok(())
}

/// A child's job ends with the last handle of it, which its parent alone holds: nothing to ask.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) const fn die_with_parent() -> io::Result<()> {
    Ok(())
}

/// A parent that died before the child was in its job has closed the pipe that the order would have
/// come through, so that whoever has an order has a parent.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) const fn check_parent(_: u32) -> io::Result<()> {
    Ok(())
}

/// Windows has no name for a run of itself from start to end; a time since when it runs changes with the clock.
pub(crate) const fn boot_id() -> Option<String> {
    None
}
