//! What only Linux has: a keeper whose children cannot run away, control groups, and `/proc`.

mod capabilities;
mod cgroup;
mod keeper;
mod lasting;
mod pen;
pub(crate) mod sessions;
mod tree;

pub(crate) use capabilities::{only_read, only_think};
pub(crate) use pen::{Pen, Pens};
