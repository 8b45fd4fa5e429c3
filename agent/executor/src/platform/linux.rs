//! What only Linux has: a keeper whose children cannot run away, control groups, and `/proc`.

mod cgroup;
mod keeper;
mod pen;
pub(crate) mod sessions;
mod tree;

pub(crate) use pen::{Pen, Pens};
