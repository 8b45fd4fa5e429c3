//! Handshakes between the configurations that agents, tools and the gate use, over a pipe in memory.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::sync::Arc;

use befund_model::id::AgentId;
use befund_model::token::CaPin;
use befund_runtime::clock::{Clock, random};
use befund_runtime::tls::{self, Identity};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};

/// A root and what it issues.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    fn pin(&self) -> CaPin {
        tls::pin_of(&self.root).unwrap()
    }

    fn issue(&self, names: Vec<SanType>, usage: ExtendedKeyUsagePurpose, hours: i64) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        let now = Clock::system().now().as_second();
        params.not_before = time::OffsetDateTime::from_unix_timestamp(now - 3600).unwrap();
        params.not_after = time::OffsetDateTime::from_unix_timestamp(now + hours * 3600).unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Identity {
            chain: vec![leaf, self.root.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    fn server(&self) -> Identity {
        let name = SanType::DnsName("gate.test".try_into().unwrap());
        self.issue(vec![name], ExtendedKeyUsagePurpose::ServerAuth, 24)
    }

    fn agent(&self, id: AgentId, hours: i64) -> Identity {
        let name = SanType::URI(tls::agent_uri(id).try_into().unwrap());
        self.issue(vec![name], ExtendedKeyUsagePurpose::ClientAuth, hours)
    }

    fn gate(&self) -> ServerConfig {
        tls::gate(self.server(), self.root.clone(), &Clock::system()).unwrap()
    }
}

/// What the gate knows of the peer once both sides are through, or why one of them refused.
async fn handshake(
    client: ClientConfig,
    server: ServerConfig,
) -> Result<Option<tls::Peer>, String> {
    let (near, far) = tokio::io::duplex(64 << 10);
    let name = ServerName::try_from("gate.test").unwrap();
    let connecting = tokio_rustls::TlsConnector::from(Arc::new(client)).connect(name, near);
    let accepting = tokio_rustls::TlsAcceptor::from(Arc::new(server)).accept(far);
    let (connected, accepted) = tokio::join!(connecting, accepting);
    connected.map_err(|error| error.to_string())?;
    let accepted = accepted.map_err(|error| error.to_string())?;
    let leaf = accepted.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    Ok(leaf.map(|leaf| tls::peer_of(leaf).unwrap()))
}

fn agent_id() -> AgentId {
    AgentId::new(Timestamp::UNIX_EPOCH, random())
}

#[tokio::test]
async fn an_agent_of_the_ca_is_known_by_its_certificate() {
    let ca = Authority::new();
    let id = agent_id();
    let client = tls::client(ca.pin(), &Clock::system(), Some(ca.agent(id, 24))).unwrap();
    let peer = handshake(client, ca.gate()).await.unwrap().unwrap();
    assert_eq!(peer.agent, id);
}

#[tokio::test]
async fn a_machine_without_a_certificate_is_let_in_as_nobody() {
    let ca = Authority::new();
    let client = tls::client(ca.pin(), &Clock::system(), None).unwrap();
    assert_eq!(handshake(client, ca.gate()).await, Ok(None));
}

#[tokio::test]
async fn a_controller_of_another_ca_is_refused_with_both_pins() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let client = tls::client(ours.pin(), &Clock::system(), None).unwrap();
    let refusal = handshake(client, theirs.gate()).await.unwrap_err();
    assert!(refusal.contains(&ours.pin().to_string()), "{refusal}");
    assert!(refusal.contains(&theirs.pin().to_string()), "{refusal}");
}

#[tokio::test]
async fn an_agent_of_another_ca_is_refused() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let stranger = theirs.agent(agent_id(), 24);
    let client = tls::client(ours.pin(), &Clock::system(), Some(stranger)).unwrap();
    assert!(handshake(client, ours.gate()).await.is_err());
}

#[tokio::test]
async fn an_expired_agent_is_refused() {
    let ca = Authority::new();
    let late = ca.agent(agent_id(), 0);
    let client = tls::client(ca.pin(), &Clock::system(), Some(late)).unwrap();
    let clock = Clock::system();
    clock.correct_by(3_600_000);
    let gate = tls::gate(ca.server(), ca.root.clone(), &clock).unwrap();
    assert!(handshake(client, gate).await.is_err());
}

#[tokio::test]
async fn a_server_certificate_serves_no_agent() {
    let ca = Authority::new();
    let client = tls::client(ca.pin(), &Clock::system(), Some(ca.server())).unwrap();
    assert!(handshake(client, ca.gate()).await.is_err());
}

#[tokio::test]
async fn a_wrong_clock_fails_until_it_is_corrected_and_can_always_ask_the_time() {
    let ca = Authority::new();
    let wrong = Clock::system();
    wrong.correct_by(-10 * 24 * 3_600_000);
    let client = tls::client(ca.pin(), &wrong, None).unwrap();
    assert!(handshake(client, ca.gate()).await.is_err());

    let asking = tls::client_for_time(ca.pin(), &wrong).unwrap();
    assert_eq!(handshake(asking, ca.gate()).await, Ok(None));
    let elsewhere = tls::client_for_time(Authority::new().pin(), &wrong).unwrap();
    assert!(handshake(elsewhere, ca.gate()).await.is_err());

    wrong.correct_by(0);
    let client = tls::client(ca.pin(), &wrong, None).unwrap();
    assert_eq!(handshake(client, ca.gate()).await, Ok(None));
}

#[test]
fn a_certificate_that_names_more_than_one_agent_names_none() {
    let ca = Authority::new();
    let uri = |id| SanType::URI(tls::agent_uri(id).try_into().unwrap());
    let two = vec![uri(agent_id()), uri(agent_id())];
    let identity = ca.issue(two, ExtendedKeyUsagePurpose::ClientAuth, 24);
    assert!(tls::peer_of(&identity.chain[0]).is_err());
    assert!(tls::peer_of(&ca.server().chain[0]).is_err());
}
