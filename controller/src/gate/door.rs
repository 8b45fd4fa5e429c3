//! Who may call what. Nothing is open that is not named here, and what is not open needs a
//! certificate that is neither revoked nor past.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::Shared;
use super::connection::{Caller, Connection};
use super::enrollment::revoked;

/// What can be called without a certificate.
const OPEN: [&str; 5] = [
    "/befund.v1.Enrollment/Enroll",
    "/befund.v1.Enrollment/Recover",
    "/befund.v1.Enrollment/Time",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
];

/// The services behind one door.
#[derive(Clone)]
pub(super) struct Door<E, L, H> {
    /// What the door knows of identities.
    pub(super) shared: Arc<Shared>,
    /// `befund.v1.Enrollment`.
    pub(super) enrollment: E,
    /// `befund.v1.Link`.
    pub(super) link: L,
    /// `grpc.health.v1.Health`.
    pub(super) health: H,
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

impl<E, L, H> Service<http::Request<Body>> for Door<E, L, H>
where
    E: Gated,
    L: Gated,
    H: Gated,
    E::Future: Send + 'static,
    L::Future: Send + 'static,
    H::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // tonic's generated services are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Answer {
        let path = request.uri().path();
        if !OPEN.contains(&path) {
            let refused = match request.extensions().get::<Caller>() {
                Some(Caller(connection)) => self.shared.admit(connection).err(),
                None => Some(Status::internal("the connection is not known")),
            };
            if let Some(status) = refused {
                return Box::pin(std::future::ready(Ok(status.into_http())));
            }
        }
        match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some(("befund.v1.Enrollment", _)) => Box::pin(self.enrollment.call(request)),
            Some(("befund.v1.Link", _)) => Box::pin(self.link.call(request)),
            Some(("grpc.health.v1.Health", _)) => Box::pin(self.health.call(request)),
            _ => Box::pin(std::future::ready(Ok(Status::unimplemented(
                "there is no such service",
            )
            .into_http()))),
        }
    }
}

/// What tonic generates for a service.
pub(super) trait Gated:
    Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
    + Clone
    + Send
    + 'static
{
}

impl<S> Gated for S where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static
{
}

impl Shared {
    /// Judges the identity that a connection showed.
    fn admit(&self, connection: &Connection) -> Result<(), Status> {
        let Some(peer) = &connection.peer else {
            return Err(Status::unauthenticated(
                "this needs an agent's certificate: enroll first, with `befund-agent enroll TOKEN`",
            ));
        };
        if self.revoked.contains(peer.agent) {
            return Err(revoked());
        }
        if peer.not_after <= self.clock.now().as_second() {
            return Err(Status::unauthenticated(
                "the certificate has run out: connect anew, and recover",
            ));
        }
        Ok(())
    }
}
