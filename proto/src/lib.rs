//! The wire between agents and their controller: the types generated from `befund/v1/*.proto`, and
//! the conversions from and to the domain. Nothing but the gate and the link uses the wire types.

pub mod codec;
pub mod convert;

/// Version 1 of the wire, as generated.
#[expect(
    missing_docs,
    clippy::all,
    clippy::allow_attributes,
    reason = "generated code; the .proto files carry the documentation"
)]
pub mod v1 {
    tonic::include_proto!("befund.v1");
}

/// The compiled descriptors of every service and message, a serialised `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/befund.v1.descriptors"));

/// The metadata key under which a status tells a program what its text tells a person.
pub const REASON: &str = "befund-reason";
/// Under [`REASON`]: the machine's identity was revoked. Without it, a permission that is denied may
/// be anybody's word on the way, or a controller's that will know the machine again.
pub const REASON_REVOKED: &str = "revoked";

/// The most bytes of one message on a session or upload stream.
pub const MAX_MESSAGE_BYTES: usize = 16 << 10;
/// The most payload bytes of one chunk of an upload or part of a result.
pub const CHUNK_BYTES: usize = 3_800;
/// The most bytes of a request of the enrollment service.
pub const MAX_ENROLLMENT_BYTES: usize = 64 << 10;
/// The most bytes of a manifest, as JSON.
pub const MAX_MANIFEST_BYTES: usize = 128 << 10;
