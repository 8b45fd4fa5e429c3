//! TLS 1.3 with the private CA: whom a client trusts, whom the gate lets in, and who a peer is.
//!
//! Clients trust one thing: a root whose public key has the pinned hash, presented by the server
//! itself at the end of its chain. Neither side uses the system's root certificates.

use std::sync::Arc;

use befund_model::id::AgentId;
use befund_model::token::CaPin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, OtherError,
    RootCertStore, ServerConfig, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::clock::Clock;

/// What an agent's certificate says of it: `befund://agent/<agent id>` as the only URI.
const AGENT_URI: &str = "befund://agent/";

/// A TLS configuration that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or key that rustls does not take.
    #[error("the TLS configuration could not be made")]
    Rustls(#[from] rustls::Error),
    /// The roots make no verifier.
    #[error("the client verifier could not be made from the CA's root")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// A certificate that cannot be read.
    #[error("a certificate could not be read: {0}")]
    Certificate(String),
}

/// A certificate chain (leaf first) and the leaf's key.
#[derive(Debug)]
pub struct Identity {
    /// The chain, DER.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key, PKCS#8 DER.
    pub key: PrivateKeyDer<'static>,
}

/// The one cryptographic provider of all of Befund: ring.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The client side, for an agent (with its identity once it has one) or an operator's tool (without).
///
/// # Errors
/// If the identity's key does not fit its certificate.
pub fn client(
    pin: CaPin,
    clock: &Clock,
    identity: Option<Identity>,
) -> Result<ClientConfig, TlsError> {
    let identity = identity.map(|Identity { mut chain, key }| {
        // The gate has the root, and would keep what it is shown for as long as the connection lives.
        chain.retain(|certificate| pin_of(certificate).ok() != Some(pin));
        Identity { chain, key }
    });
    client_with(Pinned::new(pin, Validity::Checked), clock, identity)
}

/// The client side for asking the time: the server's certificate is checked against the pin, but
/// not against the clock, which is what is in doubt.
///
/// # Errors
/// Never in practice.
pub fn client_for_time(pin: CaPin, clock: &Clock) -> Result<ClientConfig, TlsError> {
    client_with(Pinned::new(pin, Validity::Ignored), clock, None)
}

fn client_with(
    verifier: Pinned,
    clock: &Clock,
    identity: Option<Identity>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_details(provider(), time_of(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key)?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The gate's side: agents of this CA with a certificate, and machines that have none yet. Session
/// tickets are off: a resumed session would restore an identity that was revoked meanwhile.
///
/// # Errors
/// If the chain or the root is not usable.
pub fn gate(
    identity: Identity,
    root: CertificateDer<'static>,
    clock: &Clock,
) -> Result<ServerConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(root)?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()?;
    let mut config = ServerConfig::builder_with_details(provider(), time_of(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(clients)
        .with_single_cert(identity.chain, identity.key)?;
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// The console's and the API's side: no client certificates, HTTP/1.1 and HTTP/2.
///
/// # Errors
/// If the chain is not usable.
pub fn console(identity: Identity, clock: &Clock) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_details(provider(), time_of(clock))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The URI that an agent's certificate carries.
#[must_use]
pub fn agent_uri(id: AgentId) -> String {
    format!("{AGENT_URI}{id}")
}

/// Who the peer is, from its verified leaf certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The agent.
    pub agent: AgentId,
    /// The certificate's serial number, as its bytes.
    pub serial: Vec<u8>,
    /// When the certificate ends, Unix seconds.
    pub not_after: i64,
    /// The leaf's SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
}

/// Reads who an agent is from its leaf certificate, which the handshake has already verified.
///
/// # Errors
/// If the certificate names no agent, or more than one thing.
pub fn peer_of(leaf: &CertificateDer<'_>) -> Result<Peer, TlsError> {
    let (_, certificate) = X509Certificate::from_der(leaf)
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|error| TlsError::Certificate(error.to_string()))?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    let [x509_parser::extensions::GeneralName::URI(uri)] = names else {
        return Err(TlsError::Certificate("it does not name exactly one agent".to_owned()));
    };
    let agent = uri
        .strip_prefix(AGENT_URI)
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| TlsError::Certificate(format!("{uri:?} is not an agent")))?;
    Ok(Peer {
        agent,
        serial: certificate.raw_serial().to_vec(),
        not_after: certificate.validity().not_after.timestamp(),
        public_key: certificate.public_key().raw.to_vec(),
    })
}

/// The pin of a root certificate: SHA-256 of its SubjectPublicKeyInfo.
///
/// # Errors
/// If it is not a certificate.
pub fn pin_of(root: &CertificateDer<'_>) -> Result<CaPin, TlsError> {
    let (_, certificate) = X509Certificate::from_der(root)
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate.public_key().raw);
    let bytes = digest.as_ref().try_into().expect("SHA-256 has 32 bytes");
    Ok(CaPin(bytes))
}

fn time_of(clock: &Clock) -> Arc<dyn TimeProvider> {
    #[derive(Debug)]
    struct Corrected(Clock);

    impl TimeProvider for Corrected {
        fn current_time(&self) -> Option<UnixTime> {
            let seconds = u64::try_from(self.0.now().as_second()).ok()?;
            Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
        }
    }

    Arc::new(Corrected(clock.clone()))
}

/// The chain that a server presented does not end in the pinned root.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the server's CA is not the expected one (its pin is {presented}, expected {expected}); this may be another controller, or somebody between you and it"
)]
pub struct WrongPin {
    presented: String,
    expected: CaPin,
}

#[derive(Debug, Clone, Copy)]
enum Validity {
    Checked,
    Ignored,
}

/// Trusts the root whose key has the pinned hash, if the server presents it.
#[derive(Debug)]
struct Pinned {
    pin: CaPin,
    validity: Validity,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn new(pin: CaPin, validity: Validity) -> Self {
        Self { pin, validity, provider: provider() }
    }

    fn root<'a>(
        &self,
        intermediates: &'a [CertificateDer<'a>],
    ) -> Result<CertificateDer<'a>, rustls::Error> {
        let presented =
            intermediates.last().and_then(|root| pin_of(root).ok().map(|pin| (root, pin)));
        match presented {
            Some((root, pin)) if pin == self.pin => Ok(root.clone()),
            other => Err(CertificateError::Other(OtherError(Arc::new(WrongPin {
                presented: other.map_or_else(|| "none".to_owned(), |(_, pin)| pin.to_string()),
                expected: self.pin,
            })))
            .into()),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root(intermediates)?.into_owned())?;
        let now = match self.validity {
            Validity::Checked => now,
            Validity::Ignored => middle_of(end_entity).unwrap_or(now),
        };
        rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&self.provider),
        )
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?
        .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// A moment at which this certificate is valid.
fn middle_of(certificate: &CertificateDer<'_>) -> Option<UnixTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let validity = certificate.validity();
    let middle = i64::midpoint(validity.not_before.timestamp(), validity.not_after.timestamp());
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(middle).ok()?)))
}
