//! Certificates in a file: PEM, with whatever stands around the armour, or a single one in DER. Of an
//! armoured key only the armour's first line is looked at.

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// The certificates in DER.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// Whether there is a private key beside them.
    pub(crate) has_key: bool,
    /// How many were not understood.
    pub(crate) lost: usize,
}

/// Reads them.
pub(crate) fn certificates(bytes: &[u8]) -> Read {
    // A sequence of some length: DER.
    if bytes.starts_with(&[0x30, 0x82]) {
        return Read { certificates: vec![bytes.to_vec()], ..Read::default() };
    }
    let mut read = Read::default();
    let mut armour: Option<Vec<u8>> = None;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.starts_with(b"-----BEGIN ") {
            if armour.is_some() {
                read.lost += 1;
            }
            let is = |kind: &[u8]| line.windows(kind.len()).any(|window| window == kind);
            armour = (line == b"-----BEGIN CERTIFICATE-----"
                || line == b"-----BEGIN TRUSTED CERTIFICATE-----")
                .then(Vec::new);
            read.has_key |= is(b"PRIVATE KEY-----");
        } else if line.starts_with(b"-----END ") {
            if let Some(text) = armour.take() {
                match unarmoured(&text) {
                    Some(der) => read.certificates.push(der),
                    None => read.lost += 1,
                }
            }
        } else if let Some(text) = &mut armour {
            text.extend_from_slice(line);
        }
    }
    read.lost += usize::from(armour.is_some());
    read
}

/// Base64 (RFC 4648), padded.
fn unarmoured(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let end = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let (text, padding) = text.split_at(end);
    if padding.len() > 2 || padding.iter().any(|byte| *byte != b'=') || text.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut number = 0_u32;
        for at in 0..4 {
            let value = group.get(at).map_or(Some(0), |byte| digit(*byte))?;
            number = number << 6 | u32::from(value);
        }
        // A single letter is six bits, which are no byte.
        let length = group.len().checked_sub(1).filter(|length| *length > 0)?;
        bytes.extend_from_slice(&number.to_be_bytes()[1..=length]);
    }
    Some(bytes)
}
