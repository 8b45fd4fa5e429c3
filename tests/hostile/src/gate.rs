//! What a machine uploads: frames, and the order of the parts.

use befund_controller::gate::fuzzing_upload::{self as gate, Intake, Took};
use befund_model::id::Hash;
use befund_proto::CHUNK_BYTES;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::{SectionHead, UploadPart};
use bytes::Bytes;
use prost::Message as _;

use crate::pieces::{byte, number, records};

/// The most that a target lets a frame announce: what comes out is held, to be looked at.
const MOST: u32 = 1 << 20;

/// Any bytes as a frame of any announced size: no more comes out than was announced, and what is
/// taken has the hash that is told.
pub(crate) fn expand(data: &[u8]) {
    let (size, data) = number(data);
    let (chunk, frame) = byte(data);
    let size = u64::from(size % MOST);
    let mut came = Vec::new();
    let expanded =
        gate::expand(frame, usize::from(chunk) * 16, size, |bytes| came.extend_from_slice(bytes));
    assert!(came.len() as u64 <= size, "{} bytes of {size}", came.len());
    if let Ok(hash) = expanded {
        assert_eq!(came.len() as u64, size);
        assert_eq!(hash, Hash::of(&came));
    }
    // The same bytes as a difference against a base that is well known.
    let base = b"the base that this difference was made against, over and over again ".repeat(16);
    let kept = zstd::bulk::compress(&base, 1).expect("a frame in memory");
    let applied = gate::apply(&kept, base.len() as u64, frame, size, Hash::of(&came));
    if let Ok(frame) = applied {
        let whole = zstd::bulk::decompress(&frame, MOST as usize).expect("a frame that was made");
        assert_eq!(Hash::of(&whole), Hash::of(&came));
    }
}

/// Parts in any order: what is taken as a section has the content that its line announced, and
/// everything is complete only once it has all come.
pub(crate) fn upload(data: &[u8]) {
    let mut intake = Intake::default();
    let (mut asked, mut taken) = (0, 0);
    for (tag, record) in records(data) {
        let Some(part) = part(tag, record) else { return };
        let Ok(took) = intake.take(&part) else { return };
        match took {
            Took::More => {}
            Took::Asked(count) => asked = count,
            Took::Head(length) => assert!(length > 0, "a section of nothing was let in"),
            Took::Section(index, frame) => {
                taken += 1;
                let line = &intake.manifest().expect("it was asked for").sections[index];
                let size = usize::try_from(line.size).expect("a size under the cap");
                let whole = zstd::bulk::decompress(&frame, size).expect("a frame that was taken");
                assert_eq!(whole.len(), size);
                assert_eq!(Hash::of(&whole), line.hash);
            }
            Took::Difference(index, (base, size), bytes) => {
                taken += 1;
                let line = &intake.manifest().expect("it was asked for").sections[index];
                assert_eq!((line.hash, line.size), (base, size), "another base than was offered");
                assert!(!bytes.is_empty());
            }
        }
        assert_eq!(intake.is_complete(), intake.manifest().is_some() && taken == asked);
    }
}

/// A part as it stands in a record: as protobuf, or made of what is in it, so that more of them get
/// past the first look.
fn part(tag: u8, record: &[u8]) -> Option<Part> {
    Some(match tag % 4 {
        0 => UploadPart::decode(record).ok()?.body?,
        1 => gate::open(record, br#"{"purpose":"scheduled"}"#),
        2 => {
            let (index, rest) = byte(record);
            let (encoding, rest) = byte(rest);
            let (length, _) = number(rest);
            Part::Section(SectionHead {
                index: u32::from(index),
                encoding: i32::from(encoding),
                length: u64::from(length),
            })
        }
        _ => Part::Chunk(Bytes::copy_from_slice(&record[..record.len().min(CHUNK_BYTES + 1)])),
    })
}
