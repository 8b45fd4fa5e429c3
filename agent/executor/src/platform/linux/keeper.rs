//! The keeper: a process between the executor and a program, which does nothing but wait. Whatever the program
//! starts and detaches becomes the keeper's child when its parent ends (`PR_SET_CHILD_SUBREAPER`), so that all
//! of it is found below the keeper; and it ends when it has no children left, so that its end is the proof that
//! nothing is left.
//!
//! It is made by the fork that starts the program, which forks once more: the parent becomes the keeper, the
//! child the program. On its pipe it tells the program's number and, when that ends, its status: four bytes
//! each, as they stand in memory.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, Signal};

use crate::confine::Privileges;

/// What a program enters before it begins.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where the keeper tells of it.
    pub(super) tells: OwnedFd,
    /// The `cgroup.procs` of its groups.
    pub(super) groups: Vec<OwnedFd>,
    /// The limits of each process.
    pub(super) rlimits: Vec<(Resource, u64)>,
    pub(super) privileges: Privileges,
    pub(super) priority: Priority,
}

/// How much of the processors a program gets beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// As the executor.
    Kept,
    /// Less.
    Low,
}

/// Has the command's process be a keeper, and its program the keeper's child.
#[expect(unsafe_code, reason = "what happens between fork and exec")]
pub(super) fn prepare(command: &mut Command, entry: Entry) {
    // SAFETY: the closure makes system calls and nothing else: it allocates nothing, takes no lock, and touches
    // nothing that another thread might have held at the fork.
    unsafe {
        command.pre_exec(move || enter(&entry));
    }
}

/// In the forked process: divides in two, of which one never returns.
fn enter(entry: &Entry) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::process::setsid()?;
    if let Some(program) = fork()? {
        keep(program, entry);
    }
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::setsid()?;
    for group in &entry.groups {
        // Zero is whoever writes it.
        rustix::io::write(group, b"0")?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    for (resource, most) in &entry.rlimits {
        let limit = Rlimit { current: Some(*most), maximum: Some(*most) };
        // One that is lower already is as good.
        let _ = rustix::process::setrlimit(*resource, limit);
    }
    match entry.priority {
        Priority::Kept => {}
        Priority::Low => rustix::process::nice(10).map(drop)?,
    }
    match entry.privileges {
        Privileges::Kept => {}
        Privileges::NoNew => rustix::thread::set_no_new_privs(true)?,
    }
    close_others();
    Ok(())
}

/// The child's number in the parent, `None` in the child.
#[expect(unsafe_code, reason = "fork")]
fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: this process has one thread, being a fork itself, and both halves make only system calls until
    // they exec or exit.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Pid::from_raw(pid)),
    }
}

/// Has every descriptor but the first three close when the program begins: what others left open is none of
/// its business. Not at once, since the one through which the start is told is among them.
#[expect(unsafe_code, reason = "a system call that has no safe function")]
fn close_others() {
    // SAFETY: sets a flag on descriptors of this process alone.
    let done =
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return;
    }
    // Before Linux 5.11.
    for descriptor in 3..1024 {
        // SAFETY: as above; one that is not open is an error that says so.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// The keeper's life. It holds no pipe of the program's, so that those end with whoever has them.
#[expect(unsafe_code, reason = "system calls on raw descriptors, and an exit without farewell")]
fn keep(program: Pid, entry: &Entry) -> ! {
    let tell = |number: i32| {
        let bytes = number.to_ne_bytes();
        // SAFETY: the bytes are there for as long as the call lasts; descriptor 0 is the keeper's pipe.
        unsafe { libc::write(0, bytes.as_ptr().cast(), bytes.len()) };
    };
    // SAFETY: descriptors of this process alone, which was forked to do just this and returns to nobody who
    // owns any of them.
    unsafe {
        libc::dup2(entry.tells.as_raw_fd(), 0);
        if libc::syscall(libc::SYS_close_range, 1_u32, u32::MAX, 0_u32) != 0 {
            for descriptor in 1..1024 {
                libc::close(descriptor);
            }
        }
        libc::prctl(libc::PR_SET_NAME, c"befund-keeper".as_ptr());
    }
    let program = program.as_raw_nonzero().get();
    tell(program);
    loop {
        let mut status = 0;
        // SAFETY: the status is there to be written to.
        let ended = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if ended == program {
            tell(status);
        } else if ended == -1 && io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            // No children are left.
            // SAFETY: nothing is to be cleaned up in a fork.
            unsafe { libc::_exit(0) };
        }
    }
}
