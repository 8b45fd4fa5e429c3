//! What Linux and macOS have in common: how programs are surrounded and killed, accounts, private folders.

mod names;

use std::fs::{self, DirBuilder};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, Timespec, clock_settime};

use crate::Interpreter;

pub(super) use names::plain_name;

/// Where programs are looked for.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// An account that a program can run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: String,
}

pub(crate) fn program_folders() -> Vec<PathBuf> {
    FOLDERS.map(PathBuf::from).into()
}

pub(crate) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

pub(crate) const fn interpreter(interpreter: Interpreter) -> &'static str {
    match interpreter {
        Interpreter::Sh => "sh",
        Interpreter::Powershell => "pwsh",
        Interpreter::Python => "python3",
    }
}

pub(crate) fn set_clock(to: Timestamp) -> io::Result<()> {
    let to = Timespec { tv_sec: to.as_second(), tv_nsec: to.subsec_nanosecond().into() };
    Ok(clock_settime(ClockId::Realtime, to)?)
}

/// Has what is made from now on be readable by all, as whatever the system starts by itself has it: what packages make
/// while they are set up, and the daemons of services, would be nobody's but root's by the executor's own mask.
pub(crate) fn usual_mask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// The surroundings of a program: the system's own folders for what it starts itself, and where it acts for
/// a person, that person's session.
pub(crate) fn surround(command: &mut Command, account: Option<&Account>) -> io::Result<()> {
    command.env("LC_ALL", "C.UTF-8").env("PATH", FOLDERS.join(":")).current_dir("/");
    let Some(Account { name, uid, gid, home }) = account else {
        command.env("HOME", "/root");
        return Ok(());
    };
    let runtime = format!("/run/user/{uid}");
    command
        .env("HOME", home)
        .env("USER", name)
        .env("LOGNAME", name)
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={runtime}/bus"))
        .env("XDG_RUNTIME_DIR", runtime);
    if rustix::process::geteuid().as_raw() != *uid {
        // Without groups of ours: the standard library drops them where it sets the account.
        command.gid(*gid).uid(*uid);
    }
    Ok(())
}

/// Kills a program and all that it has started and that has not left it. Each is stopped before it is asked for
/// its children, so that it makes no more meanwhile.
pub(crate) fn kill_all(child: &mut Child) {
    let mut family = vec![child.id()];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        signal(parent, Signal::STOP);
        family.extend(children_of(parent));
        at += 1;
    }
    for pid in family.into_iter().rev() {
        signal(pid, Signal::KILL);
    }
    let _ = child.kill();
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// As Linux tells; nowhere else is there a file to read.
fn children_of(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut children = Vec::new();
    for task in tasks.flatten() {
        let mut text = String::new();
        let file = fs::File::open(task.path().join("children"));
        if file.and_then(|file| file.take(64 << 10).read_to_string(&mut text)).is_ok() {
            children
                .extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    children
}

/// A folder that nobody else may look into; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make() -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for above in ["/run", "/tmp"] {
            let name = u128::from_ne_bytes(befund_runtime::clock::random());
            let path = Path::new(above).join(format!("befund-{name:032x}"));
            // Fails on whatever is there already, a link too.
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The standard library follows no link in it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A script where it can be run and nobody can change it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What the interpreter reads.
    pub(crate) file: PathBuf,
    /// Where it works.
    pub(crate) folder: Folder,
    /// What must live as long.
    pub(crate) held: Option<std::os::fd::OwnedFd>,
    /// What it is given, whole before it starts: one that is left alone reads no less.
    pub(crate) input: fs::File,
}

pub(crate) fn prepare_script(
    interpreter: Interpreter,
    bytes: &[u8],
    input: &[u8],
) -> io::Result<Prepared> {
    let folder = Folder::make()?;
    let input = super::system::input(&folder, input)?;
    match interpreter {
        // PowerShell wants a file's name to end in `.ps1`.
        Interpreter::Powershell => {
            let file = folder.path().join("script.ps1");
            fs::write(&file, bytes)?;
            Ok(Prepared { file, folder, held: None, input })
        }
        Interpreter::Sh | Interpreter::Python => {
            let (file, held) = super::system::sealed(&folder, bytes)?;
            Ok(Prepared { file, folder, held, input })
        }
    }
}
