//! Who is at the other end of a local socket, as the kernel says.

pub use crate::platform::peer::Account;

/// The account and process at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The account.
    pub account: Account,
    /// Whether it may do anything on this machine, as it has signed in: root; or the system and
    /// its administrators, on Windows.
    pub administrator: bool,
    /// The process, if the system tells.
    pub pid: Option<u32>,
}
