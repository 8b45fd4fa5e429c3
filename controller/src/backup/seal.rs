//! A sealed file: a line that names the format, a salt, then chunks under ChaCha20-Poly1305 with a key
//! that argon2id makes of a passphrase. The chunks are numbered and the last is marked, so that a
//! change, another order and a cut are all noticed; the first holds nothing, so that a wrong
//! passphrase is told from an altered file.

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const MAGIC: &[u8; 16] = b"befund-backup 1\n";
const SALT: usize = 16;
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
/// argon2id: 64 MiB, three passes, one lane (RFC 9106's second choice with fewer lanes).
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;

/// Why a sealed file cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is something else.
    #[error("it is not a backup of befund-controller, or one of a newer version")]
    NotABackup,
    /// The passphrase does not fit.
    #[error("the passphrase is wrong (or the file's first bytes were altered)")]
    Passphrase,
    /// The end is missing.
    #[error("the file was cut off: copy it again, whole")]
    Truncated,
    /// Bytes are not as they were written.
    #[error("the file was altered or damaged: take another copy")]
    Altered,
}

impl From<SealError> for io::Error {
    fn from(error: SealError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

#[derive(Clone, Copy)]
enum Place {
    Check,
    Middle,
    Last,
}

impl Place {
    const fn mark(self) -> [u8; 1] {
        match self {
            Self::Check => [0],
            Self::Middle => [1],
            Self::Last => [2],
        }
    }
}

struct Chunks {
    key: LessSafeKey,
    count: u64,
}

impl Chunks {
    fn new(passphrase: &str, salt: &[u8]) -> io::Result<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(io::Error::other)?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, &mut key)
            .map_err(io::Error::other)?;
        Self::with_key(&key)
    }

    fn with_key(key: &[u8; 32]) -> io::Result<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key)
            .map_err(|_| io::Error::other("the key does not fit the cipher"))?;
        Ok(Self { key: LessSafeKey::new(key), count: 0 })
    }

    /// Each number is used once with a key, and each key once: its salt is random.
    fn next(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.count.to_be_bytes());
        self.count += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, place: Place, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let nonce = self.next();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(place.mark()), &mut bytes)
            .map_err(|_| io::Error::other("the chunk cannot be sealed"))?;
        Ok(bytes)
    }

    fn open(&mut self, place: Place, bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let nonce = self.next();
        let length = self
            .key
            .open_in_place(nonce, Aad::from(place.mark()), bytes)
            .map_err(|_| SealError::Altered)?
            .len();
        bytes.truncate(length);
        Ok(())
    }
}

/// Seals what is written into it; without [`finish`](Self::finish) the file has no end.
pub(super) struct Writer {
    file: std::fs::File,
    chunks: Chunks,
    waiting: Vec<u8>,
}

impl Writer {
    pub(super) fn new(mut file: std::fs::File, passphrase: &str) -> io::Result<Self> {
        let salt = befund_runtime::clock::random::<SALT>();
        let mut chunks = Chunks::new(passphrase, &salt)?;
        file.write_all(MAGIC)?;
        file.write_all(&salt)?;
        file.write_all(&chunks.seal(Place::Check, Vec::new())?)?;
        Ok(Self { file, chunks, waiting: Vec::with_capacity(CHUNK) })
    }

    /// Writes the end and syncs.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let last = std::mem::take(&mut self.waiting);
        self.file.write_all(&self.chunks.seal(Place::Last, last)?)?;
        self.file.sync_all()
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk is kept until it is known that it is not the last.
        if self.waiting.len() == CHUNK {
            let full = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK));
            self.file.write_all(&self.chunks.seal(Place::Middle, full)?)?;
        }
        let count = bytes.len().min(CHUNK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens what a [`Writer`] sealed.
pub(super) struct Reader<R> {
    file: R,
    chunks: Chunks,
    /// Read ahead, to know whether a chunk is the last.
    ahead: Vec<u8>,
    open: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn open(mut file: R, passphrase: &str) -> io::Result<Self> {
        let start = up_to(&mut file, MAGIC.len())?;
        if start != MAGIC {
            return Err(SealError::NotABackup.into());
        }
        let salt = up_to(&mut file, SALT)?;
        let mut check = up_to(&mut file, TAG)?;
        if salt.len() < SALT || check.len() < TAG {
            return Err(SealError::Truncated.into());
        }
        Self::behind(file, Chunks::new(passphrase, &salt)?, &mut check)
    }

    /// Goes on behind the file's head, whose last part is the check of the key.
    fn behind(mut file: R, mut chunks: Chunks, check: &mut Vec<u8>) -> io::Result<Self> {
        chunks.open(Place::Check, check).map_err(|_| SealError::Passphrase)?;
        let ahead = up_to(&mut file, CHUNK + TAG)?;
        Ok(Self { file, chunks, ahead, open: Vec::new(), at: 0, ended: false })
    }

    fn advance(&mut self) -> io::Result<()> {
        let next = up_to(&mut self.file, CHUNK + TAG)?;
        let mut chunk = std::mem::replace(&mut self.ahead, next);
        self.ended = self.ahead.is_empty();
        let place = if self.ended { Place::Last } else { Place::Middle };
        if self.ended {
            let mut as_middle = chunk.clone();
            let count = self.chunks.count;
            if let Err(error) = self.chunks.open(place, &mut chunk) {
                // A chunk from the middle at the end: what followed it is missing. A last chunk
                // that does not open and is not full was most likely cut, too.
                self.chunks.count = count;
                let cut = self.chunks.open(Place::Middle, &mut as_middle).is_ok()
                    || as_middle.len() < CHUNK + TAG;
                return Err(if cut { SealError::Truncated } else { error }.into());
            }
        } else {
            self.chunks.open(place, &mut chunk)?;
        }
        (self.open, self.at) = (chunk, 0);
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.at == self.open.len() {
            if self.ended {
                return Ok(0);
            }
            self.advance()?;
        }
        let count = bytes.len().min(self.open.len() - self.at);
        bytes[..count].copy_from_slice(&self.open[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn up_to(file: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What follows the head of a sealed file, under a key of zeros: as `tests/hostile` makes and opens
/// it, without the time that a passphrase takes.
pub(super) mod fuzzing {
    use super::{CHUNK, Chunks, Place, Reader, TAG, io};

    const KEY: [u8; 32] = [0; 32];

    pub(in crate::backup) fn seal(content: &[u8]) -> io::Result<Vec<u8>> {
        let mut chunks = Chunks::with_key(&KEY)?;
        let mut sealed = chunks.seal(Place::Check, Vec::new())?;
        let mut rest = content;
        while rest.len() > CHUNK {
            let (chunk, after) = rest.split_at(CHUNK);
            sealed.extend(chunks.seal(Place::Middle, chunk.to_vec())?);
            rest = after;
        }
        sealed.extend(chunks.seal(Place::Last, rest.to_vec())?);
        Ok(sealed)
    }

    pub(in crate::backup) fn open(mut sealed: &[u8]) -> io::Result<Reader<&[u8]>> {
        let mut check = super::up_to(&mut sealed, TAG)?;
        Reader::behind(sealed, Chunks::with_key(&KEY)?, &mut check)
    }
}
