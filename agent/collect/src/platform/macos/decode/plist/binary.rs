//! The binary form: objects, a table of where they are, and a trailer that tells of the table. An object may
//! be named several times, and would even name itself in a hostile file: both are bounded.

use befund_model::Timestamp;
use jiff::SignedDuration;

use super::{Budget, MAX_DEPTH, Value};

/// 1 January 2001, 0:00 UTC, in seconds since 1970.
const EPOCH_S: i64 = 978_307_200;

pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    let trailer = bytes.get(bytes.len().checked_sub(32)?..)?;
    let wide = |at: usize| usize::try_from(number(trailer.get(at..at + 8)?)?).ok();
    let mut file = File {
        bytes,
        offset_bytes: usize::from(*trailer.get(6)?),
        reference_bytes: usize::from(*trailer.get(7)?),
        objects: wide(8)?,
        table: wide(24)?,
        budget: Budget::new(),
        // What is named again and again is copied: as much as the largest real files hold, and no more.
        copied: 16 << 20,
    };
    let top = wide(16)?;
    file.object(top, 0)
}

struct File<'a> {
    bytes: &'a [u8],
    offset_bytes: usize,
    reference_bytes: usize,
    objects: usize,
    table: usize,
    budget: Budget,
    copied: usize,
}

impl<'a> File<'a> {
    fn object(&mut self, index: usize, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || index >= self.objects {
            return None;
        }
        self.budget.take()?;
        let place = self.table.checked_add(index.checked_mul(self.offset_bytes)?)?;
        let at = usize::try_from(number(self.slice(place, self.offset_bytes)?)?).ok()?;
        let mark = *self.bytes.get(at)?;
        let low = usize::from(mark & 15);
        Some(match mark >> 4 {
            0 => match low {
                8 => Value::Bool(false),
                9 => Value::Bool(true),
                _ => return None,
            },
            1 => {
                let length = 1_usize << low.min(4);
                let bytes = self.slice(at + 1, length)?;
                // Sixteen bytes are for numbers beyond 63 bits: their lower half is what fits.
                Value::Integer(number(&bytes[length.saturating_sub(8)..])?.cast_signed())
            }
            2 => Value::Real(real(self.slice(at + 1, 1 << low.min(4))?)?),
            3 => Value::Date(date(real(self.slice(at + 1, 8)?)?)?),
            4 => {
                let (start, length) = self.extent(at, low)?;
                Value::Data(self.counted(start, length)?.to_vec())
            }
            5 => {
                let (start, length) = self.extent(at, low)?;
                Value::Text(String::from_utf8_lossy(self.counted(start, length)?).into_owned())
            }
            6 => {
                let (start, length) = self.extent(at, low)?;
                let bytes = self.counted(start, length.checked_mul(2)?)?;
                let units =
                    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                Value::Text(
                    char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect(),
                )
            }
            // A number that names another object in an archive of objects.
            8 => Value::Integer(number(self.slice(at + 1, low + 1)?)?.cast_signed()),
            0xa | 0xc => {
                let (start, length) = self.extent(at, low)?;
                let mut items = Vec::new();
                for nth in 0..length {
                    let item = self.reference(start, nth)?;
                    items.push(self.object(item, depth + 1)?);
                }
                Value::List(items)
            }
            0xd => {
                let (start, length) = self.extent(at, low)?;
                let mut entries = Vec::new();
                for nth in 0..length {
                    let (name, value) = (
                        self.reference(start, nth)?,
                        self.reference(start, length.checked_add(nth)?)?,
                    );
                    let Value::Text(name) = self.object(name, depth + 1)? else { return None };
                    entries.push((name, self.object(value, depth + 1)?));
                }
                Value::Dict(entries)
            }
            _ => return None,
        })
    }

    /// Where an object's content begins and how long it is: in the mark, or in a number behind it.
    fn extent(&self, at: usize, low: usize) -> Option<(usize, usize)> {
        if low < 15 {
            return Some((at + 1, low));
        }
        let mark = *self.bytes.get(at + 1)?;
        let length = 1_usize << (mark & 15).min(3);
        (mark >> 4 == 1).then_some(())?;
        let count = usize::try_from(number(self.slice(at + 2, length)?)?).ok()?;
        Some((at + 2 + length, count))
    }

    fn reference(&self, start: usize, nth: usize) -> Option<usize> {
        let place = start.checked_add(nth.checked_mul(self.reference_bytes)?)?;
        usize::try_from(number(self.slice(place, self.reference_bytes)?)?).ok()
    }

    fn slice(&self, start: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(start..start.checked_add(length)?)
    }

    fn counted(&mut self, start: usize, length: usize) -> Option<&'a [u8]> {
        self.copied = self.copied.checked_sub(length)?;
        self.slice(start, length)
    }
}

/// A number, the highest byte first, of eight bytes at most.
fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn real(bytes: &[u8]) -> Option<f64> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(f64::from(f32::from_be_bytes(four)));
    }
    Some(f64::from_be_bytes(bytes.try_into().ok()?))
}

fn date(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_second(EPOCH_S).ok()?.checked_add(since).ok()
}
