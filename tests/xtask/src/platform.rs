//! What chores ask of the system: where things are, who we are, signals, and processes.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{Stop, adopt_orphans, descendants, in_own_group, is_root, kill, terminate};

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::{Stop, adopt_orphans, descendants, in_own_group, is_root, kill, terminate};

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The cargo that runs us.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The workspace's root.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Whether Rust's standard library for this kind of system is installed.
pub(crate) fn has_library(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = std::process::Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(workspace())
        .output();
    told.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// A command's file, in `PATH` or a folder for administrators, which `PATH` may lack.
pub(crate) fn find_command(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|dir| dir.join(name)).find(|file| file.is_file())
}
