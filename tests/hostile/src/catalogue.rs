//! What a controller hands out, part by part, beside a second account of what may come of it.

use befund_agent::link::catalogue::parts::{
    Item, MAX_FILE_BYTES, MAX_MANIFEST_BYTES, MAX_ROOT_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNATURES,
    MAX_TOTAL_BYTES, Reader,
};
use befund_proto::v1::catalogue_part::Body;
use befund_proto::v1::{CatalogueHead, CataloguePart};
use bytes::Bytes;
use prost::Message as _;

use crate::pieces::{byte, records};

/// Nothing is larger than it may be, nothing comes out that was not sent, roots come before the manifest and files
/// after it.
pub(crate) fn run(data: &[u8]) {
    let mut reader = Reader::default();
    let mut sent = 0;
    let mut account = Account::default();
    for (tag, record) in records(data) {
        let Some(part) = part(tag, record) else { return };
        if let Some(Body::Chunk(chunk)) = &part.body {
            sent += chunk.len();
        }
        let Ok(items) = reader.take(part) else { return };
        assert!(items.len() <= 2);
        items.into_iter().for_each(|item| account.take(item, sent));
    }
    if let Ok(Some(item)) = reader.end() {
        account.take(item, sent);
    }
}

/// What came out until now.
#[derive(Default)]
struct Account {
    bytes: usize,
    manifest: bool,
}

impl Account {
    fn take(&mut self, item: Item, sent: usize) {
        let (signed, most) = match item {
            Item::Root(root) => {
                assert!(!self.manifest, "a root after the manifest");
                (root, MAX_ROOT_BYTES)
            }
            Item::Manifest(manifest) => {
                assert!(!std::mem::replace(&mut self.manifest, true), "a second manifest");
                (manifest, MAX_MANIFEST_BYTES)
            }
            Item::File { path, bytes } => {
                assert!(self.manifest, "a file before the manifest");
                assert!(!path.is_empty() && bytes.len() <= MAX_FILE_BYTES);
                return self.count(bytes.len(), sent);
            }
        };
        assert!((1..=most).contains(&signed.bytes.len()));
        assert!(signed.signatures.len() <= MAX_SIGNATURES);
        assert!(signed.signatures.iter().all(|text| text.len() <= MAX_SIGNATURE_BYTES));
        let signatures: usize = signed.signatures.iter().map(String::len).sum();
        self.count(signed.bytes.len() + signatures, sent);
    }

    fn count(&mut self, bytes: usize, sent: usize) {
        self.bytes += bytes;
        assert!(self.bytes <= sent, "more comes out than was sent");
        assert!(self.bytes <= MAX_TOTAL_BYTES);
    }
}

/// A part as it stands in a record: as protobuf, or made of what is in it.
fn part(tag: u8, record: &[u8]) -> Option<CataloguePart> {
    let (kind, rest) = byte(record);
    let body = match tag % 3 {
        0 => return CataloguePart::decode(record).ok(),
        1 => {
            let (length, path) = byte(rest);
            let path = String::from_utf8_lossy(path).into_owned();
            Body::Head(CatalogueHead { kind: i32::from(kind % 7), path, length: length.into() })
        }
        _ => Body::Chunk(Bytes::copy_from_slice(record)),
    };
    Some(CataloguePart { body: Some(body) })
}
