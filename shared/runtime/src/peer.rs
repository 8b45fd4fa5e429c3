//! Who is at the other end of a local socket, as the kernel says.

/// The account and process at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The account's number.
    pub uid: u32,
    /// The process, if the system tells.
    pub pid: Option<i32>,
}

pub use crate::platform::credentials;
