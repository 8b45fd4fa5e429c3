//! Who calls: the account behind the credential, and the address that the call came from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use befund_model::audit::{Actor, By};
use befund_model::operator::{Operator, Permission};
use befund_model::ticket::Ticket;

use crate::api::credential::Shown;
use crate::api::problem::{Code, Failure};

/// A person who is signed in; the guard puts it into the request, nothing else does.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Their account.
    pub operator: Operator,
    /// What they showed.
    pub shown: Shown,
    /// Where they call from.
    pub source: IpAddr,
}

impl Caller {
    /// On whose behalf a change is made.
    #[must_use]
    pub fn by(&self) -> By {
        By {
            actor: Actor::Operator { id: self.operator.id, name: self.operator.name.clone() },
            source: self.source.to_string(),
        }
    }

    /// Whether they may do this.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.operator.role.may(permission)
    }

    /// Whether they may see this ticket: requesters see their own.
    #[must_use]
    pub fn may_see(&self, ticket: &Ticket) -> bool {
        self.may(Permission::Read) || ticket.requester == self.operator.name
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(signed_out)
    }
}

/// The address that a request came from, for routes that need nobody to be signed in.
#[derive(Clone, Copy, Debug)]
pub struct Source(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(source_of(&parts.extensions)))
    }
}

/// The address that the connection came from. A server that does not tell it makes everybody
/// unspecified, which is nobody's host.
#[must_use]
pub fn source_of(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
            address.ip().to_canonical()
        })
}

/// Nobody is signed in.
#[must_use]
pub fn signed_out() -> Failure {
    Failure::new(
        Code::Unauthenticated,
        "nobody is signed in, or the sign-in has ended: sign in again (`befund login` on the command line)",
    )
}
