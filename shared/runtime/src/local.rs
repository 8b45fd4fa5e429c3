//! Local sockets between Befund's own processes: Unix sockets, or named pipes on Windows. A path
//! names them on every system.

use crate::peer::Account;

pub use crate::platform::local::{
    Listener, ReadHalf, Stream, WriteHalf, connect, credentials, split,
};

/// Who may connect to a local socket, beside its owner and administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Everybody on this machine.
    Everybody,
    /// These accounts. Unix sockets know only modes, so there it is the owner alone.
    Only(Vec<Account>),
}
