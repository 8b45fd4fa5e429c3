//! What an enrolled machine may ask: a new certificate, its session, the upload of a snapshot.

use std::pin::Pin;
use std::sync::Arc;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_proto::v1;
use befund_proto::v1::link_server::Link;
use befund_runtime::telemetry;
use befund_runtime::tls::Peer;
use futures_core::Stream;
use tonic::{Request, Response, Status, Streaming};
use tracing::{error, info, warn};

use super::Shared;
use super::catalogue;
use super::connection::Connection;
use super::enrollment::{connection, internal, invalid, revoked};
use super::mailbox::Mailbox;
use super::session::SessionStream;
use super::upload::Upload;
use crate::ca::RequestedKey;
use crate::store::repository::{Agents as _, Binding, Rebound};

/// The service.
#[derive(Clone)]
pub(super) struct LinkService {
    pub(super) shared: Arc<Shared>,
}

#[tonic::async_trait]
impl Link for LinkService {
    async fn renew(
        &self,
        request: Request<v1::RenewRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        let connection = connection(&request)?;
        let peer = peer(&connection)?;
        let key = RequestedKey::from_request(&request.get_ref().csr).map_err(invalid)?;
        if key.der() == peer.public_key {
            return Err(Status::invalid_argument("a new certificate needs a new key"));
        }
        let binding = self.shared.binding(peer.agent).await?;
        let issued =
            self.shared.ca.issue(peer.agent, &key, self.shared.clock.now()).map_err(internal)?;
        metrics::counter!("befund_gate_renewals_total").increment(1);
        Ok(Response::new(self.shared.certificate(peer.agent, issued, binding.recovery_counter)))
    }

    type SessionStream = SessionStream;

    async fn session(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<SessionStream>, Status> {
        let connection = connection(&request)?;
        let peer = peer(&connection)?;
        self.shared.use_key(peer).await?;
        let mailbox = Arc::new(Mailbox::default());
        if !connection.attach(Arc::clone(&mailbox)) {
            return Err(Status::failed_precondition(
                "this connection has had its session: connect anew",
            ));
        }
        self.shared.roots.forget(peer.agent);
        let stream = SessionStream::begin(
            Arc::clone(&self.shared),
            peer.agent,
            request.into_inner(),
            mailbox,
        );
        // A revocation between the door and here found no session to end.
        if self.shared.revoked.contains(peer.agent) {
            connection.end(v1::goodbye::Reason::Revoked, self.shared.clock.now());
        }
        Ok(Response::new(stream))
    }

    type UploadStream = Pin<Box<dyn Stream<Item = Result<v1::UploadReply, Status>> + Send>>;

    async fn upload(
        &self,
        request: Request<Streaming<v1::UploadPart>>,
    ) -> Result<Response<Self::UploadStream>, Status> {
        let connection = connection(&request)?;
        let agent = peer(&connection)?.agent;
        let upload = Upload::begin(Arc::clone(&self.shared), agent, request.into_inner());
        Ok(Response::new(Box::pin(upload)))
    }

    type CatalogueStream = Pin<Box<dyn Stream<Item = Result<v1::CataloguePart, Status>> + Send>>;

    async fn catalogue(
        &self,
        request: Request<v1::CatalogueRequest>,
    ) -> Result<Response<Self::CatalogueStream>, Status> {
        let connection = connection(&request)?;
        peer(&connection)?;
        let parts = catalogue::answer(Arc::clone(&self.shared), request.into_inner()).await?;
        Ok(Response::new(Box::pin(parts)))
    }
}

fn peer(connection: &Connection) -> Result<&Peer, Status> {
    // The door has refused those without one already.
    connection.peer.as_ref().ok_or_else(|| Status::unauthenticated("no certificate"))
}

impl Shared {
    /// Binds the identity to the key of the certificate that it uses; an older certificate is out of
    /// use from then on, at every controller of this database.
    async fn use_key(&self, peer: &Peer) -> Result<(), Status> {
        let binding = self.binding(peer.agent).await?;
        if binding.revoked {
            self.revoked.add(peer.agent);
            return Err(revoked());
        }
        if binding.public_key == peer.public_key {
            return Ok(());
        }
        let until = Timestamp::from_second(peer.not_after).map_err(internal)?;
        let rebound = self.store.rebind(peer.agent, &peer.public_key, until).await;
        match rebound.map_err(unavailable)? {
            Rebound::Bound => {
                info!(agent = %peer.agent, "a renewed certificate is in use");
                Ok(())
            }
            Rebound::Stale => {
                // A copied identity looks like this: the place to raise it, once clones are looked for.
                warn!(agent = %peer.agent, "a certificate was used after its successor");
                metrics::counter!("befund_gate_stale_certificates_total").increment(1);
                Err(Status::unauthenticated(
                    "a newer certificate of this machine is in use: connect with that one",
                ))
            }
        }
    }

    async fn binding(&self, agent: AgentId) -> Result<Binding, Status> {
        self.store.binding(agent).await.map_err(unavailable)?.ok_or_else(|| {
            warn!(%agent, "a certificate of this CA names a machine that is not known");
            Status::permission_denied(
                "this controller does not know the machine: enroll it again with a new token",
            )
        })
    }
}

fn unavailable(error: crate::store::repository::StoreError) -> Status {
    error!(error = telemetry::chain(&error), "the store failed for a call");
    Status::unavailable("the controller cannot reach its database: try again later")
}
