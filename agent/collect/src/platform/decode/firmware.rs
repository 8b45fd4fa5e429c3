//! The firmware's tables as `GetSystemFirmwareTable('RSMB')` hands them out.

/// The tables behind the header `RawSMBIOSData`: method, version, revision (four bytes), length.
/// A length that promises more than there is ends where the bytes do.
pub(crate) fn tables(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    let tables = bytes.get(8..)?;
    Some(&tables[..length.min(tables.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_taken_off() {
        assert_eq!(tables(&[0, 3, 4, 0, 2, 0, 0, 0, 9, 8, 7]), Some(&[9, 8][..]));
        assert_eq!(tables(&[0, 3, 4, 0, 200, 0, 0, 0, 9]), Some(&[9][..]));
        assert_eq!(tables(&[0, 3, 4, 0, 200]), None);
    }
}
