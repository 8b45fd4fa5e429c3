//! Facts that travel as the JSON of the domain's types.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::InvalidField;

/// Reads a field that holds JSON. Unknown members are tolerated: a newer peer may say more.
///
/// # Errors
/// If it is not JSON of that type.
pub fn read<T: DeserializeOwned>(field: &'static str, bytes: &[u8]) -> Result<T, InvalidField> {
    serde_json::from_slice(bytes)
        .map_err(|error| InvalidField { field, problem: error.to_string() })
}

/// Writes a value as JSON.
///
/// # Panics
/// Never for the domain's types: their keys are texts and their numbers are finite.
pub fn write<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).expect("the domain's types are JSON").into()
}
