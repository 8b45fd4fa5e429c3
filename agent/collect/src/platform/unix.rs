//! What Linux and macOS have in common: how other programs are run, and a few formats.

pub(crate) mod command;
pub(crate) mod local_time;
pub(crate) mod pem;
pub(crate) mod printing;
pub(crate) mod rate;
pub(crate) mod shapes;
pub(crate) mod usage;
