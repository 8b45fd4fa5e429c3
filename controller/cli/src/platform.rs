//! What differs between systems: where settings live, and how a file is kept from other accounts.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{config_dir, host_name, read_private, ssh_agent, write_private};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{config_dir, host_name, read_private, ssh_agent, write_private};

#[cfg(not(any(unix, windows)))]
compile_error!("befund runs on Unix and Windows");
