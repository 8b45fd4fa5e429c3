//! What differs between systems: where things are, the machine's names, services, and the memory of a
//! process that waits.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Changes, give_memory_back, keep_heap_small};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{Changes, give_memory_back, keep_heap_small};

#[cfg(unix)]
pub(crate) use unix::{
    FileVersion, HOW_TO_START, default_config, default_run, default_state, enroll_as_owner,
    host_name, open_page, os_name, ready, service, version_of,
};
#[cfg(windows)]
pub(crate) use windows::{
    FileVersion, HOW_TO_START, default_config, default_run, default_state, enroll_as_owner,
    host_name, open_page, os_name, ready, service, version_of,
};
