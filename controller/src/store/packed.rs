//! JSON that is kept in its small form: manifests and findings repeat the same words in every row, and make up
//! most of a machine's history. Rows that were written as plain text are read as they are.

use std::borrow::Cow;

use super::repository::Result;
use super::sql::{corrupt, to_json};

/// The effort: a higher one saves a few percent and costs several times the work, for each snapshot.
const LEVEL: i32 = 1;
/// The most bytes of a value, expanded: a manifest of as many sections as may be has a hundredth.
const MOST: usize = 8 << 20;
/// How a zstd frame begins (RFC 8878, 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A value as it is kept.
pub(in crate::store) fn pack<T: serde::Serialize>(
    value: &T,
    what: &'static str,
) -> Result<Vec<u8>> {
    pack_text(&to_json(value, what)?, what)
}

/// The same, of JSON that is there already.
pub(in crate::store) fn pack_text(json: &str, what: &'static str) -> Result<Vec<u8>> {
    zstd::bulk::compress(json.as_bytes(), LEVEL).map_err(|error| corrupt(what, error.to_string()))
}

/// The JSON of a value that is kept.
pub(in crate::store) fn unpack<'a>(kept: &'a [u8], what: &'static str) -> Result<Cow<'a, str>> {
    if !kept.starts_with(&MAGIC) {
        let text = std::str::from_utf8(kept).map_err(|error| corrupt(what, error.to_string()))?;
        return Ok(Cow::Borrowed(text));
    }
    let bytes =
        zstd::bulk::decompress(kept, MOST).map_err(|error| corrupt(what, error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| corrupt(what, error.to_string()))?;
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_plain_text_is_read_as_it_is() {
        let value = vec!["the same words"; 100];
        let kept = pack(&value, "words").expect("packed");
        let plain = to_json(&value, "words").expect("JSON");
        assert!(kept.len() * 20 < plain.len(), "{} of {}", kept.len(), plain.len());
        assert_eq!(unpack(&kept, "words").expect("unpacked"), plain);
        assert_eq!(unpack(plain.as_bytes(), "words").expect("as it is"), plain);
        for broken in [&kept[..kept.len() - 1], &[0xff, 0xfe]] {
            let error = unpack(broken, "words").expect_err("broken");
            assert!(error.to_string().contains("words"), "{error}");
        }
    }
}
