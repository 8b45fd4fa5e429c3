//! The gate: what agents talk to. Judges identities, holds the sessions, hands out orders, takes in
//! results and snapshots. Deliberately without rules about tickets or people.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use befund_model::Timestamp;
use befund_proto::v1::enrollment_server::EnrollmentServer;
use befund_proto::v1::goodbye;
use befund_proto::v1::link_server::LinkServer;
use befund_proto::{MAX_ENROLLMENT_BYTES, MAX_MESSAGE_BYTES, v1};
use befund_runtime::clock::Clock;
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::{telemetry, tls};
use tokio::net::TcpListener;
use tonic_health::server::{HealthReporter, HealthService};
use tracing::{info_span, warn};

use crate::bus::Bus;
use crate::ca::{Ca, CaError};
use crate::store::Store;
use crate::store::ingest::Ingest;
use crate::store::repository::{Agents as _, StoreError};

mod catalogue;
mod connection;
mod dispatch;
mod door;
mod enrollment;
mod facts;
mod hints;
mod limiter;
mod link;
mod listener;
mod live;
mod mailbox;
mod pickup;
mod presence;
mod recovery;
mod revoked;
mod roots;
mod serving;
mod session;
mod upload;

#[doc(hidden)]
pub use session::fuzzing as fuzzing_session;
#[doc(hidden)]
pub use upload::fuzzing as fuzzing_upload;

pub use live::Live;

/// How often presence is written.
const FLUSH: Duration = Duration::from_secs(5);
/// How often connections are looked through for what has ended.
const SWEEP: Duration = Duration::from_secs(1);
/// How often the database is asked for revocations that were told elsewhere.
const REVOCATIONS: Duration = Duration::from_secs(2);
/// How many machines' presence is written in one transaction.
const FLUSHED_AT_ONCE: usize = 1_024;
/// How long sessions have to hear that the controller stops.
const LEAVING: Duration = Duration::from_secs(2);

/// Why the gate does not open.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The address is taken, or may not be used.
    #[error("the gate cannot listen on {address}: choose another address with gate.listen")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its certificate cannot be made.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// Its TLS cannot be set up.
    #[error("the gate's TLS cannot be set up")]
    Tls(#[from] tls::TlsError),
    /// The revoked identities cannot be read.
    #[error("the gate cannot read which identities were revoked")]
    Store(#[from] StoreError),
}

/// What the gate works with.
#[derive(Debug)]
pub struct GateParts {
    /// The one door to the database.
    pub store: Store,
    /// The way in for snapshots.
    pub ingest: Ingest,
    /// Hints.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// The CA.
    pub ca: Arc<Ca>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The names in its certificate.
    pub names: Vec<String>,
    /// The organisation, for screens.
    pub organisation: String,
    /// How often agents say that they are there, seconds.
    pub heartbeat_seconds: u32,
}

/// What all parts of the gate share.
struct Shared {
    store: Store,
    ingest: Ingest,
    bus: Bus,
    clock: Clock,
    ca: Arc<Ca>,
    organisation: String,
    heartbeat_seconds: u32,
    live: Live,
    connections: connection::Connections,
    revoked: revoked::Revoked,
    heard: presence::Heard,
    pickup: pickup::Pickup,
    roots: roots::Roots,
    current: catalogue::Current,
    room: upload::Room,
    failures: limiter::Limiter,
    asked_time: limiter::Limiter,
}

impl Shared {
    fn welcome(&self, now: Timestamp) -> v1::Welcome {
        let (catalogue, root_version) = self.current.told();
        v1::Welcome {
            controller_version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: vec!["delta".to_owned()],
            organisation: self.organisation.clone(),
            heartbeat_seconds: self.heartbeat_seconds,
            clock: now.as_millisecond(),
            catalogue,
            root_version,
        }
    }
}

/// A gate that listens and does not serve yet.
pub struct Gate {
    shared: Arc<Shared>,
    listener: TcpListener,
    address: SocketAddr,
    names: Vec<String>,
    tls: Arc<ArcSwap<rustls::ServerConfig>>,
}

impl Gate {
    /// Takes the socket and reads who was revoked. Nothing is answered before [`serve`](Self::serve).
    ///
    /// # Errors
    /// If the address is taken, or the CA or the store do not answer.
    pub async fn open(parts: GateParts) -> Result<Self, GateError> {
        let GateParts { store, ingest, bus, clock, ca, listen, names, .. } = parts;
        let revoked = revoked::Revoked::default();
        revoked.merge(&store.revoked().await?);
        let config = server_config(&ca, &names, &clock)?;
        let bound = listener::bind(listen).and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) =
            bound.map_err(|source| GateError::Bind { address: listen, source })?;
        let shared = Arc::new(Shared {
            store,
            ingest,
            bus,
            clock,
            ca,
            organisation: parts.organisation,
            heartbeat_seconds: parts.heartbeat_seconds,
            live: Live::default(),
            connections: connection::Connections::default(),
            revoked,
            heard: presence::Heard::default(),
            pickup: pickup::Pickup::default(),
            roots: roots::Roots::default(),
            current: catalogue::Current::default(),
            room: upload::Room::default(),
            failures: limiter::Limiter::new(30, 0.5),
            asked_time: limiter::Limiter::new(100, 20.0),
        });
        catalogue::look(&shared).await;
        let tls = Arc::new(ArcSwap::from_pointee(config));
        Ok(Self { shared, listener, address, names, tls })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who is connected.
    #[must_use]
    pub fn live(&self) -> Live {
        self.shared.live.clone()
    }

    /// Serves until the soft stop, in tasks of `life`. The handle exchanges its certificate.
    pub fn serve(self, life: &Lifecycle) -> Certificates {
        let Self { shared, listener, names, tls, .. } = self;
        let certificates = Certificates {
            ca: Arc::clone(&shared.ca),
            clock: shared.clock.clone(),
            names,
            tls: Arc::clone(&tls),
        };
        let acceptor = listener::Acceptor {
            listener,
            tls,
            connections: shared.connections.clone(),
            clock: shared.clock.clone(),
            life: life.clone(),
        };
        let door = door::Door {
            shared: Arc::clone(&shared),
            enrollment: EnrollmentServer::new(enrollment::EnrollmentService {
                shared: Arc::clone(&shared),
            })
            .max_decoding_message_size(MAX_ENROLLMENT_BYTES),
            link: LinkServer::new(link::LinkService { shared: Arc::clone(&shared) })
                .max_decoding_message_size(MAX_MESSAGE_BYTES),
            health: tonic_health::pb::health_server::HealthServer::new(
                HealthService::from_health_reporter(HealthReporter::new()),
            )
            .max_decoding_message_size(MAX_MESSAGE_BYTES),
        };
        let serving = serving::Serving { door, life: life.clone() };
        life.spawn(info_span!("gate"), acceptor.run(move |stream| serving.begin(stream)));
        chores(&shared, life);
        certificates
    }
}

/// What the gate does beside answering.
fn chores(shared: &Arc<Shared>, life: &Lifecycle) {
    let soft = life.soft();
    let each = || (Arc::clone(shared), soft.clone());
    let (s, stop) = each();
    // From now on, not from when the task first runs.
    let hints = s.bus.listen();
    life.spawn(info_span!("gate hints"), async move {
        stop.run_until_cancelled(hints::run(&s, hints)).await;
    });
    let (s, stop) = each();
    life.spawn(info_span!("gate leaves"), async move {
        stop.cancelled().await;
        for mailbox in s.live.mailboxes() {
            mailbox.end(goodbye::Reason::Stopping);
        }
        // In time or not, what is left is cut.
        let _ = tokio::time::timeout(LEAVING, s.connections.ended()).await;
        s.connections.cut_all();
    });
    let (s, stop) = each();
    life.spawn(info_span!("gate pickup"), async move {
        stop.run_until_cancelled(pickup::run(&s)).await;
    });
    let (s, stop) = each();
    life.spawn(info_span!("gate sweep"), async move {
        let mut tick = tokio::time::interval(SWEEP);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            s.connections.sweep(s.clock.now());
        }
    });
    let (s, stop) = each();
    life.spawn(info_span!("gate revocations"), async move {
        let mut tick = tokio::time::interval(REVOCATIONS);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            hints::look_for_revoked(&s).await;
            hints::look_for_catalogue(&s).await;
        }
    });
    let (s, stop) = each();
    life.spawn(info_span!("gate presence"), async move {
        let mut tick = tokio::time::interval(FLUSH);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            flush(&s).await;
        }
        flush(&s).await;
    });
}

async fn flush(shared: &Shared) {
    let mut presence = shared.heard.take();
    while !presence.is_empty() {
        let rest = presence.split_off(presence.len().min(FLUSHED_AT_ONCE));
        if let Err(error) = shared.store.flush_presence(&presence).await {
            warn!(error = telemetry::chain(&error), "could not write who is there");
            shared.heard.give_back(presence);
            shared.heard.give_back(rest);
            return;
        }
        presence = rest;
    }
}

/// Exchanges the gate's certificate while it serves.
#[derive(Debug)]
pub struct Certificates {
    ca: Arc<Ca>,
    clock: Clock,
    names: Vec<String>,
    tls: Arc<ArcSwap<rustls::ServerConfig>>,
}

impl Certificates {
    /// Puts a new certificate in the place of the old one; connections go on.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn renew(&self) -> Result<(), GateError> {
        self.tls.store(Arc::new(server_config(&self.ca, &self.names, &self.clock)?));
        Ok(())
    }
}

fn server_config(
    ca: &Ca,
    names: &[String],
    clock: &Clock,
) -> Result<rustls::ServerConfig, GateError> {
    let identity = ca.server(names, clock.now())?;
    Ok(tls::gate(identity, ca.root().clone(), clock)?)
}
