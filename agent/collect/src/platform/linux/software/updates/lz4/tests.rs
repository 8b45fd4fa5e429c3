//! Frames by the format's description, and damaged ones.

use proptest::prelude::*;

use super::*;

/// A frame of these blocks: linked, of 64 KiB at most, without checksums.
fn frame(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [MAGIC.as_slice(), &[0x40, 0x40, 0xc0]].concat();
    for block in blocks {
        bytes.extend(u32::try_from(block.len()).expect("short").to_le_bytes());
        bytes.extend(block);
    }
    bytes.extend([0; 4]);
    bytes
}

/// Literals, and a match that repeats bytes from so far back.
fn sequence(literals: &[u8], offset: u16, repeated: usize) -> Vec<u8> {
    let nibble = |length: usize| u8::try_from(length.min(15)).expect("four bits");
    let more = |length: usize| -> Vec<u8> {
        if length < 15 {
            return Vec::new();
        }
        let mut bytes = vec![255; (length - 15) / 255];
        bytes.push(u8::try_from((length - 15) % 255).expect("a byte"));
        bytes
    };
    let mut bytes = vec![nibble(literals.len()) << 4 | nibble(repeated - 4)];
    bytes.extend(more(literals.len()));
    bytes.extend(literals);
    bytes.extend(offset.to_le_bytes());
    bytes.extend(more(repeated - 4));
    bytes
}

fn plain(literals: &[u8]) -> Vec<u8> {
    assert!(literals.len() < 15);
    [&[u8::try_from(literals.len() << 4).expect("a byte")], literals].concat()
}

fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    Frame::open(bytes)?.read_to_end(&mut all)?;
    Ok(all)
}

#[test]
fn matches_reach_into_themselves_and_into_the_block_before() {
    let first = [sequence(b"ab", 2, 300), plain(b"!")].concat();
    let second = [sequence(b"c", 3, 5), plain(b"")].concat();
    let expected = ["ab".repeat(151), "!c".into(), "b!cb!".into()].concat();
    assert_eq!(
        read(&frame(&[first.clone(), second.clone()])).expect("readable"),
        expected.as_bytes()
    );
    // Blocks that stand alone may not.
    let mut alone = frame(&[first, second]);
    alone[4] = 0x60;
    assert!(read(&alone).is_err());
}

#[test]
fn what_is_no_frame_is_refused() {
    assert!(read(b"no frame at all").is_err());
    assert!(read(&frame(&[sequence(b"a", 2, 4)])).is_err());
    assert!(read(&frame(&[[sequence(b"a", 1, 70_000), plain(b"")].concat()])).is_err());
    let whole = frame(&[[sequence(b"ab", 2, 9), plain(b"x")].concat()]);
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read(&frame(&[bytes]));
    }

    #[test]
    fn what_was_packed_comes_out(parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..40), 1_u16..200, 4_usize..600), 0..20)) {
        let (mut packed, mut expected) = (Vec::new(), Vec::<u8>::new());
        for (literals, offset, repeated) in parts {
            expected.extend(&literals);
            let offset = offset.min(u16::try_from(expected.len()).expect("short"));
            packed.extend(sequence(&literals, offset, repeated));
            for _ in 0..repeated {
                expected.push(expected[expected.len() - usize::from(offset)]);
            }
        }
        packed.extend(plain(b"end"));
        expected.extend(b"end");
        prop_assert_eq!(read(&frame(&[packed])).expect("readable"), expected);
    }
}
