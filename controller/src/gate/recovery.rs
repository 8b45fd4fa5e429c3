//! A new certificate for a known machine whose old one ran out: it names itself, is challenged, and
//! proves that it holds the key that its identity is bound to.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use befund_model::id::AgentId;
use befund_proto::convert;
use befund_proto::v1;
use befund_proto::v1::recover_reply::Step as Reply;
use befund_proto::v1::recover_request::Step as Asked;
use befund_runtime::{clock, telemetry};
use futures_core::Stream;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use tonic::{Status, Streaming};
use tracing::{error, info};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::Shared;
use super::enrollment::{internal, invalid, revoked};
use crate::ca::RequestedKey;
use crate::store::repository::Agents as _;

/// What the proof is signed for.
const CONTEXT: &[u8] = b"befund-recover-v1\0";
/// How long the machine may take for each step.
const DEADLINE: Duration = Duration::from_secs(30);

/// A recovery under way.
pub(super) struct Recovery {
    shared: Arc<Shared>,
    source: IpAddr,
    inbound: Streaming<v1::RecoverRequest>,
    step: Step,
}

enum Step {
    Begin,
    Challenged { agent: AgentId, nonce: [u8; 32] },
    Done,
}

impl Recovery {
    /// The replies to a machine that recovers.
    pub(super) fn begin(
        shared: Arc<Shared>,
        source: IpAddr,
        inbound: Streaming<v1::RecoverRequest>,
    ) -> impl Stream<Item = Result<v1::RecoverReply, Status>> + Send {
        let this = Self { shared, source, inbound, step: Step::Begin };
        futures_util::stream::try_unfold(this, Self::next)
    }

    async fn next(mut self) -> Result<Option<(v1::RecoverReply, Self)>, Status> {
        let reply = match self.step {
            Step::Done => return Ok(None),
            Step::Begin => self.challenge().await?,
            Step::Challenged { agent, nonce } => {
                let certificate = self.certify(agent, &nonce).await;
                if certificate.is_err() {
                    self.shared.failures.take(self.source, self.shared.clock.now());
                }
                self.step = Step::Done;
                Reply::Certificate(certificate?)
            }
        };
        Ok(Some((v1::RecoverReply { step: Some(reply) }, self)))
    }

    async fn challenge(&mut self) -> Result<Reply, Status> {
        let Asked::Begin(begin) = self.hear().await? else { return Err(out_of_order()) };
        let agent =
            convert::id::agent("RecoverBegin.agent_id", &begin.agent_id).map_err(invalid)?;
        let nonce = clock::random();
        self.step = Step::Challenged { agent, nonce };
        Ok(Reply::Challenge(v1::RecoverChallenge { nonce: convert::id::bytes(&nonce) }))
    }

    async fn certify(
        &mut self,
        agent: AgentId,
        nonce: &[u8; 32],
    ) -> Result<v1::Certificate, Status> {
        let Asked::Proof(proof) = self.hear().await? else { return Err(out_of_order()) };
        let key = RequestedKey::from_request(&proof.csr).map_err(invalid)?;
        let binding = self.shared.store.binding(agent).await.map_err(unavailable)?;
        // Who is not known and who cannot prove it hear the same.
        let Some(binding) = binding else { return Err(unproven()) };
        let message = message(agent, nonce, proof.counter, &proof.csr);
        if !is_signed(&binding.public_key, &message, &proof.signature) {
            info!(%agent, source = %self.source, "a recovery was not proven");
            return Err(unproven());
        }
        if binding.revoked || self.shared.revoked.contains(agent) {
            return Err(revoked());
        }
        let now = self.shared.clock.now();
        if !self.shared.store.recover(agent, proof.counter, now).await.map_err(unavailable)? {
            return Err(Status::failed_precondition(
                "the recovery's counter was used before: recover again with a higher one",
            ));
        }
        info!(%agent, source = %self.source, "a machine recovered");
        let issued = self.shared.ca.issue(agent, &key, now).map_err(internal)?;
        Ok(self.shared.certificate(agent, issued, proof.counter))
    }

    async fn hear(&mut self) -> Result<Asked, Status> {
        let message = tokio::time::timeout(DEADLINE, self.inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("the recovery took too long: begin again"))??;
        message.and_then(|message| message.step).ok_or_else(out_of_order)
    }
}

/// What the bound key signs.
fn message(agent: AgentId, nonce: &[u8; 32], counter: u64, request: &[u8]) -> Vec<u8> {
    let request = digest(&SHA256, request);
    [CONTEXT, agent.as_bytes(), nonce, &counter.to_be_bytes(), request.as_ref()].concat()
}

fn is_signed(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok((_, info)) = SubjectPublicKeyInfo::from_der(public_key) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &info.subject_public_key.data)
        .verify(message, signature)
        .is_ok()
}

fn out_of_order() -> Status {
    Status::invalid_argument("a recovery is a beginning, then a proof")
}

fn unproven() -> Status {
    Status::permission_denied(
        "the identity could not be proven: enroll again with a new token, from your help desk",
    )
}

fn unavailable(error: crate::store::repository::StoreError) -> Status {
    error!(error = telemetry::chain(&error), "a recovery failed in the store");
    Status::unavailable("the controller cannot write at the moment: try again later")
}
