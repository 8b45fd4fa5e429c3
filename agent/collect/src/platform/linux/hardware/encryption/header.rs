//! The head of a volume: LUKS 1 and 2 (LUKS On-Disk Format 1.2.3, section 2; LUKS2 On-Disk Format
//! 1.1.4, sections 2 and 3) and BitLocker's mark. Keys are in neither, and of the rest only the
//! cipher is kept.

use serde::Deserialize;

/// As much as is read of a volume: both of LUKS 2's usual 16 KiB begin with one.
pub(crate) const MAX_BYTES: u64 = 16 << 10;

const LUKS: &[u8; 6] = b"LUKS\xba\xbe";

/// What a head says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// `luks1`, `luks2` or `bitlocker`.
    pub(crate) kind: &'static str,
    /// `aes-xts-plain64`.
    pub(crate) cipher: Option<String>,
    /// Whether it is being encrypted, decrypted or given a new key.
    pub(crate) reencrypting: bool,
}

/// Reads the first bytes of a volume; `None` if they are of nothing that is known.
pub(crate) fn parse(bytes: &[u8]) -> Option<Header> {
    if bytes.get(3..11) == Some(b"-FVE-FS-") {
        return Some(Header { kind: "bitlocker", ..Header::default() });
    }
    let version = bytes.strip_prefix(LUKS)?.first_chunk::<2>()?;
    match u16::from_be_bytes(*version) {
        1 => {
            let word = |from: usize| word(bytes.get(from..from + 32)?);
            let cipher = word(8).zip(word(40)).map(|(name, mode)| format!("{name}-{mode}"));
            Some(Header { kind: "luks1", cipher, reencrypting: false })
        }
        2 => {
            let text = bytes.get(4096..).unwrap_or_default();
            let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
            let told = serde_json::from_slice::<Metadata>(&text[..end]).unwrap_or_default();
            let data =
                |segment: &&Segment| !segment.flags.iter().any(|flag| flag.starts_with("backup"));
            let cipher = told.segments.values().filter(data).find_map(|of| of.encryption.clone());
            let busy = |name: &String| name.starts_with("online-reencrypt");
            let reencrypting = told.config.requirements.mandatory.iter().any(busy);
            Some(Header { kind: "luks2", cipher, reencrypting })
        }
        _ => None,
    }
}

/// A name that zeros fill up.
fn word(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let word = std::str::from_utf8(&bytes[..end]).ok()?;
    (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic())).then(|| word.to_owned())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    segments: std::collections::BTreeMap<String, Segment>,
    config: Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segment {
    encryption: Option<String>,
    flags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    requirements: Requirements,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Requirements {
    mandatory: Vec<String>,
}
