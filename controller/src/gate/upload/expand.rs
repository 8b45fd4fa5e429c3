//! Taking compressed sections apart without trusting them: what comes out is counted while it comes,
//! hashed, and never held unless it must be.

use befund_model::id::Hash;
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe::DParameter;

use super::Refused;

/// The largest window that a frame may ask for: 8 MiB.
const WINDOW_LOG: u32 = 23;
/// How much comes out at a time.
const PIECE: usize = 16 << 10;
/// What the controller compresses with.
const LEVEL: i32 = 3;

/// One frame on its way: counts and hashes what comes out.
pub(super) struct Expander<'a> {
    decoder: Decoder<'a>,
    hasher: blake3::Hasher,
    piece: Vec<u8>,
    left: u64,
    ended: bool,
}

impl Expander<'static> {
    /// For a frame that stands by itself and expands to so many bytes.
    pub(super) fn new(size: u64) -> Result<Self, Refused> {
        Self::with(Decoder::new(), size)
    }
}

impl<'a> Expander<'a> {
    /// For a frame that is a difference against these bytes.
    pub(super) fn against(base: &'a [u8], size: u64) -> Result<Self, Refused> {
        Self::with(Decoder::with_ref_prefix(base), size)
    }

    fn with(decoder: std::io::Result<Decoder<'a>>, size: u64) -> Result<Self, Refused> {
        let mut decoder = decoder.map_err(|_| Refused::Damaged)?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
            .map_err(|_| Refused::Damaged)?;
        Ok(Self {
            decoder,
            hasher: blake3::Hasher::new(),
            piece: vec![0; PIECE],
            left: size,
            ended: false,
        })
    }

    /// Takes in more of the frame, and hands on what comes out.
    pub(super) fn feed(&mut self, input: &[u8], mut out: impl FnMut(&[u8])) -> Result<(), Refused> {
        let mut input = InBuffer::around(input);
        loop {
            if self.ended {
                let rest = input.pos() < input.src.len();
                return if rest { Err(Refused::Trailing) } else { Ok(()) };
            }
            let mut piece = OutBuffer::around(self.piece.as_mut_slice());
            let hint = self.decoder.run(&mut input, &mut piece).map_err(|_| Refused::Damaged)?;
            let written = piece.pos();
            let expanded = &self.piece[..written];
            self.left = u64::try_from(expanded.len())
                .ok()
                .and_then(|length| self.left.checked_sub(length))
                .ok_or(Refused::Larger)?;
            self.hasher.update(expanded);
            out(expanded);
            self.ended = hint == 0;
            if input.pos() == input.src.len() && written < PIECE && !self.ended {
                return Ok(());
            }
        }
    }

    /// The hash of everything, once the frame has ended.
    pub(super) fn finish(self) -> Result<Hash, Refused> {
        if !self.ended || self.left > 0 {
            return Err(Refused::Truncated);
        }
        Hash::from_slice(self.hasher.finalize().as_bytes()).ok_or(Refused::Damaged)
    }
}

/// Expands a difference against a stored frame, checks it, and compresses it by itself.
///
/// Holds both expanded sections for as long as it runs; bases and their sections are small
/// ([`super::wanted::MAX_DELTA`]).
pub(super) fn apply(
    base: &[u8],
    base_size: u64,
    difference: &[u8],
    size: u64,
    hash: Hash,
) -> Result<Vec<u8>, Refused> {
    let mut expanded_base = Vec::new();
    let mut expander = Expander::new(base_size)?;
    expander.feed(base, |bytes| expanded_base.extend_from_slice(bytes))?;
    expander.finish()?;
    let mut expanded = Vec::new();
    let mut expander = Expander::against(&expanded_base, size)?;
    expander.feed(difference, |bytes| expanded.extend_from_slice(bytes))?;
    if expander.finish()? != hash {
        return Err(Refused::Hash);
    }
    zstd::bulk::compress(&expanded, LEVEL).map_err(|_| Refused::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(frame: &[u8], size: u64) -> Result<Hash, Refused> {
        let mut expander = Expander::new(size)?;
        for chunk in frame.chunks(100) {
            expander.feed(chunk, |_| {})?;
        }
        expander.finish()
    }

    #[test]
    fn a_frame_gives_the_hash_of_its_content_and_nothing_else_passes() {
        let content: Vec<u8> = (0..100_000u32).flat_map(|n| (n % 977).to_be_bytes()).collect();
        let size = content.len() as u64;
        let frame = zstd::bulk::compress(&content, 3).expect("compressed");
        assert_eq!(expand(&frame, size), Ok(Hash::of(&content)));
        assert_eq!(expand(&frame, size - 1), Err(Refused::Larger));
        assert_eq!(expand(&frame, size + 1), Err(Refused::Truncated));
        assert_eq!(expand(&frame[..frame.len() - 1], size), Err(Refused::Truncated));
        let twice = [frame.clone(), frame.clone()].concat();
        assert_eq!(expand(&twice, 2 * size), Err(Refused::Trailing));
        assert_eq!(expand(b"not a frame at all", size), Err(Refused::Damaged));
        let empty = zstd::bulk::compress(&[], 3).expect("compressed");
        assert_eq!(expand(&empty, 0), Ok(Hash::of(&[])));
    }

    #[test]
    fn a_window_that_is_too_large_is_refused_before_anything_comes_out() {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(27).expect("a window");
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 1 << 20), &mut encoder)
            .expect("zeros");
        let frame = encoder.finish().expect("a frame");
        assert_eq!(expand(&frame, 1 << 20), Err(Refused::Damaged));
    }

    #[test]
    fn a_difference_gives_the_new_content_as_a_frame_of_its_own() {
        let old: Vec<u8> = (0..50_000u32).flat_map(u32::to_be_bytes).collect();
        let mut new = old.clone();
        new[1_000] ^= 1;
        let mut encoder =
            zstd::stream::Encoder::with_ref_prefix(Vec::new(), 3, &old).expect("an encoder");
        std::io::Write::write_all(&mut encoder, &new).expect("written");
        let difference = encoder.finish().expect("a frame");
        assert!(difference.len() < 1_000);
        let base = zstd::bulk::compress(&old, 3).expect("compressed");
        let size = old.len() as u64;
        let frame = apply(&base, size, &difference, size, Hash::of(&new)).expect("applied");
        assert_eq!(expand(&frame, size), Ok(Hash::of(&new)));
        assert_eq!(apply(&base, size, &difference, size, Hash::of(&old)), Err(Refused::Hash));
    }
}
