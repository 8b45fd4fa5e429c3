//! Networks that are broken on purpose: a machine with the real agent on it, its router, and an Internet of a few
//! servers behind that, each in namespaces of its own and joined by cables.
//!
//! Everything is within one [`world`] of namespaces, which the suite enters before it does anything else: nothing of
//! the machine that it runs on is seen or changed, and all of it goes with the suite.

pub mod clock;
pub mod dhcp;
pub mod machine;
pub mod manager;
pub mod names;
pub mod office;
pub mod pages;
pub mod runs;
pub mod secure;
pub mod space;
pub mod terminal;
pub mod time;
pub mod world;

pub use machine::Machine;
pub use office::{Desk, Office};
pub use runs::Run;
pub use space::Space;
