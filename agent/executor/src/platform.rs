//! What differs between systems: how the executor is started on demand, and the lives of children.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Pen, Pens, only_read, only_think};
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use unix::{
    only_read, only_think,
    pen::{Pen, Pens},
};
#[cfg(windows)]
pub(crate) use windows::{
    only_read, only_think,
    pen::{Pen, Pens},
};

#[cfg(target_os = "linux")]
pub(crate) use linux::sessions;
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use unix::sessions;
#[cfg(windows)]
pub(crate) use windows::sessions;

#[cfg(unix)]
pub(crate) use unix::{
    ACTIVATION, Door, Group, MASTERS, PEOPLE, Starter, boot_id, check_parent, connect,
    die_with_parent, handed, host_name, is_agents, listen, local_time, restart, starter_left,
    surroundings,
};
#[cfg(unix)]
pub use unix::{Listening, default_keep, default_policy, is_master};
#[cfg(windows)]
pub(crate) use windows::{
    ACTIVATION, Door, Group, MASTERS, PEOPLE, Starter, boot_id, check_parent, connect,
    die_with_parent, handed, host_name, is_agents, listen, local_time, restart, starter_left,
    surroundings,
};
#[cfg(windows)]
pub use windows::{Listening, default_keep, default_policy, is_master};
