//! The calls of a machine that has no usable certificate: enroll, recover, ask the time.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};

use befund_model::token::{CaPin, EnrollmentToken};
use befund_proto::convert::{self, InvalidField, id};
use befund_proto::v1;
use befund_proto::v1::enrollment_client::EnrollmentClient;
use befund_runtime::clock::{self, Clock};
use befund_runtime::tls::{self, TlsError};

use super::proxy::Proxy;
use super::time;
use super::transport::{self, ConnectError};
use crate::disk::Disk;
use crate::identity::key::{self, KeyError};
use crate::identity::{Credential, Der, IdentityError, IdentityFolder, StoredIdentity};
use crate::platform;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no identity, or no new certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// There is one already.
    #[error(
        "this machine is already enrolled with {organisation} as {agent}; to enroll it anew, stop the agent and remove its identity folder first"
    )]
    Already {
        /// With whom.
        organisation: String,
        /// As whom.
        agent: befund_model::id::AgentId,
    },
    /// Identity or key cannot be read or written.
    #[error("the machine's identity could not be kept")]
    Identity(#[from] IdentityError),
    /// The key cannot be used.
    #[error("the machine's key could not be used")]
    Key(#[from] KeyError),
    /// TLS cannot be set up.
    #[error("TLS could not be set up")]
    Tls(#[from] TlsError),
    /// No address answered.
    #[error("no controller could be reached (tried {tried}); check the network and try again")]
    Unreachable {
        /// The addresses.
        tried: String,
        /// What the last one said.
        #[source]
        source: Box<ConnectError>,
    },
    /// The controller is not the one that the token names.
    #[error(
        "the controller is not the one that the token names; ask your help desk for a new token, and whether somebody stands in between"
    )]
    WrongController(#[source] Box<ConnectError>),
    /// The controller said no.
    #[error("the controller refused: {message}")]
    Refused {
        /// The kind.
        code: Code,
        /// Its words, without control characters.
        message: String,
        /// Whether it said that the identity was revoked.
        revoked: bool,
    },
    /// It did not answer in time.
    #[error("the controller took the connection and did not answer; try again later")]
    Late,
    /// Its answer makes no sense.
    #[error("the controller's answer cannot be used")]
    Answer(#[from] InvalidField),
    /// The time could not be asked.
    #[error("this machine's clock is wrong, and the time could not be asked")]
    Time(#[from] time::TimeError),
}

impl From<Status> for EnrollError {
    fn from(status: Status) -> Self {
        let message = status.message().chars().filter(|letter| !letter.is_control()).collect();
        Self::Refused { code: status.code(), message, revoked: says_revoked(&status) }
    }
}

/// Whether a status says for certain that the identity was revoked.
pub(super) fn says_revoked(status: &Status) -> bool {
    status.code() == Code::PermissionDenied
        && status.metadata().get(befund_proto::REASON).is_some_and(|reason| {
            reason.as_encoded_bytes() == befund_proto::REASON_REVOKED.as_bytes()
        })
}

/// What a machine says of itself.
#[must_use]
pub fn facts() -> v1::Facts {
    let short = |text: String| -> String {
        let mut text = text;
        while text.len() > 256 {
            text.pop();
        }
        text
    };
    v1::Facts {
        host_name: short(platform::host_name()),
        os: short(platform::os_name()),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Enrolls this machine and keeps its identity. Asking again with the same token after the answer
/// was lost gives the same identity.
///
/// # Errors
/// As the variants say.
pub async fn enroll(
    token: &EnrollmentToken,
    folder: &IdentityFolder<impl Disk>,
    proxy: Option<&Proxy>,
    clock: &Clock,
) -> Result<StoredIdentity, EnrollError> {
    match folder.load() {
        Ok(StoredIdentity { organisation, agent, .. }) => {
            return Err(EnrollError::Already { organisation, agent });
        }
        Err(IdentityError::NotEnrolled(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let key = folder.key_for(token.id)?;
    let request = v1::EnrollRequest {
        token_id: id::bytes(token.id.as_bytes()),
        token_secret: id::bytes(&token.secret.0),
        csr: key::request(&key)?.into(),
        facts: Some(facts()),
    };
    let channel = open(&token.addresses, token.ca_pin, proxy, clock).await?;
    let call = async { EnrollmentClient::new(channel).enroll(request).await };
    let answer = timeout(PATIENCE, call).await.map_err(|_| EnrollError::Late)??.into_inner();
    let (agent, current, about) = certificate(key, answer)?;
    let identity = StoredIdentity {
        agent,
        organisation: about.organisation,
        addresses: token.addresses.clone(),
        ca_pin: token.ca_pin.to_string(),
        recovery_counter: about.counter,
        current,
        previous: None,
    };
    folder.store(&identity)?;
    folder.enrolled();
    Ok(identity)
}

/// What comes beside a certificate.
pub(super) struct About {
    organisation: String,
    pub(super) counter: u64,
}

/// Reads a certificate that was given for a key.
pub(super) fn certificate(
    key: Vec<u8>,
    answer: v1::Certificate,
) -> Result<(befund_model::id::AgentId, Credential, About), InvalidField> {
    let agent = id::agent("agent_id", &answer.agent_id)?;
    let invalid = |problem: String| convert::InvalidField { field: "chain", problem };
    if !(2..=4).contains(&answer.chain.len()) {
        return Err(invalid(format!("{} certificates", answer.chain.len())));
    }
    let leaf = rustls::pki_types::CertificateDer::from(answer.chain[0].as_ref());
    let named = tls::peer_of(&leaf).map_err(|error| invalid(error.to_string()))?;
    if named.agent != agent {
        return Err(invalid("the certificate names another agent".to_owned()));
    }
    let credential = Credential {
        key,
        chain: answer.chain.iter().map(|der| Der(der.to_vec())).collect(),
        not_before: answer.not_before,
        not_after: answer.not_after,
    };
    // rustls refuses a key that does not fit its certificate.
    let pin = CaPin([0; 32]);
    tls::client(pin, &Clock::system(), Some(credential.to_tls()))
        .map_err(|error| invalid(error.to_string()))?;
    let about = About { organisation: answer.organisation, counter: answer.recovery_counter };
    Ok((agent, credential, about))
}

/// Gets a new certificate for a machine whose old one ran out. `counter` must never have been used;
/// the bound key signs.
///
/// # Errors
/// If the controller cannot be reached or refuses.
pub(super) async fn recover(
    identity: &StoredIdentity,
    bound: &Credential,
    counter: u64,
    proxy: Option<&Proxy>,
    clock: &Clock,
) -> Result<(Credential, u64), EnrollError> {
    let channel = open(&identity.addresses, identity.pin()?, proxy, clock).await?;
    let talk = async {
        use v1::recover_reply::Step as Reply;
        use v1::recover_request::Step;
        let (say, said) = tokio::sync::mpsc::channel(2);
        let agent = id::bytes(identity.agent.as_bytes());
        let begin = Step::Begin(v1::RecoverBegin { agent_id: agent });
        // Two messages fit, so neither send waits, and the other end is held here.
        let _ = say.send(v1::RecoverRequest { step: Some(begin) }).await;
        let mut replies =
            EnrollmentClient::new(channel).recover(ReceiverStream::new(said)).await?.into_inner();
        let missing = |field| InvalidField { field, problem: "missing".to_owned() };
        let Some(Reply::Challenge(challenge)) =
            replies.message().await?.and_then(|reply| reply.step)
        else {
            return Err(missing("challenge").into());
        };
        let nonce: [u8; 32] = id::fixed("nonce", &challenge.nonce)?;
        let new = key::generate();
        let csr = key::request(&new)?;
        let signature = key::sign(&bound.key, &proof(identity, &nonce, counter, &csr))?;
        let proof = v1::RecoverProof { csr: csr.into(), counter, signature: signature.into() };
        let _ = say.send(v1::RecoverRequest { step: Some(Step::Proof(proof)) }).await;
        let Some(Reply::Certificate(answer)) =
            replies.message().await?.and_then(|reply| reply.step)
        else {
            return Err(missing("certificate").into());
        };
        let (agent, credential, about) = certificate(new, answer)?;
        if agent != identity.agent {
            let problem = "another agent's".to_owned();
            return Err(InvalidField { field: "agent_id", problem }.into());
        }
        Ok((credential, about.counter))
    };
    timeout(PATIENCE, talk).await.map_err(|_| EnrollError::Late)?
}

fn proof(identity: &StoredIdentity, nonce: &[u8; 32], counter: u64, csr: &[u8]) -> Vec<u8> {
    let mut message = b"befund-recover-v1\0".to_vec();
    message.extend_from_slice(identity.agent.as_bytes());
    message.extend_from_slice(nonce);
    message.extend_from_slice(&counter.to_be_bytes());
    message.extend_from_slice(ring::digest::digest(&ring::digest::SHA256, csr).as_ref());
    message
}

/// Connects, without a certificate, to the first address that answers. Where the server's
/// certificate does not fit the clock, the clock is put right first.
pub(super) async fn open(
    addresses: &[String],
    pin: CaPin,
    proxy: Option<&Proxy>,
    clock: &Clock,
) -> Result<Channel, EnrollError> {
    let mut last = ConnectError::Address(String::new());
    for address in addresses {
        match transport::connect(address, tls::client(pin, clock, None)?, proxy).await {
            Ok(channel) => return Ok(channel),
            Err(ConnectError::Validity(..)) => {
                time::correct(address, pin, proxy, clock).await?;
                let again = tls::client(pin, clock, None)?;
                match transport::connect(address, again, proxy).await {
                    Ok(channel) => return Ok(channel),
                    Err(error) => last = error,
                }
            }
            Err(error) => last = error,
        }
    }
    if let ConnectError::Untrusted(..) = last {
        return Err(EnrollError::WrongController(Box::new(last)));
    }
    Err(EnrollError::Unreachable { tried: addresses.join(", "), source: Box::new(last) })
}

/// Asks for a certificate for a new key while the old one is good.
///
/// # Errors
/// If the controller refuses, or answers with what cannot be used.
pub(super) async fn renew(
    channel: Channel,
    identity: &StoredIdentity,
) -> Result<(Credential, u64), EnrollError> {
    let new = key::generate();
    let request = v1::RenewRequest { csr: Bytes::from(key::request(&new)?) };
    let call = async { v1::link_client::LinkClient::new(channel).renew(request).await };
    let answer = timeout(PATIENCE, call).await.map_err(|_| EnrollError::Late)??.into_inner();
    let (agent, credential, about) = certificate(new, answer)?;
    if agent != identity.agent {
        let problem = "another agent's".to_owned();
        return Err(InvalidField { field: "agent_id", problem }.into());
    }
    Ok((credential, about.counter))
}

/// When to renew a certificate: at the middle of its life, ±10 %, Unix milliseconds.
#[must_use]
pub fn renewal_at(credential: &Credential) -> i64 {
    let life = credential.not_after.saturating_sub(credential.not_before).max(0);
    let random = u64::from_be_bytes(clock::random());
    let spread = i64::try_from((u128::from(random) * (life / 5).unsigned_abs() as u128) >> 64);
    credential.not_before + life / 2 - life / 10 + spread.unwrap_or(0)
}
