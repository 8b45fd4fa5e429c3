//! The listener of the console and the API: plain HTTP on loopback, elsewhere TLS, with a given
//! certificate or one of the own CA.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::ConnectInfo;
use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::{telemetry, tls};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use tracing::{Span, debug, info, info_span, warn};

use crate::ca::{Ca, SERVER_LIFE};
use crate::config::Config;

/// Connections at once; more wait in the backlog.
const CONNECTIONS: usize = 4_096;
/// How long a handshake, and a request's headers, may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long answers may go on after the soft stop: live pages never end by themselves.
const LEAVING: Duration = Duration::from_secs(2);
/// How long to wait after the system refused to give another descriptor.
const PAUSE: Duration = Duration::from_millis(50);

/// A listener that does not answer yet.
pub(super) struct Console {
    listener: TcpListener,
    address: SocketAddr,
    certificates: Certificates,
}

/// Where the listener's certificate comes from, and the one in use.
pub(super) struct Certificates {
    config: Arc<Config>,
    ca: Arc<Ca>,
    clock: Clock,
    tls: Option<Arc<ArcSwap<ServerConfig>>>,
    made: Mutex<Made>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    at: Timestamp,
    file: Option<SystemTime>,
}

/// Why a certificate is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Somebody said so.
    Explicitly,
    /// It is time to look whether it changed.
    ByTheClock,
}

impl Certificates {
    fn new(config: &Config, ca: &Arc<Ca>, clock: &Clock) -> anyhow::Result<Self> {
        let mut this = Self {
            config: Arc::new(config.clone()),
            ca: Arc::clone(ca),
            clock: clock.clone(),
            tls: None,
            made: Mutex::new(Made { at: clock.now(), file: None }),
        };
        if !config.console.listen.ip().is_loopback() || config.console.certificate.is_some() {
            let made = this.look();
            this.tls = Some(Arc::new(ArcSwap::from_pointee(this.make()?)));
            this.made = Mutex::new(made);
        }
        Ok(this)
    }

    /// Takes the certificate anew, if it changed, nears its end, or somebody asked.
    pub(super) fn reload(&self, asked: Asked) -> anyhow::Result<()> {
        let Some(tls) = &self.tls else { return Ok(()) };
        let now = self.look();
        let before = *self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let third = i64::try_from(SERVER_LIFE.as_secs() / 3).unwrap_or(i64::MAX);
        let is_own = self.config.console.certificate.is_none();
        let is_old = is_own && now.at.as_second() - before.at.as_second() >= third;
        if asked == Asked::ByTheClock && !is_old && now.file == before.file {
            return Ok(());
        }
        tls.store(Arc::new(self.make()?));
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = now;
        info!("the console has a new certificate");
        Ok(())
    }

    fn look(&self) -> Made {
        let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        let file = self.config.console.certificate.as_deref().and_then(changed);
        Made { at: self.clock.now(), file }
    }

    fn make(&self) -> anyhow::Result<ServerConfig> {
        let console = &self.config.console;
        let identity = match (&console.certificate, &console.key) {
            (Some(certificate), Some(key)) => given(certificate, key)?,
            _ if console.names.is_empty() => {
                self.ca.server(&self.config.gate.names, self.clock.now())?
            }
            _ => self.ca.server(&console.names, self.clock.now())?,
        };
        tls::console(identity, &self.clock).context("set up the console's TLS")
    }
}

fn given(certificate: &Path, key: &Path) -> anyhow::Result<tls::Identity> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("read {} for the console", path.display()))
    };
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} is not a certificate chain in PEM", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let key = PrivateKeyDer::from_pem_slice(&read(key)?)
        .with_context(|| format!("{} is not a private key in PEM", key.display()))?;
    Ok(tls::Identity { chain, key })
}

impl Console {
    /// Takes the socket and the certificate.
    pub(super) fn open(config: &Config, ca: &Arc<Ca>, clock: &Clock) -> anyhow::Result<Self> {
        let certificates = Certificates::new(config, ca, clock)?;
        let wanted = config.console.listen;
        let (listener, address) = bind(wanted).with_context(|| {
            format!(
                "the console cannot listen on {wanted}: choose another address with console.listen"
            )
        })?;
        Ok(Self { listener, address, certificates })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, as a person on this host types it.
    pub(super) fn url(&self) -> String {
        let scheme = if self.certificates.tls.is_some() { "https" } else { "http" };
        let config = &self.certificates.config;
        let names = config.console.names.iter().chain(&config.gate.names);
        match names.into_iter().next() {
            Some(name) if self.address.ip().is_unspecified() => {
                let name = match name.parse::<std::net::Ipv6Addr>() {
                    Ok(address) => format!("[{address}]"),
                    Err(_) => name.clone(),
                };
                format!("{scheme}://{name}:{}", self.address.port())
            }
            _ => format!("{scheme}://{}", self.address),
        }
    }

    /// Serves until the soft stop, in tasks of `life`.
    pub(super) fn serve(self, routes: Router, life: &Lifecycle) -> Certificates {
        let Self { listener, certificates, .. } = self;
        let tls = certificates.tls.clone();
        let own = life.clone();
        life.spawn(info_span!("console"), accept(listener, tls, routes, own));
        certificates
    }
}

/// Plain HTTP on an address of its own.
pub(super) struct Plain {
    listener: TcpListener,
    address: SocketAddr,
}

impl Plain {
    /// Takes the socket; `key` is the configuration's.
    pub(super) fn open(wanted: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let (listener, address) = bind(wanted).with_context(|| {
            format!("cannot listen on {wanted}: choose another address with {key}")
        })?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the soft stop, in tasks of `life`.
    pub(super) fn serve(self, routes: Router, life: &Lifecycle) {
        life.spawn(info_span!("metrics"), accept(self.listener, None, routes, life.clone()));
    }
}

fn bind(wanted: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(wanted)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn accept(
    listener: TcpListener,
    tls: Option<Arc<ArcSwap<ServerConfig>>>,
    routes: Router,
    life: Lifecycle,
) {
    let soft = life.soft();
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let slot = Arc::clone(&slots).acquire_owned();
        let Some(Ok(slot)) = soft.run_until_cancelled(slot).await else { return };
        let (stream, source) = match soft.run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                warn!(error = telemetry::chain(&error), "the console could not accept");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let acceptor = tls.as_ref().map(|tls| TlsAcceptor::from(tls.load_full()));
        let routes = routes.clone();
        let soft = soft.clone();
        life.spawn(Span::none(), async move {
            if let Err(error) = connection(stream, source, acceptor, routes, soft).await {
                debug!(%error, "a connection of the console ended");
            }
            drop(slot);
        });
    }
}

async fn connection(
    stream: TcpStream,
    source: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    routes: Router,
    soft: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    match acceptor {
        None => serve(stream, source, routes, soft).await,
        Some(acceptor) => {
            let stream = tokio::time::timeout(DEADLINE, acceptor.accept(stream)).await??;
            serve(stream, source, routes, soft).await
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    source: SocketAddr,
    routes: Router,
    soft: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    let routes = routes.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(source));
        request.map(axum::body::Body::new)
    });
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(DEADLINE);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(60)));
    let serving = server
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => Some(served),
        () = soft.cancelled() => None,
    };
    let served = match served {
        Some(served) => served,
        None => {
            serving.as_mut().graceful_shutdown();
            match tokio::time::timeout(LEAVING, serving).await {
                Ok(served) => served,
                Err(_) => return Ok(()),
            }
        }
    };
    served.map_err(|error| anyhow::anyhow!(error))
}
