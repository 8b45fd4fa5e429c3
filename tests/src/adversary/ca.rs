//! The CA that a real controller made, read from its data folder as whoever broke into it would: it makes certificates that
//! every machine of that controller believes. Not the listener that uses them.

use std::path::Path;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_proto::convert::id;
use befund_proto::v1;
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use bytes::Bytes;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose, Issuer, KeyPair,
    SanType, SigningKey as _,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How long a certificate is good.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The keys of somebody else's CA.
pub struct StolenCa {
    root: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for StolenCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StolenCa").finish_non_exhaustive()
    }
}

impl StolenCa {
    /// That of this data folder.
    ///
    /// # Panics
    /// If it is not the folder of a controller.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        let read = |name: &str| std::fs::read(data.join("ca").join(name)).expect("read the CA");
        let certificate =
            |name: &str| CertificateDer::from_pem_slice(&read(name)).expect("a certificate");
        let key = String::from_utf8(read("issuing-1.key")).expect("PEM is text");
        let key = KeyPair::from_pem(&key).expect("a key");
        let intermediate = certificate("issuing-1.crt");
        let issuer = Issuer::from_ca_cert_der(&intermediate, key).expect("an issuer");
        Self { root: certificate("root.crt"), intermediate, issuer }
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// What a listener on this machine presents.
    ///
    /// # Panics
    /// Never: the names are good.
    #[must_use]
    pub fn listener(&self) -> tls::Identity {
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate");
        let chain = vec![leaf.der().clone(), self.intermediate.clone(), self.root.clone()];
        tls::Identity { chain, key: PrivateKeyDer::Pkcs8(key.into()) }
    }

    /// A certificate for what a machine asks for, by this name.
    ///
    /// # Panics
    /// If it asked for something that is no request.
    #[must_use]
    pub fn issue(&self, agent: AgentId, csr: &[u8]) -> v1::Certificate {
        let mut request =
            CertificateSigningRequestParams::from_der(&csr.into()).expect("a request");
        let uri = tls::agent_uri(agent).try_into().expect("a URI");
        request.params.subject_alt_names = vec![SanType::URI(uri)];
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = request.signed_by(&self.issuer).expect("a certificate");
        let chain = [leaf.der(), &self.intermediate, &self.root];
        let now = Clock::system().now();
        v1::Certificate {
            agent_id: id::bytes(agent.as_bytes()),
            chain: chain.iter().map(|der| Bytes::copy_from_slice(der)).collect(),
            not_before: now.as_millisecond(),
            not_after: (now + DAY).as_millisecond(),
            organisation: "Example Works".to_owned(),
            recovery_counter: 0,
        }
    }

    /// The time, signed, whatever it is.
    ///
    /// # Panics
    /// Never: the key signs.
    #[must_use]
    pub fn time(&self, nonce: &[u8], now: Timestamp) -> v1::TimeReply {
        let now = now.as_millisecond();
        let message = [b"befund-time-v1\0".as_slice(), nonce, &now.to_be_bytes()].concat();
        let signature = self.issuer.key().sign(&message).expect("it signs");
        let chain = [&self.intermediate, &self.root];
        let chain = chain.iter().map(|der| Bytes::copy_from_slice(der)).collect();
        v1::TimeReply { now, signature: signature.into(), chain }
    }
}
