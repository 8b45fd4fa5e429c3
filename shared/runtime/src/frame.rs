//! Frames between Befund's own processes on one machine: a JSON header and, behind it, raw bytes.
//!
//! On a pipe or a local socket: 4 bytes header length, 4 bytes blob length (both big endian), the
//! header, the blob. Sections travel as blobs, since their exact bytes are what was hashed. Not for
//! the network: that is gRPC's.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The most bytes of a header.
pub const MAX_HEADER_BYTES: usize = 1 << 20;
/// The most bytes of a blob: one section.
pub const MAX_BLOB_BYTES: usize = 16 << 20;

/// A header and the bytes behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<T> {
    /// The header.
    pub header: T,
    /// The bytes; often none.
    pub blob: Vec<u8>,
}

impl<T> Frame<T> {
    /// A frame without a blob.
    pub const fn bare(header: T) -> Self {
        Self { header, blob: Vec::new() }
    }
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other end closed in the middle of a frame, or the transport failed.
    #[error("the local connection broke in the middle of a message")]
    Io(#[from] io::Error),
    /// A length above the caps; nothing was allocated for it.
    #[error("a local message announces {header} + {blob} bytes, more than is allowed")]
    TooLarge {
        /// The header's length.
        header: usize,
        /// The blob's length.
        blob: usize,
    },
    /// The header is not what was expected.
    #[error("a local message could not be understood")]
    Header(#[from] serde_json::Error),
}

/// Writes one frame; the caller flushes.
///
/// # Errors
/// On a transport error or a frame above the caps.
pub fn write<T: Serialize>(to: &mut impl Write, header: &T, blob: &[u8]) -> Result<(), FrameError> {
    to.write_all(&encode(header, blob)?)?;
    to.write_all(blob)?;
    Ok(())
}

/// Reads one frame; `None` at a clean end.
///
/// # Errors
/// On a transport error, an end within a frame, or a frame above the caps.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> Result<Option<Frame<T>>, FrameError> {
    let mut lengths = [0; 8];
    let first = loop {
        match from.read(&mut lengths) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut lengths[first..])?;
    let (header, blob) = split(lengths)?;
    let mut bytes = vec![0; header + blob];
    from.read_exact(&mut bytes)?;
    decode(bytes, header).map(Some)
}

/// Writes one frame, asynchronously, and flushes. Not cancel-safe: a dropped call may leave half a
/// frame behind, so give up the connection then.
///
/// # Errors
/// As [`write()`].
pub async fn send<T: Serialize>(
    to: &mut (impl AsyncWrite + Unpin),
    header: &T,
    blob: &[u8],
) -> Result<(), FrameError> {
    to.write_all(&encode(header, blob)?).await?;
    to.write_all(blob).await?;
    to.flush().await?;
    Ok(())
}

/// Reads one frame, asynchronously; `None` at a clean end. Not cancel-safe: a dropped call may have
/// eaten half a frame, so give up the connection then.
///
/// # Errors
/// As [`read()`].
pub async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<Frame<T>>, FrameError> {
    receive_at_most(from, MAX_HEADER_BYTES, MAX_BLOB_BYTES).await
}

/// As [`receive()`], with caps of its own: for what comes from whom nobody knows yet.
///
/// # Errors
/// As [`receive()`].
pub async fn receive_at_most<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    max_header: usize,
    max_blob: usize,
) -> Result<Option<Frame<T>>, FrameError> {
    let mut lengths = [0; 8];
    let first = from.read(&mut lengths).await?;
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut lengths[first..]).await?;
    let (header, blob) = split(lengths)?;
    if header > max_header || blob > max_blob {
        return Err(FrameError::TooLarge { header, blob });
    }
    let mut bytes = vec![0; header + blob];
    from.read_exact(&mut bytes).await?;
    decode(bytes, header).map(Some)
}

fn encode<T: Serialize>(header: &T, blob: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 8];
    serde_json::to_writer(&mut bytes, header)?;
    let header = bytes.len() - 8;
    let too_large = FrameError::TooLarge { header, blob: blob.len() };
    if header > MAX_HEADER_BYTES || blob.len() > MAX_BLOB_BYTES {
        return Err(too_large);
    }
    let (Ok(header), Ok(length)) = (u32::try_from(header), u32::try_from(blob.len())) else {
        return Err(too_large);
    };
    bytes[..4].copy_from_slice(&header.to_be_bytes());
    bytes[4..8].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

fn split(lengths: [u8; 8]) -> Result<(usize, usize), FrameError> {
    let [a, b, c, d, e, f, g, h] = lengths;
    let header = u32::from_be_bytes([a, b, c, d]) as usize;
    let blob = u32::from_be_bytes([e, f, g, h]) as usize;
    if header > MAX_HEADER_BYTES || blob > MAX_BLOB_BYTES {
        return Err(FrameError::TooLarge { header, blob });
    }
    Ok((header, blob))
}

fn decode<T: DeserializeOwned>(mut bytes: Vec<u8>, header: usize) -> Result<Frame<T>, FrameError> {
    let blob = bytes.split_off(header);
    Ok(Frame { header: serde_json::from_slice(&bytes)?, blob })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_a_pipe_and_end_cleanly() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"one", b"blob").expect("written");
        write(&mut pipe, &"two", b"").expect("written");
        let mut from = pipe.as_slice();
        let one: Frame<String> = read(&mut from).expect("readable").expect("a frame");
        assert_eq!(one, Frame { header: "one".into(), blob: b"blob".to_vec() });
        let two: Frame<String> = read(&mut from).expect("readable").expect("a frame");
        assert_eq!(two, Frame::bare("two".into()));
        assert!(read::<String>(&mut from).expect("a clean end").is_none());
    }

    #[test]
    fn a_cut_frame_and_a_huge_length_are_errors() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"one", b"blob").expect("written");
        for end in 1..pipe.len() {
            assert!(read::<String>(&mut &pipe[..end]).is_err(), "{end}");
        }
        let huge = [0xff; 8];
        assert!(matches!(read::<String>(&mut huge.as_slice()), Err(FrameError::TooLarge { .. })));
    }
}
