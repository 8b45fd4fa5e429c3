//! `net.tls`: a handshake, the certificates shown, and whether they lead to a root that this
//! machine trusts. docs/probes.md: fewer than 14 days left is worth a look, invalid a failure.
//!
//! The verdict on the chain is taken and kept; the handshake goes on either way, since a broken
//! chain is what one wants to see. Nothing is sent over the connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use befund_model::probe::remote::{Certificate, TlsFacts, TlsTarget};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, micros, platform, reach, targets};

pub(super) const WARN_DAYS: i64 = 14;
/// How long the connection, and then the handshake, may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The most certificates of a chain that are told.
const MAX_CHAIN: usize = 10;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let targets = ask_all(context, parameters, |target| target)?;
    for target in &targets {
        context.say(line(target));
    }
    let verdict = targets.iter().map(judge).max_by_key(|verdict| rank(*verdict));
    let summary = targets.iter().map(line).collect::<Vec<_>>().join(", ");
    Measured::new(verdict.unwrap_or_default(), summary, &TlsFacts { targets })
}

/// Asks the servers of the policy, or the one that is picked, and makes of each answer what `told` does.
pub(super) fn ask_all<T: Send>(
    context: &Context<'_>,
    parameters: &Parameters,
    told: impl Fn(TlsTarget) -> T + Sync,
) -> Result<Vec<T>, Unmeasured> {
    let picked = parameters.name("target");
    let chosen: Vec<_> = context
        .targets
        .tls
        .iter()
        .filter(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()))
        .collect();
    if chosen.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no servers under targets.tls"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = roots(context, &provider);
    Ok(super::beside(&chosen, |(name, target)| {
        let mut asked =
            TlsTarget { name: (*name).clone(), target: (*target).clone(), ..TlsTarget::default() };
        if let Err(error) = ask(context, &provider, &roots, &mut asked) {
            asked.error = Some(error);
        }
        told(asked)
    }))
}

pub(super) const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Unknown => 1,
        Verdict::Warn => 2,
        Verdict::Fail => 3,
    }
}

type Roots = Result<Arc<WebPkiServerVerifier>, String>;

pub(super) fn roots(context: &Context<'_>, provider: &Arc<CryptoProvider>) -> Roots {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(platform::trusted_roots(context)?);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| format!("this machine's trusted roots cannot be used: {error}"))
}

/// Shakes hands with a target, and keeps what it shows.
fn ask(
    context: &Context<'_>,
    provider: &Arc<CryptoProvider>,
    roots: &Roots,
    told: &mut TlsTarget,
) -> Result<(), String> {
    let (host, port) = targets::host_and_port(&told.target, None)
        .ok_or_else(|| format!("{:?} is not host:port", told.target))?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("{host:?} is not a name that a certificate can be for"))?;
    let mut stream = reach::connect_host(context, host, port, ATTEMPT)?;
    let now = UnixTime::since_unix_epoch(
        Duration::try_from(context.clock.now().as_duration()).unwrap_or_default(),
    );
    let seen = Arc::new(Seen {
        provider: Arc::clone(provider),
        roots: roots.clone(),
        now,
        kept: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("could not set up TLS: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| format!("could not set up TLS: {error}"))?;
    let started = Instant::now();
    let mut failed = None;
    while connection.is_handshaking() {
        let left = context.left(ATTEMPT.saturating_sub(started.elapsed()));
        let step = left.map_err(|late| late.reason).and_then(|left| {
            let timeouts = stream
                .set_read_timeout(Some(left))
                .and_then(|()| stream.set_write_timeout(Some(left)));
            timeouts.and_then(|()| connection.complete_io(&mut stream)).map_err(|error| match error
                .kind()
            {
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                    format!("{host} did not finish the handshake in time")
                }
                _ => format!("the handshake with {host} failed: {error}"),
            })
        });
        if let Err(error) = step {
            failed = Some(error);
            break;
        }
    }
    let kept = std::mem::take(&mut *seen.kept.lock().unwrap_or_else(PoisonError::into_inner));
    told.chain = kept.chain;
    told.problem = kept.problem;
    told.verified = failed.is_none() && !told.chain.is_empty() && told.problem.is_none();
    let now = context.clock.now();
    told.days_left = told.chain.iter().map(|one| one.not_after).min().map(|end| days(now, end));
    if let Some(error) = failed {
        return Err(error);
    }
    told.handshake_us = Some(micros(started.elapsed()));
    told.protocol =
        connection.protocol_version().and_then(|version| version.as_str().map(str::to_owned));
    connection.send_close_notify();
    // A courtesy; the other side may have gone already.
    let _ = connection.complete_io(&mut stream);
    Ok(())
}

pub(super) fn days(now: Timestamp, end: Timestamp) -> i64 {
    (end.as_second() - now.as_second()).div_euclid(24 * 3600)
}

/// Keeps what the server shows and what a real verifier says of it, and lets the handshake go on.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    now: UnixTime,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    chain: Vec<Certificate>,
    problem: Option<String>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let problem = match &self.roots {
            Err(error) => Some(error.clone()),
            Ok(roots) => roots
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, self.now)
                .err()
                .map(|error| in_words(&error)),
        };
        let chain = std::iter::once(end_entity)
            .chain(intermediates)
            .take(MAX_CHAIN)
            .filter_map(|certificate| read(certificate))
            .collect();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept { chain, problem };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What is wrong, as a technician would say it.
fn in_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "a certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "a certificate is not valid yet; check this machine's clock".to_owned()
            }
            CertificateError::UnknownIssuer => {
                "the chain does not lead to a root that this machine trusts".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

pub(super) fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let time = |time: &x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let names = certificate
        .subject_alternative_name()
        .ok()
        .flatten()
        .map(|extension| {
            let names = extension.value.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress(bytes) => address(bytes),
                _ => None,
            });
            names.take(20).collect()
        })
        .unwrap_or_default();
    Some(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        not_before: time(&certificate.validity().not_before)?,
        not_after: time(&certificate.validity().not_after)?,
        names,
        sha256: Some(fingerprint(der)),
    })
}

/// The SHA-256 of a certificate, in hexadecimal.
fn fingerprint(der: &CertificateDer<'_>) -> String {
    let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let hash = suite.tls13().map(|suite| suite.common.hash_provider.hash(der));
    let bytes = hash.as_ref().map(AsRef::as_ref).unwrap_or_default();
    bytes.iter().map(|byte: &u8| format!("{byte:02x}")).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|six| std::net::Ipv6Addr::from(six).to_string())
}

fn judge(target: &TlsTarget) -> Verdict {
    match (target.verified, target.days_left) {
        (true, Some(days)) if days < WARN_DAYS => Verdict::Warn,
        (true, _) => Verdict::Pass,
        (false, _) => Verdict::Fail,
    }
}

fn line(target: &TlsTarget) -> String {
    let at = &target.target;
    match (&target.error, &target.problem, target.days_left) {
        (Some(error), _, _) => format!("{at}: {error}"),
        (None, Some(problem), _) => format!("{at} is not trusted: {problem}"),
        (None, None, Some(days)) => format!("{at} is trusted, {days} days left"),
        (None, None, None) => format!("{at} shows no certificate"),
    }
}
