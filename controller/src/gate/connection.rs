//! One connection of a machine: who it is, and how it is cut when its time has come, whatever
//! streams it carries.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_proto::v1::goodbye;
use befund_runtime::tls::Peer;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;

use super::mailbox::Mailbox;

/// How long a machine without a certificate may stay: it enrolls, recovers or asks the time.
const STRANGERS_STAY: i64 = 120;
/// How long a connection outlives its goodbye, so that it is heard, seconds.
const GOODBYE_STAYS: i64 = 2;
/// How much is read at a time, bytes. TLS fills what it is given with zeros before it reads: given
/// all of HTTP/2's buffer, each connection would hold 8 KiB for the few hundred bytes that come.
const PIECE: usize = 2 << 10;

/// What is known of a connection; every call on it gets this.
#[derive(Debug)]
pub(super) struct Connection {
    /// Who the machine is, if it showed a certificate.
    pub(super) peer: Option<Peer>,
    /// Where it comes from.
    pub(super) source: IpAddr,
    opened_at: i64,
    session: OnceLock<Arc<Mailbox>>,
    cut_at: Mutex<Option<i64>>,
    cut: AtomicBool,
    reader: AtomicWaker,
}

impl Connection {
    /// A connection that was just opened.
    pub(super) fn new(peer: Option<Peer>, source: IpAddr, now: Timestamp) -> Self {
        Self {
            peer,
            source,
            opened_at: now.as_second(),
            session: OnceLock::new(),
            cut_at: Mutex::new(None),
            cut: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        }
    }

    /// Attaches the session; false if the connection has one already.
    pub(super) fn attach(&self, mailbox: Arc<Mailbox>) -> bool {
        self.session.set(mailbox).is_ok()
    }

    /// Says goodbye on its session, and cuts it soon after.
    pub(super) fn end(&self, reason: goodbye::Reason, now: Timestamp) {
        if let Some(session) = self.session.get() {
            session.end(reason);
        }
        let mut cut_at = self.cut_at.lock().unwrap_or_else(PoisonError::into_inner);
        cut_at.get_or_insert(now.as_second() + GOODBYE_STAYS);
    }

    /// Cuts it now.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }

    fn is_over(&self, now: i64) -> bool {
        let cut_at = *self.cut_at.lock().unwrap_or_else(PoisonError::into_inner);
        cut_at.is_some_and(|at| at <= now)
            || (self.peer.is_none() && self.opened_at + STRANGERS_STAY <= now)
    }
}

/// All connections of the gate. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    open: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
    next: Arc<AtomicU64>,
    none_left: Arc<Notify>,
}

impl Connections {
    /// Takes in a connection, until the stream that is given back is dropped.
    pub(super) fn enter(&self, stream: TlsStream<TcpStream>, connection: Connection) -> Stream {
        let connection = Arc::new(connection);
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(key, Arc::clone(&connection));
        metrics::gauge!("befund_gate_connections").increment(1);
        Stream { stream, connection, key, all: self.clone() }
    }

    /// Ends every connection of this machine.
    pub(super) fn end_agent(&self, agent: AgentId, reason: goodbye::Reason, now: Timestamp) {
        for connection in self.all() {
            if connection.peer.as_ref().is_some_and(|peer| peer.agent == agent) {
                connection.end(reason, now);
            }
        }
    }

    /// Ends what has run out, and cuts what has ended. Called every second.
    pub(super) fn sweep(&self, now: Timestamp) {
        let second = now.as_second();
        for connection in self.all() {
            if connection.peer.as_ref().is_some_and(|peer| peer.not_after <= second) {
                connection.end(goodbye::Reason::Expired, now);
            }
            if connection.is_over(second) {
                connection.cut();
            }
        }
    }

    /// Waits until none is open.
    pub(super) async fn ended(&self) {
        loop {
            let mut none_left = std::pin::pin!(self.none_left.notified());
            none_left.as_mut().enable();
            if self.lock().is_empty() {
                return;
            }
            none_left.await;
        }
    }

    /// Cuts all.
    pub(super) fn cut_all(&self) {
        for connection in self.all() {
            connection.cut();
        }
    }

    fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        // Nothing under this lock panics half-way through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who calls: what the handlers find beside each request.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Arc<Connection>);

/// The bytes of a connection, until it is cut.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TlsStream<TcpStream>,
    connection: Arc<Connection>,
    key: u64,
    all: Connections,
}

impl Stream {
    /// Whose it is.
    pub(super) fn caller(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    fn check(&self) -> std::io::Result<()> {
        if self.connection.cut.load(Ordering::Acquire) {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.all.lock();
        open.remove(&self.key);
        if open.is_empty() {
            self.all.none_left.notify_waiters();
        }
        drop(open);
        metrics::gauge!("befund_gate_connections").decrement(1);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.connection.reader.register(cx.waker());
        self.check()?;
        let mut piece = [0; PIECE];
        let mut piece = ReadBuf::new(&mut piece[..buf.remaining().min(PIECE)]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
