//! An input taken apart, for targets that need more than one piece.

/// The records of an input: a tag, a length of two bytes, so many bytes. The last may be cut.
pub(crate) fn records(mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[tag, high, low], rest) = data.split_first_chunk::<3>()?;
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (record, rest) = rest.split_at(length);
        data = rest;
        Some((tag, record))
    })
}

/// The first bytes as a number, and what follows them.
pub(crate) fn number(data: &[u8]) -> (u32, &[u8]) {
    match data.split_first_chunk::<4>() {
        Some((number, rest)) => (u32::from_be_bytes(*number), rest),
        None => (0, data),
    }
}

/// The first byte, and what follows it.
pub(crate) fn byte(data: &[u8]) -> (u8, &[u8]) {
    match data.split_first() {
        Some((byte, rest)) => (*byte, rest),
        None => (0, data),
    }
}
