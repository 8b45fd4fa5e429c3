//! Authorities, and servers that shake hands over TLS with certificates of theirs. They serve until the suite ends.

use std::io::Read as _;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use befund_runtime::clock::Clock;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, Stream};
use rustls_pki_types::PrivateKeyDer;

use super::space::Space;

/// Who signs certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as machines keep those that they trust.
    pub pem: String,
}

impl Authority {
    /// One of this name.
    ///
    /// # Panics
    /// If no key can be made.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a root");
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// What a server shows that is of this name, from so many days from now until so many: negative ones have been.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn shows(&self, name: &str, from: i64, until: i64) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (day(from).into(), day(until).into());
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a configuration");
        Arc::new(config)
    }
}

/// The certificate of a machine of this name, which has run out, as text.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn expired(name: &str) -> String {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    (params.not_before, params.not_after) = (day(-400).into(), day(-30).into());
    params.self_signed(&key).expect("a certificate").pem()
}

fn day(days: i64) -> std::time::SystemTime {
    let now = Clock::system().now().as_second();
    let seconds = u64::try_from(now + days * 86_400 + 3_600).expect("after 1970");
    std::time::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A server.
#[derive(Clone, Debug)]
pub struct Secure {
    shown: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Secure {
    /// One at port 443 of this address of a network.
    ///
    /// # Panics
    /// If the address is not the network's.
    #[must_use]
    pub fn serve(within: &Space, at: IpAddr, shown: Arc<ServerConfig>) -> Self {
        let listener = within.on(|| TcpListener::bind((at, 443))).expect("a server's socket");
        let this = Self { shown: Arc::new(Mutex::new(shown)) };
        let shown = Arc::clone(&this.shown);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let config = Arc::clone(&shown.lock().unwrap_or_else(PoisonError::into_inner));
                thread::spawn(move || {
                    let mut connection = ServerConnection::new(config).expect("a connection");
                    // Whoever only looks at the certificate leaves in the middle.
                    let _ = Stream::new(&mut connection, &mut stream).read(&mut [0; 64]);
                });
            }
        });
        this
    }

    /// Has it show something else from now on.
    pub fn shows(&self, shown: Arc<ServerConfig>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }
}
