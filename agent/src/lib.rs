//! The unprivileged half of Befund's agent: the machine's identity, its link to the controller, the
//! spool, the door for people, and the commands that they type.
//!
//! What is read of the machine, and what is run on it, is `befund-executor`'s.

pub mod cli;
pub mod config;
pub mod disk;
pub mod door;
pub mod identity;
pub mod link;
mod platform;
pub mod snapshot;
pub mod spool;
