//! LZ4 frames, as apt keeps its lists where it keeps them compressed (LZ4 Frame Format 1.6, LZ4 Block
//! Format). Checksums are not compared: apt has done that when it fetched what is in there.

use std::io::{self, Read};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// How far back a match may reach.
const WINDOW_BYTES: usize = 64 << 10;

/// Reads what a frame holds.
#[derive(Debug)]
pub(crate) struct Frame<R> {
    from: R,
    /// What was unpacked: first what matches may still reach, from `at` on what nobody has read yet.
    unpacked: Vec<u8>,
    at: usize,
    packed: Vec<u8>,
    /// The most bytes of a block, unpacked.
    block_bytes: usize,
    linked: bool,
    block_checksums: bool,
    ended: bool,
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<R: Read> Frame<R> {
    /// Reads the frame's head.
    pub(crate) fn open(mut from: R) -> io::Result<Self> {
        let mut head = [0; 6];
        from.read_exact(&mut head)?;
        let [a, b, c, d, flags, block] = head;
        if [a, b, c, d] != MAGIC || flags >> 6 != 1 {
            return Err(wrong("no LZ4 frame of a known version"));
        }
        if flags & 1 != 0 {
            return Err(wrong("the frame needs a dictionary"));
        }
        let block_bytes = match block >> 4 & 7 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err(wrong("blocks of an unknown size")),
        };
        // The size of the content, if it is there; then a checksum of the head.
        let mut rest = [0; 9];
        let length = if flags & 8 != 0 { 9 } else { 1 };
        from.read_exact(&mut rest[..length])?;
        Ok(Self {
            from,
            unpacked: Vec::new(),
            at: 0,
            packed: Vec::new(),
            block_bytes,
            linked: flags & 0x20 == 0,
            block_checksums: flags & 0x10 != 0,
            ended: false,
        })
    }

    /// Unpacks the next block.
    fn next(&mut self) -> io::Result<()> {
        let mut size = [0; 4];
        self.from.read_exact(&mut size)?;
        let size = u32::from_le_bytes(size);
        if size == 0 {
            self.ended = true;
            return Ok(());
        }
        let length = usize::try_from(size & 0x7fff_ffff).unwrap_or(usize::MAX);
        if length > self.block_bytes {
            return Err(wrong("a block is larger than the frame says"));
        }
        self.unpacked.drain(..self.at.saturating_sub(WINDOW_BYTES));
        self.packed.resize(length, 0);
        self.from.read_exact(&mut self.packed)?;
        self.at = self.unpacked.len();
        if size >> 31 == 1 {
            self.unpacked.extend_from_slice(&self.packed);
        } else {
            let floor = if self.linked { 0 } else { self.at };
            unpack(&self.packed, &mut self.unpacked, floor, self.block_bytes)?;
        }
        if self.block_checksums {
            self.from.read_exact(&mut [0; 4])?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Frame<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.unpacked.len() && !self.ended {
            self.next()?;
        }
        let rest = &self.unpacked[self.at..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// Unpacks a block behind what is there; matches reach back to `floor`, `most` bytes come out of it.
fn unpack(packed: &[u8], to: &mut Vec<u8>, floor: usize, most: usize) -> io::Result<()> {
    let cut = || wrong("a block ends too early");
    let limit = to.len() + most;
    let mut rest = packed;
    loop {
        let (&token, after) = rest.split_first().ok_or_else(cut)?;
        rest = after;
        let literals = length(token >> 4, &mut rest).ok_or_else(cut)?;
        let (plain, after) = rest.split_at_checked(literals).ok_or_else(cut)?;
        if to.len() + literals > limit {
            return Err(wrong("a block is larger than the frame says"));
        }
        to.extend_from_slice(plain);
        rest = after;
        // The last sequence has literals only.
        if rest.is_empty() {
            return Ok(());
        }
        let (offset, after) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        rest = after;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let mut left = length(token & 15, &mut rest).ok_or_else(cut)?.saturating_add(4);
        if offset == 0 || offset > to.len() - floor {
            return Err(wrong("a match reaches back too far"));
        }
        if left > limit - to.len() {
            return Err(wrong("a block is larger than the frame says"));
        }
        let from = to.len() - offset;
        // A match may reach into what it makes itself.
        while left > 0 {
            let now = left.min(to.len() - from);
            to.extend_from_within(from..from + now);
            left -= now;
        }
    }
}

/// A length of four bits, which goes on in bytes if they are all set.
fn length(bits: u8, rest: &mut &[u8]) -> Option<usize> {
    let mut length = usize::from(bits);
    if bits == 15 {
        loop {
            let (&byte, after) = rest.split_first()?;
            *rest = after;
            length = length.checked_add(usize::from(byte))?;
            if byte != 255 {
                break;
            }
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests;
