//! The order and the caps of an upload: the rules alone, without I/O. Nothing is allocated for what
//! was announced, only for what came.

use befund_model::id::Hash;
use befund_model::snapshot::{Manifest, Purpose};
use befund_proto::convert;
use befund_proto::v1::section_head::Encoding;
use befund_proto::{CHUNK_BYTES, MAX_MANIFEST_BYTES, v1};
use bytes::Bytes;

use super::Refused;
use super::expand::Expander;
use super::wanted::Wanted;

/// The most bytes of a requester's name.
const MAX_REQUESTER_BYTES: usize = 256;
/// How much more than its content a frame may take, bytes.
const OVERHEAD: u64 = 1_024;
/// Sections above this size must not expand by more than [`MAX_RATIO`].
const RATIO_FROM: u64 = 1 << 20;
/// The most that a large section may expand by.
const MAX_RATIO: u64 = 1_000;

/// The manifest, while its parts come.
#[derive(Debug, Default)]
pub(super) struct Opening {
    manifest: Vec<u8>,
    purpose: Bytes,
}

impl Opening {
    /// Takes in a part; answers the whole once it is there.
    pub(super) fn take(
        &mut self,
        part: &v1::UploadOpen,
    ) -> Result<Option<(Manifest, Purpose)>, Refused> {
        if self.manifest.len() + part.manifest.len() > MAX_MANIFEST_BYTES {
            return Err(Refused::ManifestTooLarge);
        }
        if part.more && part.manifest.is_empty() {
            return Err(Refused::Order);
        }
        self.manifest.extend_from_slice(&part.manifest);
        if self.purpose.is_empty() {
            self.purpose.clone_from(&part.purpose);
        }
        if part.more {
            return Ok(None);
        }
        let manifest: Manifest = convert::json::read("UploadOpen.manifest", &self.manifest)?;
        manifest.validate()?;
        let purpose: Purpose = convert::json::read("UploadOpen.purpose", &self.purpose)?;
        if let Purpose::Request(request) = &purpose
            && (request.message.len() > befund_model::snapshot::MAX_MESSAGE_BYTES
                || request.requester.len() > MAX_REQUESTER_BYTES)
        {
            return Err(Refused::Request);
        }
        Ok(Some((manifest, purpose)))
    }
}

/// A section that came whole.
pub(super) enum Piece {
    /// A frame that expands to the announced content.
    Frame(Vec<u8>),
    /// A difference, yet to be applied.
    Difference {
        /// The base and its size.
        base: (Hash, u64),
        /// The frame.
        bytes: Vec<u8>,
    },
}

/// The sections, while they come.
pub(super) struct Sections {
    wanted: Vec<Wanted>,
    next: usize,
    current: Option<Incoming>,
}

struct Incoming {
    index: usize,
    hash: Hash,
    length: u64,
    bytes: Vec<u8>,
    how: How,
}

enum How {
    Whole(Box<Expander<'static>>),
    Against((Hash, u64)),
}

impl Sections {
    /// For what was asked for.
    pub(super) const fn new(wanted: Vec<Wanted>) -> Self {
        Self { wanted, next: 0, current: None }
    }

    /// Whether everything has come.
    pub(super) fn is_complete(&self) -> bool {
        self.current.is_none() && self.next == self.wanted.len()
    }

    /// Begins the next section; answers how many bytes will come.
    pub(super) fn head(
        &mut self,
        head: &v1::SectionHead,
        manifest: &Manifest,
    ) -> Result<u64, Refused> {
        let wanted = match (&self.current, self.wanted.get(self.next)) {
            (None, Some(wanted)) if usize::try_from(head.index) == Ok(wanted.index) => *wanted,
            _ => return Err(Refused::Order),
        };
        let line = manifest.sections.get(wanted.index).ok_or(Refused::Order)?;
        if head.length == 0 || head.length > line.size + line.size / 128 + OVERHEAD {
            return Err(Refused::Length);
        }
        let how = match Encoding::try_from(head.encoding) {
            Ok(Encoding::Zstd) => {
                if line.size > RATIO_FROM && line.size / head.length > MAX_RATIO {
                    return Err(Refused::Ratio);
                }
                How::Whole(Box::new(Expander::new(line.size)?))
            }
            Ok(Encoding::ZstdDelta) => How::Against(wanted.base.ok_or(Refused::NoBase)?),
            Ok(Encoding::Unspecified) | Err(_) => return Err(Refused::Encoding),
        };
        self.current = Some(Incoming {
            index: wanted.index,
            hash: line.hash,
            length: head.length,
            bytes: Vec::new(),
            how,
        });
        Ok(head.length)
    }

    /// Takes in bytes; answers the section's place once it is whole.
    pub(super) fn chunk(&mut self, chunk: &[u8]) -> Result<Option<(usize, Piece)>, Refused> {
        if chunk.is_empty() || chunk.len() > CHUNK_BYTES {
            return Err(Refused::Chunk);
        }
        let mut current = self.current.take().ok_or(Refused::Order)?;
        let come = current.bytes.len() as u64 + chunk.len() as u64;
        if come > current.length {
            return Err(Refused::Length);
        }
        current.bytes.extend_from_slice(chunk);
        if let How::Whole(expander) = &mut current.how {
            expander.feed(chunk, |_| {})?;
        }
        if come < current.length {
            self.current = Some(current);
            return Ok(None);
        }
        self.next += 1;
        let piece = match current.how {
            How::Whole(expander) => {
                if expander.finish()? != current.hash {
                    return Err(Refused::Hash);
                }
                Piece::Frame(current.bytes)
            }
            How::Against(base) => Piece::Difference { base, bytes: current.bytes },
        };
        Ok(Some((current.index, piece)))
    }
}

#[cfg(test)]
mod tests;
