//! Taking in a snapshot as `tests/hostile` drives it: parts in, sections out, without a machine or a
//! store. Not for anything else.

use std::collections::HashSet;

use befund_model::id::Hash;
use befund_model::snapshot::Manifest;
use befund_proto::v1;
use befund_proto::v1::upload_part::Body as Part;

use super::assembly::{Opening, Piece, Sections};
use super::{Refused, expand, wanted};

/// What came of a part.
#[derive(Debug)]
pub enum Took {
    /// More is needed.
    More,
    /// The manifest is whole, and so many sections are asked for.
    Asked(usize),
    /// So many bytes are announced.
    Head(u64),
    /// A section is whole: its place in the manifest, and its frame.
    Section(usize, Vec<u8>),
    /// A difference is whole: its place, the base's hash and size, and its bytes.
    Difference(usize, (Hash, u64), Vec<u8>),
}

/// An upload under way, from a machine that has sent the same manifest before.
#[derive(Default)]
pub struct Intake {
    opening: Opening,
    asked: Option<(Manifest, Sections)>,
}

impl Intake {
    /// Takes in a part.
    ///
    /// # Errors
    /// The rule that it breaks; the upload is over then.
    pub fn take(&mut self, part: &Part) -> Result<Took, String> {
        self.part(part).map_err(|refused| refused.to_string())
    }

    /// The manifest, once it is whole.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.asked.as_ref().map(|(manifest, _)| manifest)
    }

    /// Whether everything that was asked for has come.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.asked.as_ref().is_some_and(|(_, sections)| sections.is_complete())
    }

    fn part(&mut self, part: &Part) -> Result<Took, Refused> {
        match (part, &mut self.asked) {
            (Part::Open(open), None) => {
                let Some((manifest, _)) = self.opening.take(open)? else { return Ok(Took::More) };
                let wanted = wanted::choose(&manifest, &HashSet::new(), Some(&manifest));
                let count = wanted.len();
                self.asked = Some((manifest, Sections::new(wanted)));
                Ok(Took::Asked(count))
            }
            (Part::Section(head), Some((manifest, sections))) => {
                sections.head(head, manifest).map(Took::Head)
            }
            (Part::Chunk(chunk), Some((_, sections))) => {
                Ok(sections.chunk(chunk)?.map_or(Took::More, |(index, piece)| match piece {
                    Piece::Frame(frame) => Took::Section(index, frame),
                    Piece::Difference { base, bytes } => Took::Difference(index, base, bytes),
                }))
            }
            _ => Err(Refused::Order),
        }
    }
}

/// The first part of an upload that a manifest and a purpose fit into.
#[must_use]
pub fn open(manifest: &[u8], purpose: &[u8]) -> Part {
    Part::Open(v1::UploadOpen {
        manifest: bytes::Bytes::copy_from_slice(manifest),
        purpose: bytes::Bytes::copy_from_slice(purpose),
        more: false,
    })
}

/// Expands a frame that comes in chunks of this size; what comes out is handed on.
///
/// # Errors
/// Why it is not taken.
pub fn expand(
    frame: &[u8],
    chunk: usize,
    size: u64,
    mut out: impl FnMut(&[u8]),
) -> Result<Hash, String> {
    let told = |refused: Refused| refused.to_string();
    let mut expander = expand::Expander::new(size).map_err(told)?;
    for part in frame.chunks(chunk.max(1)) {
        expander.feed(part, &mut out).map_err(told)?;
    }
    expander.finish().map_err(told)
}

/// Applies a difference to a stored frame.
///
/// # Errors
/// Why it is not taken.
pub fn apply(
    base: &[u8],
    base_size: u64,
    difference: &[u8],
    size: u64,
    hash: Hash,
) -> Result<Vec<u8>, String> {
    expand::apply(base, base_size, difference, size, hash).map_err(|refused| refused.to_string())
}
