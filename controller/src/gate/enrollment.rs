//! What a machine may ask before it has a certificate: to be enrolled, to be given a new
//! certificate after a long sleep, and the time.

use std::pin::Pin;
use std::sync::Arc;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_proto::convert;
use befund_proto::v1;
use befund_proto::v1::enrollment_server::Enrollment;
use befund_runtime::{clock, telemetry};
use futures_core::Stream;
use ring::digest::{SHA256, digest};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};
use tracing::{error, info, warn};

use super::connection::{Caller, Connection};
use super::recovery::Recovery;
use super::{Shared, facts};
use crate::bus::Hint;
use crate::ca::{Issued, RequestedKey};
use crate::store::repository::{Agents as _, Redeemed, Redemption};

/// What the signed time is signed for.
const TIME_CONTEXT: &[u8] = b"befund-time-v1\0";

/// The service.
#[derive(Clone)]
pub(super) struct EnrollmentService {
    pub(super) shared: Arc<Shared>,
}

#[tonic::async_trait]
impl Enrollment for EnrollmentService {
    async fn enroll(
        &self,
        request: Request<v1::EnrollRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        let connection = connection(&request)?;
        let source = connection.source;
        let now = self.shared.clock.now();
        if !self.shared.failures.has_room(source, now) {
            return Err(too_often());
        }
        let enrolled = self.redeem(&connection, request.into_inner(), now).await;
        if let Err(status) = &enrolled {
            self.shared.failures.take(source, now);
            metrics::counter!("befund_gate_enrollments_total", "result" => "refused").increment(1);
            info!(%source, reason = status.message(), "an enrollment was refused");
        }
        enrolled.map(Response::new)
    }

    type RecoverStream = Pin<Box<dyn Stream<Item = Result<v1::RecoverReply, Status>> + Send>>;

    async fn recover(
        &self,
        request: Request<Streaming<v1::RecoverRequest>>,
    ) -> Result<Response<Self::RecoverStream>, Status> {
        let connection = connection(&request)?;
        if !self.shared.failures.has_room(connection.source, self.shared.clock.now()) {
            return Err(too_often());
        }
        let recovery =
            Recovery::begin(Arc::clone(&self.shared), connection.source, request.into_inner());
        Ok(Response::new(Box::pin(recovery)))
    }

    async fn time(
        &self,
        request: Request<v1::TimeRequest>,
    ) -> Result<Response<v1::TimeReply>, Status> {
        let connection = connection(&request)?;
        let now = self.shared.clock.now();
        if !self.shared.asked_time.take(connection.source, now) {
            return Err(too_often());
        }
        let nonce: [u8; 32] =
            convert::id::fixed("TimeRequest.nonce", &request.get_ref().nonce).map_err(invalid)?;
        let millis = now.as_millisecond();
        let message = [TIME_CONTEXT, &nonce, &millis.to_be_bytes()].concat();
        let signature = self.shared.ca.sign(&message).map_err(internal)?;
        Ok(Response::new(v1::TimeReply {
            now: millis,
            signature: signature.into(),
            chain: self.shared.ca.authorities().iter().map(|der| convert::id::bytes(der)).collect(),
        }))
    }
}

impl EnrollmentService {
    async fn redeem(
        &self,
        connection: &Connection,
        request: v1::EnrollRequest,
        now: Timestamp,
    ) -> Result<v1::Certificate, Status> {
        let token =
            convert::id::token("EnrollRequest.token_id", &request.token_id).map_err(invalid)?;
        let secret: [u8; 32] =
            convert::id::fixed("EnrollRequest.token_secret", &request.token_secret)
                .map_err(invalid)?;
        let facts = facts::read(request.facts.unwrap_or_default()).map_err(invalid)?;
        // Before the token is touched: a bad request must not use it up.
        let key = RequestedKey::from_request(&request.csr).map_err(invalid)?;
        let redemption = Redemption {
            token,
            secret_hash: digest(&SHA256, &secret).as_ref().try_into().map_err(internal)?,
            agent: AgentId::new(now, clock::random()),
            public_key: key.der().to_vec(),
            facts,
            source: connection.source,
        };
        let redeemed = self.shared.store.redeem(redemption, now).await.map_err(|error| {
            error!(error = telemetry::chain(&error), "an enrollment failed in the store");
            Status::unavailable("the controller cannot write at the moment: try again later")
        })?;
        let agent = match redeemed {
            Redeemed::New(agent) => {
                info!(%agent, source = %connection.source, "a machine was enrolled");
                metrics::counter!("befund_gate_enrollments_total", "result" => "new").increment(1);
                self.shared.bus.tell(Hint::Machine(agent));
                agent
            }
            Redeemed::Again(agent) => agent,
            Redeemed::Unknown => {
                return Err(Status::permission_denied(
                    "the enrollment token is not known here: check that it is meant for this controller, or ask for a new one",
                ));
            }
            Redeemed::Expired => {
                return Err(Status::failed_precondition(
                    "the enrollment token has expired: ask your help desk for a new one",
                ));
            }
            Redeemed::UsedUp => {
                return Err(Status::failed_precondition(
                    "the enrollment token was used up: ask your help desk for a new one",
                ));
            }
            Redeemed::WrongNetwork => {
                return Err(Status::permission_denied(
                    "the enrollment token may not be used from this network: enroll from the network that it was made for",
                ));
            }
        };
        let issued = self.shared.ca.issue(agent, &key, now).map_err(internal)?;
        Ok(self.shared.certificate(agent, issued, 0))
    }
}

impl Shared {
    /// Puts a certificate into words.
    pub(super) fn certificate(
        &self,
        agent: AgentId,
        issued: Issued,
        recovery_counter: u64,
    ) -> v1::Certificate {
        v1::Certificate {
            agent_id: convert::id::bytes(agent.as_bytes()),
            chain: issued.chain.iter().map(|der| convert::id::bytes(der)).collect(),
            not_before: issued.not_before.as_millisecond(),
            not_after: issued.not_after.as_millisecond(),
            organisation: self.organisation.clone(),
            recovery_counter,
        }
    }
}

/// The connection that a request came on.
pub(super) fn connection<T>(request: &Request<T>) -> Result<Arc<Connection>, Status> {
    match request.extensions().get::<Caller>() {
        Some(Caller(connection)) => Ok(Arc::clone(connection)),
        None => Err(internal("a request without a connection")),
    }
}

/// The identity was revoked: for people in words, for the agent beside them.
pub(super) fn revoked() -> Status {
    let mut status = Status::permission_denied(
        "this machine's identity was revoked: ask your help desk for a new enrollment token",
    );
    let reason = MetadataValue::from_static(befund_proto::REASON_REVOKED);
    status.metadata_mut().insert(befund_proto::REASON, reason);
    status
}

/// What was sent is wrong, and the sender may know why.
pub(super) fn invalid(error: impl std::error::Error) -> Status {
    Status::invalid_argument(error.to_string())
}

/// What the sender need not know.
pub(super) fn internal(error: impl std::fmt::Display) -> Status {
    warn!(%error, "a call failed");
    Status::internal("the controller could not do this; its log tells why")
}

fn too_often() -> Status {
    Status::resource_exhausted("too many attempts from this address: wait a minute, then try again")
}
