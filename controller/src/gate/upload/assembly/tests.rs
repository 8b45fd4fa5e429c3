//! The rules of an upload, by example and by property.

use std::collections::HashSet;

use befund_model::Timestamp;
use befund_model::id::SnapshotId;
use befund_model::snapshot::{PrivacyClass, SectionKind, SectionRef, Status, Volatility};
use proptest::prelude::*;

use super::super::wanted;
use super::*;

fn manifest(contents: &[Vec<u8>]) -> Manifest {
    let sections = contents.iter().enumerate().map(|(n, content)| SectionRef {
        kind: format!("test.s{n:03}").parse::<SectionKind>().expect("a kind"),
        status: Status::Ok,
        reason: String::new(),
        hash: Hash::of(content),
        size: content.len() as u64,
        class: PrivacyClass::Scheduled,
        volatility: Volatility::Stable,
        redacted: 0,
        took_us: 0,
    });
    Manifest {
        id: SnapshotId::new(Timestamp::UNIX_EPOCH, [1; 10]),
        taken_at: Timestamp::UNIX_EPOCH,
        sections: sections.collect(),
    }
}

fn pack(content: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(content, 3).expect("compressed")
}

fn head(index: usize, length: usize, encoding: Encoding) -> v1::SectionHead {
    v1::SectionHead {
        index: u32::try_from(index).expect("small"),
        encoding: encoding.into(),
        length: length as u64,
    }
}

fn all(manifest: &Manifest) -> Sections {
    Sections::new(wanted::choose(manifest, &HashSet::new(), None))
}

#[test]
fn a_manifest_comes_in_parts_and_not_for_ever() {
    let manifest = manifest(&[b"a".to_vec()]);
    let json = convert::json::write(&manifest);
    let purpose = convert::json::write(&Purpose::Scheduled);
    let mut opening = Opening::default();
    let (first, second) = json.split_at(10);
    let part = |bytes: &[u8], more| v1::UploadOpen {
        manifest: Bytes::copy_from_slice(bytes),
        purpose: purpose.clone(),
        more,
    };
    assert_eq!(opening.take(&part(first, true)), Ok(None));
    assert_eq!(opening.take(&part(second, false)), Ok(Some((manifest, Purpose::Scheduled))));

    let mut opening = Opening::default();
    let refused = (0..100).find_map(|_| opening.take(&part(&[b' '; 8_000], true)).err());
    assert_eq!(refused, Some(Refused::ManifestTooLarge));
    assert_eq!(Opening::default().take(&part(b"", true)), Err(Refused::Order));
    assert!(matches!(Opening::default().take(&part(first, false)), Err(Refused::Field(_))));
}

#[test]
fn a_frame_that_promises_too_much_or_too_little_is_refused() {
    let content = vec![7u8; 2 << 20];
    let manifest = manifest(std::slice::from_ref(&content));
    let frame = pack(&content);
    let refused = all(&manifest).head(&head(0, frame.len(), Encoding::Zstd), &manifest);
    assert_eq!(refused, Err(Refused::Ratio));
    let refused = all(&manifest).head(&head(0, 3 << 20, Encoding::Zstd), &manifest);
    assert_eq!(refused, Err(Refused::Length));
    let refused = all(&manifest).head(&head(0, 0, Encoding::Zstd), &manifest);
    assert_eq!(refused, Err(Refused::Length));
    let refused = all(&manifest).head(&head(0, 100, Encoding::ZstdDelta), &manifest);
    assert_eq!(refused, Err(Refused::NoBase));
    let refused = all(&manifest).head(&head(0, 100, Encoding::Unspecified), &manifest);
    assert_eq!(refused, Err(Refused::Encoding));
    let refused = all(&manifest).head(&head(1, 100, Encoding::Zstd), &manifest);
    assert_eq!(refused, Err(Refused::Order));
    assert!(matches!(all(&manifest).chunk(b"x"), Err(Refused::Order)));
}

#[test]
fn other_bytes_than_the_announced_ones_are_refused() {
    let manifest = manifest(&[b"the announced".to_vec()]);
    let other = pack(b"another thing");
    let mut sections = all(&manifest);
    sections.head(&head(0, other.len(), Encoding::Zstd), &manifest).expect("begun");
    assert!(matches!(sections.chunk(&other), Err(Refused::Hash)));
}

#[test]
fn only_what_the_machine_has_not_sent_is_asked_for_and_each_content_once() {
    let known = b"known".to_vec();
    let twice = b"twice".to_vec();
    let manifest = manifest(&[known.clone(), twice.clone(), twice]);
    let own = HashSet::from([Hash::of(&known)]);
    let wanted = wanted::choose(&manifest, &own, None);
    assert_eq!(wanted, [Wanted { index: 1, base: None }]);
}

proptest! {
    /// Whatever sections, cut however: they come out byte for byte.
    #[test]
    fn sections_come_out_as_they_went_in(
        contents in proptest::collection::hash_set(
            proptest::collection::vec(any::<u8>(), 0..20_000), 0..6),
        cut in 1usize..CHUNK_BYTES,
    ) {
        let contents: Vec<Vec<u8>> = contents.into_iter().collect();
        let manifest = manifest(&contents);
        let mut sections = all(&manifest);
        let mut whole = 0;
        for (index, content) in contents.iter().enumerate() {
            let frame = pack(content);
            sections.head(&head(index, frame.len(), Encoding::Zstd), &manifest).expect("begun");
            for chunk in frame.chunks(cut) {
                if let Some((at, Piece::Frame(bytes))) = sections.chunk(chunk).expect("taken") {
                    prop_assert_eq!(at, index);
                    prop_assert_eq!(bytes, frame.clone());
                    whole += 1;
                }
            }
        }
        prop_assert_eq!(whole, contents.len());
        prop_assert!(sections.is_complete());
    }

    /// Whatever bytes come instead of a frame, they are refused or taken, and nothing panics.
    #[test]
    fn damaged_frames_never_pass(
        content in proptest::collection::vec(any::<u8>(), 1..5_000),
        at in any::<proptest::sample::Index>(),
        flip in 1u8..,
    ) {
        let manifest = manifest(std::slice::from_ref(&content));
        let mut frame = pack(&content);
        let at = at.index(frame.len());
        frame[at] ^= flip;
        let mut sections = all(&manifest);
        sections.head(&head(0, frame.len(), Encoding::Zstd), &manifest).expect("begun");
        let mut taken = None;
        for chunk in frame.chunks(CHUNK_BYTES) {
            match sections.chunk(chunk) {
                Ok(Some((_, Piece::Frame(bytes)))) => taken = Some(bytes),
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        }
        // Some bits of a frame carry nothing: then the content is still the announced one.
        let bytes = taken.expect("whole");
        prop_assert_eq!(zstd::bulk::decompress(&bytes, content.len()).expect("a frame"), content);
    }
}
