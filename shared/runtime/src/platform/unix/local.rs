//! Unix sockets.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use tokio::net::UnixListener;

use super::peer::Account;
use crate::local::Callers;
use crate::peer::Peer;

pub use tokio::net::UnixStream as Stream;
pub use tokio::net::unix::{OwnedReadHalf as ReadHalf, OwnedWriteHalf as WriteHalf};

/// Takes connections at a path.
#[derive(Debug)]
pub struct Listener(UnixListener);

impl Listener {
    /// Listens at a path, in place of whatever was left there.
    ///
    /// # Errors
    /// The system's.
    pub fn bind(path: &Path, callers: &Callers) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        let mode = match callers {
            Callers::Everybody => 0o666,
            Callers::Only(_) => 0o600,
        };
        std::fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(Self(listener))
    }

    /// Goes on with a socket that listens already. Call it within a runtime.
    ///
    /// # Errors
    /// The system's.
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener).map(Self)
    }

    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// The system's.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Connects. Who listens is decided by who may write to the socket's folder, so that `service` says
/// nothing here.
///
/// # Errors
/// The system's.
pub async fn connect(path: &Path, _service: &str) -> io::Result<Stream> {
    Stream::connect(path).await
}

/// Asks the kernel who is at the other end.
///
/// # Errors
/// The system's.
pub fn credentials(stream: &mut Stream) -> impl Future<Output = io::Result<Peer>> + Send {
    std::future::ready(stream.peer_cred().map(|peer| {
        let account = Account::of_uid(peer.uid());
        let administrator = account.is_administrator();
        let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
        Peer { account, administrator, pid }
    }))
}

/// The two directions.
#[must_use]
pub fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    stream.into_split()
}
