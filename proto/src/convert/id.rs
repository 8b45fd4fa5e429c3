//! Ids and hashes: 16 and 32 bytes on the wire.

use befund_model::id::{AgentId, Hash, JobId, SnapshotId, TokenId};
use bytes::Bytes;

use super::InvalidField;

macro_rules! ids {
    ($($name:ident => $type:ty),+ $(,)?) => { $(
        #[doc = concat!("Reads a field that holds ", stringify!($type), ".")]
        ///
        /// # Errors
        /// If the length is not 16 bytes.
        pub fn $name(field: &'static str, bytes: &[u8]) -> Result<$type, InvalidField> {
            <$type>::from_slice(bytes).ok_or_else(|| InvalidField {
                field,
                problem: format!("{} bytes instead of 16", bytes.len()),
            })
        }
    )+ };
}

ids!(agent => AgentId, job => JobId, snapshot => SnapshotId, token => TokenId);

/// Reads a field that holds a hash.
///
/// # Errors
/// If the length is not 32 bytes.
pub fn hash(field: &'static str, bytes: &[u8]) -> Result<Hash, InvalidField> {
    Hash::from_slice(bytes).ok_or_else(|| InvalidField {
        field,
        problem: format!("{} bytes instead of 32", bytes.len()),
    })
}

/// Reads a field of exactly `N` bytes, as nonces and secrets are.
///
/// # Errors
/// If the length is not `N` bytes.
pub fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], InvalidField> {
    bytes.try_into().map_err(|_| InvalidField {
        field,
        problem: format!("{} bytes instead of {N}", bytes.len()),
    })
}

/// Writes an id or a hash.
#[must_use]
pub fn bytes(id: &[u8]) -> Bytes {
    Bytes::copy_from_slice(id)
}
