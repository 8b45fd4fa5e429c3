//! Job objects: processes that end together, and with whoever holds the job.

use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle, RawHandle};

use tokio::process::Child;
use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::WaitForSingleObject;

/// The exit code of what was killed.
const KILLED: u32 = 1;

/// A job whose processes, and all that they start, are killed when this is dropped: also when the
/// process that holds it is killed.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    /// An empty one.
    #[expect(unsafe_code, reason = "functions of Windows")]
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: takes nothing; the handle is ours to close, and children do not inherit it.
        let job = unsafe { CreateJobObjectW(std::ptr::null(), std::ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made for us.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(job) });
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the structure is of the kind and size that are named.
        let set = unsafe {
            SetInformationJobObject(
                job.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                u32::try_from(size_of_val(&limits)).unwrap_or(0),
            )
        };
        if set == 0 { Err(io::Error::last_os_error()) } else { Ok(job) }
    }

    /// Takes a child in, with whatever it starts from now on.
    #[expect(unsafe_code, reason = "functions of Windows")]
    pub(super) fn take_in(&self, child: &Child) -> io::Result<()> {
        let process = handle(child)?;
        // SAFETY: both handles are open: the child holds its own until it was waited for.
        match unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Kills all that is in it.
    #[expect(unsafe_code, reason = "functions of Windows")]
    pub(super) fn end(&self) {
        // SAFETY: the handle is open. Fails only if nothing is left.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), KILLED) };
    }
}

/// Whether a child has exited.
#[expect(unsafe_code, reason = "functions of Windows")]
pub(super) fn has_ended(child: &Child) -> bool {
    // SAFETY: the handle is open: the child holds it until it was waited for.
    handle(child).is_ok_and(|process| unsafe { WaitForSingleObject(process, 0) } == WAIT_OBJECT_0)
}

fn handle(child: &Child) -> io::Result<RawHandle> {
    child.raw_handle().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has ended"))
}
