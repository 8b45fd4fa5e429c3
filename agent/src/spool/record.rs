//! One entry's bytes: the BLAKE3 hash of all that follows, the header's length, the header (JSON),
//! the blobs.

use serde::Serialize;
use serde::de::DeserializeOwned;

use befund_model::id::Hash;

/// Writes an entry.
///
/// # Panics
/// Never for the domain's types, which are JSON of less than 4 GiB.
#[must_use]
pub fn encode<'a>(header: &impl Serialize, blobs: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = vec![0; 36];
    serde_json::to_writer(&mut bytes, header).expect("the domain's types are JSON");
    let length = u32::try_from(bytes.len() - 36).expect("a header of less than 4 GiB");
    bytes[32..36].copy_from_slice(&length.to_be_bytes());
    for blob in blobs {
        bytes.extend_from_slice(blob);
    }
    let hash = Hash::of(&bytes[32..]);
    bytes[..32].copy_from_slice(hash.as_bytes());
    bytes
}

/// Reads an entry; `None` if it is not whole.
#[must_use]
pub fn decode<T: DeserializeOwned>(mut bytes: Vec<u8>) -> Option<(T, Vec<u8>)> {
    let (hash, body) = bytes.split_at_checked(32)?;
    if Hash::of(body).as_bytes() != hash {
        return None;
    }
    let (length, rest) = body.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let header = serde_json::from_slice(rest.get(..length)?).ok()?;
    bytes.drain(..36 + length);
    Some((header, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_and_no_part_of_it_does() {
        let bytes = encode(&"header", [b"one".as_slice(), b"two"]);
        assert_eq!(decode::<String>(bytes.clone()), Some(("header".into(), b"onetwo".to_vec())));
        for end in 0..bytes.len() {
            assert_eq!(decode::<String>(bytes[..end].to_vec()), None, "{end}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode::<String>(damaged), None, "{at}");
        }
    }
}
