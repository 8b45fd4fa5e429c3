//! The data types of SSH (RFC 4251, section 5): reading them strictly, and writing them. Not what they mean.

/// The bytes end before the value does, or the value is written in a way that nobody may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut;

/// Reads one value after the other. What it hands out borrows from what it was given: it allocates nothing.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Cut> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Cut)?;
        self.rest = rest;
        Ok(taken)
    }

    /// `byte`.
    pub(crate) fn byte(&mut self) -> Result<u8, Cut> {
        let (first, rest) = self.rest.split_first().ok_or(Cut)?;
        self.rest = rest;
        Ok(*first)
    }

    /// `uint32`.
    pub(crate) fn number(&mut self) -> Result<u32, Cut> {
        let (taken, rest) = self.rest.split_first_chunk::<4>().ok_or(Cut)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*taken))
    }

    /// `string`: its length, then its bytes.
    pub(crate) fn string(&mut self) -> Result<&'a [u8], Cut> {
        let length = usize::try_from(self.number()?).map_err(|_| Cut)?;
        self.bytes(length)
    }

    /// A `string` that is UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str, Cut> {
        std::str::from_utf8(self.string()?).map_err(|_| Cut)
    }

    /// A `string` of so many bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        self.string()?.try_into().map_err(|_| Cut)
    }

    /// `mpint`, not negative and as short as it can be: its magnitude without leading zeros.
    pub(crate) fn magnitude(&mut self) -> Result<&'a [u8], Cut> {
        match self.string()? {
            [] => Ok(&[]),
            [0, magnitude @ ..] if magnitude.first().is_some_and(|top| top & 0x80 != 0) => {
                Ok(magnitude)
            }
            magnitude @ [1..0x80, ..] => Ok(magnitude),
            _ => Err(Cut),
        }
    }

    /// Whether all was read.
    pub(crate) const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Appends a `string`.
///
/// # Panics
/// If it is 4 GiB long; nothing here is.
pub(crate) fn put_string(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what is written here is short");
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
}

/// Appends an `mpint` that is not negative.
pub(crate) fn put_magnitude(into: &mut Vec<u8>, magnitude: &[u8]) {
    let start = magnitude.iter().position(|byte| *byte != 0).unwrap_or(magnitude.len());
    let magnitude = &magnitude[start..];
    match magnitude.first() {
        Some(first) if first & 0x80 != 0 => put_string(into, &[&[0], magnitude].concat()),
        Some(_) | None => put_string(into, magnitude),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_only_as_short_as_they_can_be() {
        let read = |bytes: &[u8]| {
            let mut written = Vec::new();
            put_string(&mut written, bytes);
            Reader::new(&written).magnitude().map(<[u8]>::to_vec)
        };
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&[0x7f, 0xff]), Ok(vec![0x7f, 0xff]));
        assert_eq!(read(&[0, 0x80]), Ok(vec![0x80]));
        assert_eq!(read(&[0x80]), Err(Cut), "negative");
        assert_eq!(read(&[0]), Err(Cut), "zero is empty");
        assert_eq!(read(&[0, 0x7f]), Err(Cut), "a needless zero");
    }

    #[test]
    fn a_length_beyond_the_end_is_no_string() {
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]).string(), Err(Cut));
        assert_eq!(Reader::new(&[0, 0, 0]).number(), Err(Cut));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut written = Vec::new();
        put_string(&mut written, b"ssh-ed25519");
        put_magnitude(&mut written, &[0, 0, 0xc0, 1]);
        let mut reader = Reader::new(&written);
        assert_eq!(reader.text(), Ok("ssh-ed25519"));
        assert_eq!(reader.magnitude(), Ok([0xc0, 1].as_slice()));
        assert!(reader.is_done());
    }
}
