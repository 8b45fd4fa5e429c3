//! The gate's socket: accepts, shakes hands in tasks of their own, and hands on who came. Its
//! certificate can be exchanged while it listens.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::{telemetry, tls};
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tracing::{Span, debug, warn};

use super::connection::{Connection, Connections, Stream};
use crate::platform;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 4_096;
/// Handshakes that run at once; the rest waits in the backlog.
const HANDSHAKES: usize = 512;
/// How long a handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// How long to wait after the system refused to give another descriptor.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the socket.
///
/// # Errors
/// If the address is taken or may not be used.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it, a restarted controller waits a minute for its old connections' ports.
    socket.set_reuse_address(platform::REUSE_ADDRESS)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// What the accept loop works with.
pub(super) struct Acceptor {
    /// The socket.
    pub(super) listener: TcpListener,
    /// The certificate and whom to trust; exchanged when it is renewed.
    pub(super) tls: Arc<ArcSwap<ServerConfig>>,
    /// Where connections are kept.
    pub(super) connections: Connections,
    /// The time.
    pub(super) clock: Clock,
    /// The process's life.
    pub(super) life: Lifecycle,
}

impl Acceptor {
    /// Accepts until the soft stop, and hands on whoever shook hands.
    pub(super) async fn run(self, begin: impl Fn(Stream) + Clone + Send + 'static) {
        let soft = self.life.soft();
        let slots = Arc::new(Semaphore::new(HANDSHAKES));
        loop {
            let slot = Arc::clone(&slots).acquire_owned();
            let Some(Ok(slot)) = soft.run_until_cancelled(slot).await else { return };
            let accepted = soft.run_until_cancelled(self.listener.accept()).await;
            let (stream, source) = match accepted {
                None => return,
                Some(Ok(accepted)) => accepted,
                Some(Err(error)) => {
                    warn!(error = telemetry::chain(&error), "the gate could not accept");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let acceptor = TlsAcceptor::from(self.tls.load_full());
            let connections = self.connections.clone();
            let clock = self.clock.clone();
            let begin = begin.clone();
            self.life.spawn(Span::none(), async move {
                let source = source.ip().to_canonical();
                match shake_hands(acceptor, stream, source, &connections, &clock).await {
                    Ok(stream) => {
                        metrics::counter!("befund_gate_handshakes_total", "result" => "ok")
                            .increment(1);
                        begin(stream);
                    }
                    Err(error) => {
                        metrics::counter!("befund_gate_handshakes_total", "result" => "failed")
                            .increment(1);
                        debug!(error = telemetry::chain(&error), "a handshake failed");
                    }
                }
                drop(slot);
            });
        }
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    source: IpAddr,
    connections: &Connections,
    clock: &Clock,
) -> std::io::Result<Stream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(120));
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    let stream = tokio::time::timeout(HANDSHAKE_DEADLINE, acceptor.accept(stream)).await??;
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let peer = leaf.map(tls::peer_of).transpose().map_err(std::io::Error::other)?;
    Ok(connections.enter(stream, Connection::new(peer, source, clock.now())))
}
