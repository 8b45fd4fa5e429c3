//! The private CA: a root that is only ever used to sign intermediates, an issuing intermediate, and
//! the short-lived certificates of agents and of this controller's own listeners.
//!
//! Requests are asked for nothing but their key: what a machine is called is decided here.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_model::token::CaPin;
use befund_runtime::tls::{self, Identity};
use rcgen::{Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

mod files;
mod profile;
mod request;

pub use request::{InvalidRequest, MAX_REQUEST_BYTES, RequestedKey};

/// How long an agent's certificate lasts.
pub const AGENT_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long a certificate of the controller's own listeners lasts; made anew at a third of it.
pub const SERVER_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How far each certificate reaches back, for clocks that are behind.
pub const BACKDATED: Duration = Duration::from_secs(3600);

/// Why the CA could not do it.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A certificate could not be made.
    #[error("the CA could not make {what}")]
    Make {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A file of the CA could not be read or written.
    #[error("the CA could not {operation} {path}")]
    File {
        /// What was attempted.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the CA is damaged.
    #[error("{path} is damaged: {problem}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A time outside of what certificates can say.
    #[error("the clock says {0}, which no certificate can carry: set the clock")]
    Clock(Timestamp),
    /// A name that cannot stand in a certificate.
    #[error("{0:?} is neither a host name nor an IP address and cannot stand in a certificate")]
    Name(String),
}

/// A certificate for an agent.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Leaf, intermediate, root.
    pub chain: Vec<CertificateDer<'static>>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

/// A certificate and its key.
struct Signer {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    not_after: Timestamp,
}

/// The CA, with its keys in memory.
///
/// Rotation to come: a second intermediate beside the first is trusted as well, since it hangs off
/// the same root; the one named by the highest number issues.
pub struct Ca {
    root: CertificateDer<'static>,
    pin: CaPin,
    issuing: Signer,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").field("pin", &self.pin).finish_non_exhaustive()
    }
}

impl Ca {
    /// Makes root and intermediate and writes them into `folder`, which must not hold any yet.
    ///
    /// # Errors
    /// If a file is there already or cannot be written.
    pub fn create(
        folder: &std::path::Path,
        organisation: &str,
        now: Timestamp,
    ) -> Result<Self, CaError> {
        let made = |what| move |source| CaError::Make { what, source };
        let root_key = generate()?;
        let root_params = profile::root(organisation, now)?;
        let root =
            root_params.self_signed(&root_key).map_err(made("its root certificate"))?.der().clone();
        let root_issuer = Issuer::new(root_params, root_key);
        let issuing_key = generate()?;
        let issuing = profile::intermediate(organisation, now)?
            .signed_by(&issuing_key, &root_issuer)
            .map_err(made("its intermediate certificate"))?;
        files::create(folder, "root", &root, root_issuer.key())?;
        files::create(folder, "issuing-1", issuing.der(), &issuing_key)?;
        Self::load(folder)
    }

    /// Reads what [`create`](Self::create) wrote.
    ///
    /// # Errors
    /// If a file is missing, may not be read, or is damaged.
    pub fn load(folder: &std::path::Path) -> Result<Self, CaError> {
        let root = files::certificate(folder, "root")?;
        let pin = tls::pin_of(&root).map_err(|error| CaError::Damaged {
            path: folder.join("root.crt"),
            problem: error.to_string(),
        })?;
        let name = files::newest_issuing(folder)?;
        let certificate = files::certificate(folder, &name)?;
        let key = files::key(folder, &name)?;
        let path = folder.join(format!("{name}.crt"));
        let damaged = |problem: String| CaError::Damaged { path: path.clone(), problem };
        let not_after = profile::ends(&certificate).map_err(damaged)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(Self { root, pin, issuing: Signer { certificate, issuer, not_after } })
    }

    /// The pin that machines trust: the hash of the root's key.
    #[must_use]
    pub const fn pin(&self) -> CaPin {
        self.pin
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// When the issuing intermediate ends.
    #[must_use]
    pub const fn issuing_ends(&self) -> Timestamp {
        self.issuing.not_after
    }

    /// The intermediate, then the root.
    #[must_use]
    pub fn authorities(&self) -> [CertificateDer<'static>; 2] {
        [self.issuing.certificate.clone(), self.root.clone()]
    }

    /// A certificate for an agent's key.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn issue(
        &self,
        agent: AgentId,
        key: &RequestedKey,
        now: Timestamp,
    ) -> Result<Issued, CaError> {
        self.issue_for(agent, key, now, AGENT_LIFE)
    }

    /// As [`issue`](Self::issue), for another span: tests need certificates that end.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn issue_for(
        &self,
        agent: AgentId,
        key: &RequestedKey,
        now: Timestamp,
        life: Duration,
    ) -> Result<Issued, CaError> {
        let span = profile::Span::from(now, life, self.issuing.not_after)?;
        let leaf = profile::agent(agent, span)?
            .signed_by(key.public_key(), &self.issuing.issuer)
            .map_err(|source| CaError::Make { what: "an agent's certificate", source })?;
        let [intermediate, root] = self.authorities();
        Ok(Issued {
            chain: vec![leaf.der().clone(), intermediate, root],
            not_before: span.not_before,
            not_after: span.not_after,
        })
    }

    /// A certificate, with a key of its own, for a listener of this controller.
    ///
    /// # Errors
    /// If a name cannot stand in a certificate.
    pub fn server(&self, names: &[String], now: Timestamp) -> Result<Identity, CaError> {
        let key = generate()?;
        let span = profile::Span::from(now, SERVER_LIFE, self.issuing.not_after)?;
        let leaf = profile::server(names, span)?
            .signed_by(&key, &self.issuing.issuer)
            .map_err(|source| CaError::Make { what: "a listener's certificate", source })?;
        let [intermediate, root] = self.authorities();
        Ok(Identity {
            chain: vec![leaf.der().clone(), intermediate, root],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }

    /// Signs a message with the intermediate's key: ECDSA P-256 with SHA-256, ASN.1.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaError> {
        self.issuing
            .issuer
            .key()
            .sign(message)
            .map_err(|source| CaError::Make { what: "a signature", source })
    }
}

/// Whether a text can stand in a certificate as a host's name or address.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || rustls_pki_types::DnsName::try_from(text).is_ok()
}

fn generate() -> Result<KeyPair, CaError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map_err(|source| CaError::Make { what: "a key", source })
}

#[cfg(test)]
mod tests;
