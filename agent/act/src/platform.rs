//! What differs between operating systems: how each action is done, how files are changed, and how programs
//! are run and killed.

mod clock;
mod edits;
mod hosts;
mod process;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as family;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows::{self as system, family};

// Where there is no openat2.
#[cfg(not(target_os = "linux"))]
mod plain;

pub(crate) use family::{
    Account, Prepared, interpreter, is_program, prepare_script, program_folders, set_clock,
    usual_mask,
};
pub(crate) use process::run;
pub use system::Root;
pub(crate) use system::{ROWS, UNSUPPORTED, exists, name};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("the actions know Linux, macOS and Windows");
