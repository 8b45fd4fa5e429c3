//! What differs between systems: how the executor is started on demand, and the lives of children.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{
    ACTIVATION, Door, Group, MASTERS, Starter, check_parent, connect, die_with_parent, handed,
    listen, starter_left,
};
#[cfg(unix)]
pub use unix::{Listening, default_policy};
#[cfg(windows)]
pub(crate) use windows::{
    ACTIVATION, Door, Group, MASTERS, Starter, check_parent, connect, die_with_parent, handed,
    listen, starter_left,
};
#[cfg(windows)]
pub use windows::{Listening, default_policy};
