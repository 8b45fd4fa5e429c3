//! What is handed out on the wire, part by part, well formed or not.

use befund_proto::v1::catalogue_head::Kind;
use befund_proto::v1::catalogue_part::Body;
use befund_proto::{CHUNK_BYTES, v1};
use bytes::Bytes;

/// A part.
#[must_use]
pub const fn part(body: Body) -> v1::CataloguePart {
    v1::CataloguePart { body: Some(body) }
}

/// The head of a thing that is announced with so many bytes.
#[must_use]
pub fn head(kind: Kind, path: &str, length: usize) -> v1::CataloguePart {
    let length = u32::try_from(length).expect("the sizes of tests fit");
    part(Body::Head(v1::CatalogueHead { kind: kind.into(), path: path.to_owned(), length }))
}

/// A whole thing.
#[must_use]
pub fn thing(kind: Kind, path: &str, bytes: &[u8]) -> Vec<v1::CataloguePart> {
    let chunks = bytes.chunks(CHUNK_BYTES).map(chunk);
    std::iter::once(head(kind, path, bytes.len())).chain(chunks).collect()
}

/// Bytes of what was begun last.
#[must_use]
pub fn chunk(bytes: &[u8]) -> v1::CataloguePart {
    part(Body::Chunk(Bytes::copy_from_slice(bytes)))
}

/// Something signed, with its signatures.
#[must_use]
pub fn signed(
    what: Kind,
    signature: Kind,
    bytes: &[u8],
    signatures: &[String],
) -> Vec<v1::CataloguePart> {
    let by = signatures.iter().flat_map(|by| thing(signature, "", by.as_bytes()));
    thing(what, "", bytes).into_iter().chain(by).collect()
}

/// A trust root.
#[must_use]
pub fn root(bytes: &[u8], signatures: &[String]) -> Vec<v1::CataloguePart> {
    signed(Kind::Root, Kind::RootSignature, bytes, signatures)
}

/// A manifest.
#[must_use]
pub fn manifest(bytes: &[u8], signatures: &[String]) -> Vec<v1::CataloguePart> {
    signed(Kind::Manifest, Kind::Signature, bytes, signatures)
}

/// Files.
#[must_use]
pub fn files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<v1::CataloguePart> {
    files.into_iter().flat_map(|(path, bytes)| thing(Kind::File, path, bytes)).collect()
}
