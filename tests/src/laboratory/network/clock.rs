//! A wall clock of a machine's own. The kernel has one for all namespaces, so this one is laid before it: a library that
//! everything on the machine loads tells the time moved by what a file says, and whoever sets the clock is caught and
//! moves that file instead. The kernel's own clock cannot be set from there.

use std::path::Path;
use std::process::Command;

use super::machine::Machine;
use crate::process::run;

const SHIM: &str = include_str!("clock/shim.c");
const WARDEN: &str = include_str!("clock/warden.c");
const FILE: &str = "/run/laboratory-clock";

/// Gives the machine such a clock, which is right so far; and the command, which may set it.
///
/// # Panics
/// If it cannot be made: it takes a C compiler.
#[must_use]
pub(super) fn own(machine: &Machine, command: &Command) -> Command {
    let folder = machine.folder();
    let shim = compile(folder, "shim", SHIM, &["-shared", "-fPIC"]);
    let warden = compile(folder, "warden", WARDEN, &[]);
    set(machine, 0, Kept::Right);
    let run = |name: &str, from: &Path| {
        std::fs::copy(from, machine.path(name))
            .unwrap_or_else(|error| panic!("copy {name}: {error}"));
    };
    run("/run/laboratory-clock.so", &shim);
    run("/run/laboratory-warden", &warden);
    machine.write("/etc/ld.so.preload", "/run/laboratory-clock.so\n");
    let mut guarded = Command::new("/run/laboratory-warden");
    guarded.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(name, value),
            None => guarded.env_remove(name),
        };
    }
    guarded
}

fn compile(folder: &Path, name: &str, text: &str, more: &[&str]) -> std::path::PathBuf {
    let (from, to) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&from, text).expect("write a source");
    let compiled = run(Command::new("cc").args(["-O1", "-o"]).arg(&to).args(more).arg(&from));
    assert!(compiled.status.success(), "cc: {}", String::from_utf8_lossy(&compiled.stderr));
    to
}

/// Whether something keeps the clock right, as the kernel tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Something does.
    Right,
    /// Nothing does.
    Not,
}

/// Moves the clock by so many seconds from the right time.
///
/// # Panics
/// If the machine has none of its own.
pub fn set(machine: &Machine, seconds: i64, kept: Kept) {
    let unkept: i64 = match kept {
        Kept::Right => 0,
        Kept::Not => 1,
    };
    let bytes = [(seconds * 1_000_000_000).to_ne_bytes(), unkept.to_ne_bytes()].concat();
    // In place: it is mapped.
    let path = machine.path(FILE);
    let mut file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.as_mut().expect("open the clock's file");
    std::io::Write::write_all(file, &bytes).expect("set the clock");
}

/// How far the clock is ahead, in seconds.
///
/// # Panics
/// If the machine has none of its own.
#[must_use]
pub fn ahead(machine: &Machine) -> i64 {
    let bytes = std::fs::read(machine.path(FILE)).expect("read the clock's file");
    i64::from_ne_bytes(bytes[..8].try_into().expect("eight bytes")) / 1_000_000_000
}
