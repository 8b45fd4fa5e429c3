//! The time, signed by the pinned CA, for a machine whose clock is so wrong that it cannot judge
//! certificates.

use std::time::Duration;

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use x509_parser::prelude::{FromDer, X509Certificate};

use befund_model::token::CaPin;
use befund_proto::convert::id;
use befund_proto::v1;
use befund_proto::v1::enrollment_client::EnrollmentClient;
use befund_runtime::clock::{self, Clock};
use befund_runtime::tls::{self, TlsError};

use super::proxy::Proxy;
use super::transport::{self, ConnectError};

/// How long the call may take; a longer one says nothing of the time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the time is not known.
#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    /// TLS cannot be set up.
    #[error("TLS could not be set up")]
    Tls(#[from] TlsError),
    /// No connection.
    #[error("the controller could not be reached")]
    Connect(#[source] Box<ConnectError>),
    /// It refused.
    #[error("the controller did not tell the time")]
    Refused(#[source] Box<tonic::Status>),
    /// It did not answer in time.
    #[error("the controller did not answer")]
    Late,
    /// The answer proves nothing.
    #[error("the controller's time is not signed by the CA that this machine trusts ({0})")]
    Unproven(&'static str),
}

/// Asks the time, checks its signature, and corrects the clock.
///
/// # Errors
/// If the time cannot be had or is not proven.
pub async fn correct(
    address: &str,
    pin: CaPin,
    proxy: Option<&Proxy>,
    clock: &Clock,
) -> Result<(), TimeError> {
    let config = tls::client_for_time(pin, clock)?;
    let channel = transport::connect(address, config, proxy)
        .await
        .map_err(|error| TimeError::Connect(Box::new(error)))?;
    let nonce: [u8; 32] = clock::random();
    let request = v1::TimeRequest { nonce: id::bytes(&nonce) };
    let asked = clock.now().as_millisecond();
    let call = async { EnrollmentClient::new(channel).time(request).await };
    let answer = timeout(PATIENCE, call)
        .await
        .map_err(|_| TimeError::Late)?
        .map_err(|status| TimeError::Refused(Box::new(status)))?
        .into_inner();
    verify(&answer, &nonce, pin)?;
    let shown = i64::midpoint(asked, clock.now().as_millisecond());
    let offset = clock.correction_ms() + (answer.now - shown);
    clock.correct_by(offset);
    tracing::warn!(
        offset_ms = offset,
        "this machine's clock is wrong; going on with the controller's signed time"
    );
    Ok(())
}

fn verify(answer: &v1::TimeReply, nonce: &[u8; 32], pin: CaPin) -> Result<(), TimeError> {
    let [intermediate, root] = answer.chain.as_slice() else {
        return Err(TimeError::Unproven("not two certificates"));
    };
    let pinned = tls::pin_of(&CertificateDer::from(root.as_ref()));
    if pinned.ok() != Some(pin) {
        return Err(TimeError::Unproven("another root"));
    }
    let read = |der| X509Certificate::from_der(der).map(|(_, certificate)| certificate);
    let (Ok(intermediate), Ok(root)) = (read(intermediate.as_ref()), read(root.as_ref())) else {
        return Err(TimeError::Unproven("no certificates"));
    };
    if intermediate.issuer() != root.subject() || !intermediate.is_ca() {
        return Err(TimeError::Unproven("another issuer"));
    }
    let issued = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        root.public_key().subject_public_key.data.as_ref(),
    )
    .verify(intermediate.tbs_certificate.as_ref(), intermediate.signature_value.data.as_ref());
    if issued.is_err() {
        return Err(TimeError::Unproven("the intermediate is not the root's"));
    }
    let mut message = b"befund-time-v1\0".to_vec();
    message.extend_from_slice(nonce);
    message.extend_from_slice(&answer.now.to_be_bytes());
    UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        intermediate.public_key().subject_public_key.data.as_ref(),
    )
    .verify(&message, &answer.signature)
    .map_err(|_| TimeError::Unproven("a wrong signature"))
}
