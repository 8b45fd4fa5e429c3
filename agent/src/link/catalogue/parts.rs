//! Puts together what the controller hands out, part by part: roots with their signatures, the manifest with
//! its own, files. A state machine without I/O. It trusts nothing and verifies nothing but order and sizes; what
//! the things are worth, the executor judges.

use befund_proto::v1::catalogue_head::Kind;
use befund_proto::v1::catalogue_part::Body;
use befund_proto::{CHUNK_BYTES, v1};

/// The most bytes of a trust root.
pub const MAX_ROOT_BYTES: usize = 128 << 10;
/// The most bytes of a signature.
pub const MAX_SIGNATURE_BYTES: usize = 8 << 10;
/// The most signatures of one thing.
pub const MAX_SIGNATURES: usize = 64;
/// The most bytes of a manifest.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// The most bytes of a file.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// The most bytes of everything.
pub const MAX_TOTAL_BYTES: usize = 16 << 20;
/// The most roots: somebody changes one a few times a year.
pub const MAX_ROOTS: usize = 256;
/// The most files.
pub const MAX_FILES: usize = 2_000;
/// The most bytes of a file's path.
pub const MAX_PATH_BYTES: usize = 200;

/// Something that is there as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A trust root.
    Root(Signed),
    /// The catalogue's manifest.
    Manifest(Signed),
    /// A file of the catalogue.
    File {
        /// Its path within the catalogue.
        path: String,
        /// Its exact bytes.
        bytes: Vec<u8>,
    },
}

/// Something signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// Their signatures.
    pub signatures: Vec<String>,
}

/// A rule that the controller broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Neither a head nor a chunk, or a head of a kind that this version does not know.
    #[error("the controller handed out something that this version does not know")]
    Unknown,
    /// A thing out of order.
    #[error("the controller handed out {0} where it does not belong")]
    OutOfOrder(&'static str),
    /// Too many things of a kind.
    #[error("the controller handed out more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many may come.
        most: usize,
    },
    /// A thing that is too large.
    #[error("the controller announced {what} of {bytes} bytes; {most} may come")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Bytes announced.
        bytes: usize,
        /// Bytes that may come.
        most: usize,
    },
    /// A thing without content.
    #[error("the controller handed out {0} of no bytes")]
    Empty(&'static str),
    /// A path that is none, or one where there may be none.
    #[error("the controller handed out {0} under a path that cannot be")]
    Path(&'static str),
    /// A chunk that is empty, larger than allowed, or more than was announced.
    #[error("the controller sent a chunk of {bytes} bytes where {rest} were to come")]
    Chunk {
        /// Its bytes.
        bytes: usize,
        /// Those that were to come.
        rest: usize,
    },
    /// A signature that is no text.
    #[error("the controller handed out a signature that is no text")]
    NoText,
    /// Something new, or the end, before everything that was announced had come.
    #[error("the controller left {0} bytes out of what it had announced")]
    Short(usize),
}

/// Where things belong: roots, then the manifest, then files.
#[derive(Debug)]
enum Stage {
    Roots(Option<Signed>),
    Manifest(Signed),
    Files,
}

/// What chunks belong to.
#[derive(Debug)]
struct Coming {
    kind: Kind,
    path: String,
    rest: usize,
    bytes: Vec<u8>,
}

/// Puts parts together.
#[derive(Debug)]
pub struct Reader {
    stage: Stage,
    coming: Option<Coming>,
    roots: usize,
    files: usize,
    total: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self { stage: Stage::Roots(None), coming: None, roots: 0, files: 0, total: 0 }
    }
}

impl Reader {
    /// Takes in a part; what is whole now, in order, which is two things at most.
    ///
    /// # Errors
    /// If it breaks a rule; nothing more may be taken in then.
    pub fn take(&mut self, part: v1::CataloguePart) -> Result<Vec<Item>, Broken> {
        let mut whole = Vec::new();
        match part.body.ok_or(Broken::Unknown)? {
            Body::Head(head) => self.head(head, &mut whole)?,
            Body::Chunk(chunk) => {
                let rest = self.coming.as_ref().map_or(0, |coming| coming.rest);
                let fits = (1..=rest.min(CHUNK_BYTES)).contains(&chunk.len());
                let Some(coming) = self.coming.as_mut().filter(|_| fits) else {
                    return Err(Broken::Chunk { bytes: chunk.len(), rest });
                };
                coming.bytes.extend_from_slice(&chunk);
                coming.rest -= chunk.len();
            }
        }
        if let Some(coming) = self.coming.take_if(|coming| coming.rest == 0) {
            self.came(coming, &mut whole)?;
        }
        Ok(whole)
    }

    /// Nothing follows; what is whole now.
    ///
    /// # Errors
    /// If something was to come.
    pub fn end(mut self) -> Result<Option<Item>, Broken> {
        match self.coming.take() {
            Some(coming) => Err(Broken::Short(coming.rest)),
            None => Ok(self.signed()),
        }
    }

    /// What had its signatures last, which now are all.
    fn signed(&mut self) -> Option<Item> {
        match std::mem::replace(&mut self.stage, Stage::Files) {
            Stage::Roots(root) => {
                self.stage = Stage::Roots(None);
                root.map(Item::Root)
            }
            Stage::Manifest(manifest) => Some(Item::Manifest(manifest)),
            Stage::Files => None,
        }
    }

    fn head(&mut self, head: v1::CatalogueHead, whole: &mut Vec<Item>) -> Result<(), Broken> {
        if let Some(coming) = &self.coming {
            return Err(Broken::Short(coming.rest));
        }
        let kind = Kind::try_from(head.kind).map_err(|_| Broken::Unknown)?;
        let bytes = usize::try_from(head.length).unwrap_or(usize::MAX);
        let (what, most) = match kind {
            Kind::Unspecified => return Err(Broken::Unknown),
            Kind::Root => ("a trust root", MAX_ROOT_BYTES),
            Kind::RootSignature => ("a signature of a trust root", MAX_SIGNATURE_BYTES),
            Kind::Manifest => ("a manifest", MAX_MANIFEST_BYTES),
            Kind::Signature => ("a signature of the manifest", MAX_SIGNATURE_BYTES),
            Kind::File => ("a file", MAX_FILE_BYTES),
        };
        let most = most.min(MAX_TOTAL_BYTES - self.total);
        if bytes > most {
            return Err(Broken::TooLarge { what, bytes, most });
        }
        self.total += bytes;
        let is_file = kind == Kind::File;
        if head.path.is_empty() == is_file || head.path.len() > MAX_PATH_BYTES {
            return Err(Broken::Path(what));
        }
        if bytes == 0 && !is_file {
            return Err(Broken::Empty(what));
        }
        self.in_turn(kind, what, whole)?;
        self.coming = Some(Coming { kind, path: head.path, rest: bytes, bytes: Vec::new() });
        Ok(())
    }

    /// Whether a thing of this kind may begin now; what came before it may be whole by that.
    fn in_turn(
        &mut self,
        kind: Kind,
        what: &'static str,
        whole: &mut Vec<Item>,
    ) -> Result<(), Broken> {
        let many = |what, most| Err(Broken::TooMany { what, most });
        match (kind, &self.stage) {
            (Kind::Root, Stage::Roots(_)) if self.roots >= MAX_ROOTS => {
                return many("trust roots", MAX_ROOTS);
            }
            (Kind::Root, Stage::Roots(_)) => self.roots += 1,
            (Kind::Manifest, Stage::Roots(_)) => {}
            (Kind::RootSignature, Stage::Roots(Some(signed)))
            | (Kind::Signature, Stage::Manifest(signed)) => {
                if signed.signatures.len() >= MAX_SIGNATURES {
                    return many("signatures of one thing", MAX_SIGNATURES);
                }
                return Ok(());
            }
            (Kind::File, Stage::Manifest(_) | Stage::Files) if self.files >= MAX_FILES => {
                return many("files", MAX_FILES);
            }
            (Kind::File, Stage::Manifest(_) | Stage::Files) => self.files += 1,
            (
                Kind::Unspecified
                | Kind::Root
                | Kind::RootSignature
                | Kind::Manifest
                | Kind::Signature
                | Kind::File,
                Stage::Roots(_) | Stage::Manifest(_) | Stage::Files,
            ) => return Err(Broken::OutOfOrder(what)),
        }
        whole.extend(self.signed());
        Ok(())
    }

    fn came(&mut self, coming: Coming, whole: &mut Vec<Item>) -> Result<(), Broken> {
        let Coming { kind, path, rest: _, bytes } = coming;
        match (kind, &mut self.stage) {
            (Kind::Root, _) => {
                self.stage = Stage::Roots(Some(Signed { bytes, signatures: Vec::new() }));
            }
            (Kind::Manifest, _) => {
                self.stage = Stage::Manifest(Signed { bytes, signatures: Vec::new() });
            }
            (Kind::File, _) => whole.push(Item::File { path, bytes }),
            (Kind::RootSignature, Stage::Roots(Some(signed)))
            | (Kind::Signature, Stage::Manifest(signed)) => {
                let text = String::from_utf8(bytes).map_err(|_| Broken::NoText)?;
                signed.signatures.push(text);
            }
            // Its head was let in by the same stage.
            (Kind::Unspecified | Kind::RootSignature | Kind::Signature, _) => {
                return Err(Broken::Unknown);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
