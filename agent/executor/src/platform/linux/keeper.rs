//! The keeper: a process between the executor and a program, which does nothing but wait. Whatever the program
//! starts and detaches becomes the keeper's child when its parent ends (`PR_SET_CHILD_SUBREAPER`), so that all
//! of it is found below the keeper; and it ends when it has no children left, so that its end is the proof that
//! nothing is left. When the executor dies it is told by a signal, kills all that is below it, and then ends: what an
//! executor that is killed leaves running does not go on without it.
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
    let program = program.as_raw_nonzero().get();
    // SAFETY: signals and descriptors of this process alone, which was forked to do just this and returns to nobody
    // who owns any of them; the set is there for as long as the calls last.
    let awaited = unsafe {
        let mut awaited = std::mem::zeroed();
        libc::sigemptyset(&raw mut awaited);
        libc::sigaddset(&raw mut awaited, libc::SIGCHLD);
        libc::sigaddset(&raw mut awaited, libc::SIGTERM);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const awaited, std::ptr::null_mut());
        // An executor that has gone hears nothing.
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        // Until here its death was the keeper's, and so the program's.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        libc::dup2(entry.tells.as_raw_fd(), 0);
        if libc::syscall(libc::SYS_close_range, 1_u32, u32::MAX, 0_u32) != 0 {
            for descriptor in 1..1024 {
                libc::close(descriptor);
            }
        }
        libc::prctl(libc::PR_SET_NAME, c"befund-keeper".as_ptr());
        awaited
    };
    let tell = |number: i32| {
        let bytes = number.to_ne_bytes();
        // SAFETY: the bytes are there for as long as the call lasts; descriptor 0 is the keeper's pipe.
        unsafe { libc::write(0, bytes.as_ptr().cast(), bytes.len()) };
    };
    tell(program);
    loop {
        match bury(libc::WNOHANG) {
            Buried::One(pid, status) if pid == program => tell(status),
            Buried::One(..) => {}
            // SAFETY: nothing is to be cleaned up in a fork.
            Buried::NobodyLeft => unsafe { libc::_exit(0) },
            Buried::NobodyYet => {
                // SAFETY: the set was filled above.
                let signal = unsafe { libc::sigwaitinfo(&raw const awaited, std::ptr::null_mut()) };
                if signal == libc::SIGTERM {
                    end_all(program);
                }
            }
        }
    }
}

/// What came of waiting for a child.
enum Buried {
    /// This one has ended so.
    One(i32, i32),
    /// None has.
    NobodyYet,
    /// There is none.
    NobodyLeft,
}

/// Waits for a child that has ended.
#[expect(unsafe_code, reason = "a system call without allocations around it")]
fn bury(how: i32) -> Buried {
    loop {
        let mut status = 0;
        // SAFETY: the status is there to be written to.
        match unsafe { libc::waitpid(-1, &raw mut status, how) } {
            0 => return Buried::NobodyYet,
            -1 if io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
            -1 => return Buried::NobodyLeft,
            pid => return Buried::One(pid, status),
        }
    }
}

/// Kills the keeper's children, and those whom it inherits from them, until there are none; then ends.
#[expect(unsafe_code, reason = "system calls without allocations around them")]
fn end_all(program: i32) -> ! {
    loop {
        let mut list = [0_u8; 4096];
        // SAFETY: the name is a text with its end, and the list is there to be written to; numbers are those of
        // children, which nobody else's become before they are buried here.
        unsafe {
            let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY);
            let read = libc::read(file, list.as_mut_ptr().cast(), list.len());
            libc::close(file);
            let read = usize::try_from(read).unwrap_or(0);
            if read == 0 {
                // A kernel that does not tell: its group at least.
                libc::kill(-program, libc::SIGKILL);
            }
            let mut number = 0_i32;
            for byte in list.iter().take(read) {
                if byte.is_ascii_digit() {
                    number = number.wrapping_mul(10).wrapping_add(i32::from(*byte - b'0'));
                } else {
                    if number > 1 {
                        libc::kill(number, libc::SIGKILL);
                    }
                    number = 0;
                }
            }
            if let Buried::NobodyLeft = bury(0) {
                libc::_exit(0);
            }
        }
    }
}
