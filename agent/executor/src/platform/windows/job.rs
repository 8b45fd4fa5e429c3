//! Job objects: processes that end together, and with whoever holds the job.

use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle, RawHandle};
use std::time::Duration;

use tokio::process::Child;
use windows_sys::Win32::Foundation::{INVALID_HANDLE_VALUE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_JOB_MEMORY,
    JOB_OBJECT_LIMIT_JOB_TIME, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectBasicAccountingInformation, JobObjectExtendedLimitInformation,
    QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    OpenThread, ResumeThread, THREAD_SUSPEND_RESUME, WaitForSingleObject,
};

use crate::confine::Limits;

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
        job.set(&with_holder())?;
        Ok(job)
    }

    /// Holds all that is in it to these limits. The time of processors is held a little beyond its limit, so
    /// that whoever watches comes first and can tell why.
    pub(super) fn limit(&self, limits: &Limits) -> io::Result<()> {
        let mut held = with_holder();
        held.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS
            | JOB_OBJECT_LIMIT_JOB_MEMORY
            | JOB_OBJECT_LIMIT_JOB_TIME
            | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        held.BasicLimitInformation.ActiveProcessLimit = limits.processes;
        let cpu = limits.cpu.saturating_add(Duration::from_secs(2)).as_nanos() / 100;
        held.BasicLimitInformation.PerJobUserTimeLimit = i64::try_from(cpu).unwrap_or(i64::MAX);
        held.JobMemoryLimit = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
        self.set(&held)
    }

    #[expect(unsafe_code, reason = "a function of Windows")]
    fn set(&self, limits: &JOBOBJECT_EXTENDED_LIMIT_INFORMATION) -> io::Result<()> {
        // SAFETY: the structure is of the kind and size that are named.
        let set = unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                std::ptr::from_ref(limits).cast(),
                size_of_u32::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>(),
            )
        };
        if set == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// What was used in it so far.
    #[expect(unsafe_code, reason = "functions of Windows")]
    pub(super) fn used(&self) -> io::Result<Used> {
        let mut times = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // SAFETY: each structure is of the kind and size that are named.
        let told = unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut times).cast(),
                size_of_u32::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>(),
                std::ptr::null_mut(),
            ) != 0
                && QueryInformationJobObject(
                    self.0.as_raw_handle(),
                    JobObjectExtendedLimitInformation,
                    (&raw mut limits).cast(),
                    size_of_u32::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>(),
                    std::ptr::null_mut(),
                ) != 0
        };
        if !told {
            return Err(io::Error::last_os_error());
        }
        let ticks = times.TotalUserTime.saturating_add(times.TotalKernelTime);
        Ok(Used {
            cpu: Duration::from_nanos(u64::try_from(ticks).unwrap_or(0).saturating_mul(100)),
            peak_memory: limits.PeakJobMemoryUsed as u64,
            processes: times.ActiveProcesses,
            refused: times.TotalTerminatedProcesses,
        })
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

/// What was used in a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) cpu: Duration,
    /// The most at one time, in bytes.
    pub(super) peak_memory: u64,
    /// How many are in it now.
    pub(super) processes: u32,
    /// How many were ended because of a limit.
    pub(super) refused: u32,
}

/// Killed when the last handle is closed.
fn with_holder() -> JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    limits
}

fn size_of_u32<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0)
}

/// Lets a child begin that was started suspended: it has one thread, whose handle its starter was not given.
#[expect(unsafe_code, reason = "functions of Windows")]
pub(super) fn resume(child: &Child) -> io::Result<()> {
    let gone = || io::Error::new(io::ErrorKind::NotFound, "it has ended");
    let process = child.id().ok_or_else(gone)?;
    // SAFETY: takes no pointer; the handle is ours to close.
    let threads = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if threads == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made for us.
    let threads = unsafe { OwnedHandle::from_raw_handle(threads) };
    let mut entry = THREADENTRY32 { dwSize: size_of_u32::<THREADENTRY32>(), ..Default::default() };
    // SAFETY: the handle is open, and the structure says how large it is.
    let mut more = unsafe { Thread32First(threads.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            // SAFETY: takes no pointer; the handle is ours to close.
            let thread = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) };
            if thread.is_null() {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: it was just made for us.
            let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
            // SAFETY: the handle is open, and may do this.
            return match unsafe { ResumeThread(thread.as_raw_handle()) } {
                u32::MAX => Err(io::Error::last_os_error()),
                _ => Ok(()),
            };
        }
        // SAFETY: as above.
        more = unsafe { Thread32Next(threads.as_raw_handle(), &raw mut entry) };
    }
    Err(gone())
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
