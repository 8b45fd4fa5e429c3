//! A gate on a port of its own, and machines that enroll with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use befund_controller::bus::{Bus, Hint};
use befund_controller::ca::{Ca, RequestedKey};
use befund_controller::gate::{Gate, GateParts, Live};
use befund_controller::store::ingest::Ingest;
use befund_controller::store::repository::{Agents as _, Jobs as _, NewToken};
use befund_controller::store::{Store, StoreOptions};
use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, JobId, TokenId};
use befund_model::job::{Job, JobState, Work};
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::enrollment_client::EnrollmentClient;
use befund_proto::v1::link_client::LinkClient;
use befund_proto::{convert, v1};
use befund_runtime::clock::{self, Clock};
use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::tls;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

/// How long anything may take before a test gives up.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct TestGate {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) ca: Arc<Ca>,
    pub(crate) live: Live,
    pub(crate) address: SocketAddr,
    pub(crate) life: Lifecycle,
    pub(crate) certificates: befund_controller::gate::Certificates,
    folder: Arc<tempfile::TempDir>,
}

impl TestGate {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let ca = Arc::new(Ca::create(folder.path(), "Example", clock.now()).expect("a CA"));
        let url = format!("sqlite:{}", folder.path().join("befund.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.expect("a store");
        Self::start_on(Arc::new(folder), clock, ca, store).await
    }

    /// Another controller's gate, on the same database.
    pub(crate) async fn neighbour(&self) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), self.clock.clone());
        Self::start_on(folder, clock, Arc::clone(&self.ca), self.store.clone()).await
    }

    async fn start_on(
        folder: Arc<tempfile::TempDir>,
        clock: Clock,
        ca: Arc<Ca>,
        store: Store,
    ) -> Self {
        let bus = Bus::default();
        let life = Lifecycle::new();
        let (ingest, writer) = Ingest::new(store.clone(), clock.clone());
        life.spawn(tracing::Span::none(), writer);
        let gate = Gate::open(GateParts {
            store: store.clone(),
            ingest,
            bus: bus.clone(),
            clock: clock.clone(),
            ca: Arc::clone(&ca),
            listen: "127.0.0.1:0".parse().expect("an address"),
            names: vec!["127.0.0.1".to_owned()],
            organisation: "Example".to_owned(),
            heartbeat_seconds: 30,
        })
        .await
        .expect("a gate");
        let (address, live) = (gate.address(), gate.live());
        let certificates = gate.serve(&life);
        Self { store, bus, clock, ca, live, address, life, certificates, folder }
    }

    pub(crate) fn by() -> By {
        By { actor: Actor::System, source: "local".to_owned() }
    }

    pub(crate) async fn token(&self, uses: u32, seconds: i64) -> (TokenId, [u8; 32]) {
        let now = self.clock.now();
        let id = TokenId::new(now, clock::random());
        let secret: [u8; 32] = clock::random();
        let hash = ring::digest::digest(&ring::digest::SHA256, &secret);
        let token = NewToken {
            id,
            secret_hash: hash.as_ref().try_into().expect("32 bytes"),
            uses,
            expires_at: Timestamp::from_second(now.as_second() + seconds).expect("a time"),
            group: String::new(),
            network: String::new(),
        };
        self.store.create_token(token, &Self::by(), now).await.expect("a token");
        (id, secret)
    }

    /// A channel, with an identity or without.
    pub(crate) async fn channel(
        &self,
        identity: Option<tls::Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        let config = tls::client(self.ca.pin(), &self.clock, identity).expect("a TLS client");
        channel(self.address, config).await
    }

    pub(crate) async fn stranger(&self) -> EnrollmentClient<Channel> {
        EnrollmentClient::new(self.channel(None).await.expect("a connection"))
    }

    /// Enrolls a machine.
    pub(crate) async fn enroll(&self) -> Machine {
        let (id, secret) = self.token(1, 600).await;
        let key = KeyPair::generate().expect("a key");
        let request = enroll_request(id, secret, &key);
        let certificate =
            self.stranger().await.enroll(request).await.expect("enrolled").into_inner();
        Machine::new(key, &certificate)
    }

    /// A certificate that the CA never gave out by itself: for another time, another span.
    pub(crate) fn forge(&self, agent: AgentId, at: Timestamp, life: Duration) -> Machine {
        let key = KeyPair::generate().expect("a key");
        let requested = RequestedKey::from_request(&csr(&key)).expect("a key");
        let issued = self.ca.issue_for(agent, &requested, at, life).expect("a certificate");
        Machine { agent, key, chain: issued.chain }
    }

    /// Starts a job and tells the gate.
    pub(crate) async fn order(&self, agent: AgentId) -> JobId {
        let now = self.clock.now();
        let job = Job {
            id: JobId::new(now, clock::random()),
            agent,
            ticket: None,
            work: Work::Probe("net.dns".to_owned()),
            parameters: serde_json::json!({}),
            state: JobState::Waiting,
            created_by: "ada".to_owned(),
            created_at: now,
            deadline: Timestamp::from_second(now.as_second() + 600).expect("a time"),
            ended_at: None,
            outcome: None,
            runbook: None,
        };
        let started = self.store.start(&job, &Self::by(), now).await.expect("a job");
        self.bus.tell(Hint::Order(agent, started.job.id));
        job.id
    }

    pub(crate) async fn stop(self) {
        let drained = self.life.drain(DEADLINE).await;
        assert_eq!(drained, befund_runtime::lifecycle::Drained::Cleanly);
        self.store.close().await;
    }
}

/// A machine with an identity.
pub(crate) struct Machine {
    pub(crate) agent: AgentId,
    pub(crate) key: KeyPair,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

impl Machine {
    pub(crate) fn new(key: KeyPair, certificate: &v1::Certificate) -> Self {
        let agent = AgentId::from_slice(&certificate.agent_id).expect("an agent id");
        let chain = certificate.chain.iter().map(|der| der.to_vec().into()).collect();
        Self { agent, key, chain }
    }

    pub(crate) fn identity(&self) -> tls::Identity {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        tls::Identity { chain: self.chain.clone(), key }
    }

    pub(crate) async fn link(&self, gate: &TestGate) -> LinkClient<Channel> {
        LinkClient::new(gate.channel(Some(self.identity())).await.expect("a connection"))
    }

    /// Opens a session and is welcomed.
    pub(crate) async fn session(&self, gate: &TestGate) -> TestSession {
        let mut session = TestSession::open(self.link(gate).await).await.expect("a session");
        session.greet().await;
        session
    }
}

/// The machine's end of a session.
pub(crate) struct TestSession {
    pub(crate) say: mpsc::Sender<v1::AgentMessage>,
    pub(crate) hear: Streaming<v1::ControllerMessage>,
}

impl TestSession {
    pub(crate) async fn open(mut link: LinkClient<Channel>) -> Result<Self, Status> {
        let (say, said) = mpsc::channel(64);
        let hear = link.session(ReceiverStream::new(said)).await?.into_inner();
        Ok(Self { say, hear })
    }

    pub(crate) async fn greet(&mut self) {
        self.say(Said::Hello(v1::Hello { facts: Some(facts()), ..v1::Hello::default() })).await;
        match self.next().await {
            Ok(Some(Heard::Welcome(welcome))) => assert_eq!(welcome.organisation, "Example"),
            other => panic!("{other:?} instead of a welcome"),
        }
    }

    pub(crate) async fn say(&self, body: Said) {
        self.say.send(v1::AgentMessage { body: Some(body) }).await.expect("said");
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Heard>, Status> {
        let message = tokio::time::timeout(DEADLINE, self.hear.message()).await;
        Ok(message.expect("an answer in time")?.and_then(|message| message.body))
    }

    /// Waits for the goodbye and the end of the stream.
    pub(crate) async fn goodbye(mut self) -> v1::goodbye::Reason {
        loop {
            match self.next().await {
                Ok(Some(Heard::Goodbye(goodbye))) => {
                    assert!(matches!(self.next().await, Ok(None)), "nothing follows a goodbye");
                    return goodbye.reason();
                }
                Ok(Some(_)) => {}
                other => panic!("{other:?} instead of a goodbye"),
            }
        }
    }
}

pub(crate) async fn channel(
    address: SocketAddr,
    mut config: rustls::ClientConfig,
) -> Result<Channel, tonic::transport::Error> {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let connector = tower::service_fn(move |_: http::Uri| {
        let config = Arc::clone(&config);
        async move {
            let tcp = tokio::net::TcpStream::connect(address).await?;
            let name = ServerName::from(address.ip());
            let tls = tokio_rustls::TlsConnector::from(config).connect(name, tcp).await?;
            Ok::<_, std::io::Error>(TokioIo::new(tls))
        }
    });
    Endpoint::from_static("http://gate").connect_with_connector(connector).await
}

pub(crate) fn csr(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).expect("a request").der().to_vec()
}

pub(crate) fn facts() -> v1::Facts {
    v1::Facts {
        host_name: "pc-1".to_owned(),
        os: "Testix 1".to_owned(),
        agent_version: "0.1.0".to_owned(),
    }
}

pub(crate) fn enroll_request(id: TokenId, secret: [u8; 32], key: &KeyPair) -> v1::EnrollRequest {
    v1::EnrollRequest {
        token_id: convert::id::bytes(id.as_bytes()),
        token_secret: convert::id::bytes(&secret),
        csr: csr(key).into(),
        facts: Some(facts()),
    }
}
