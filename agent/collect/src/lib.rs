//! Collectors: they read what the system says of itself into the typed sections of a snapshot.
//!
//! Everything is read through a [`Root`], so that recorded trees of other machines are test inputs.
//! [`collect`] runs the collectors beside one another, each under a deadline of its own; [`child`]
//! is the same behind a pipe, for a parent that kills it when it overstays.

mod certificate;
pub mod child;
mod collector;
pub mod engine;
#[doc(hidden)]
pub mod fuzzing;
mod lately;
pub mod limits;
mod platform;
pub mod probe;
mod registry;
pub mod root;
mod sampling;
mod smbios;

pub use engine::{Plan, collect};
pub use limits::Limits;
pub use registry::expected;
pub use root::Root;
