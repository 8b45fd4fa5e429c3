//! The link's door for the people at the machine: a local socket that anybody may open, and answers
//! that depend on whose account the kernel says is at the other end.

pub mod client;
pub mod protocol;
pub(crate) mod serve;
