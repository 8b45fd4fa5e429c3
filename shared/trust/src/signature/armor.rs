//! The text around a signature: two lines, and base64 between them. Not what is in it.

use data_encoding::BASE64;

use super::{MAX_BYTES, Refusal};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Where `ssh-keygen` breaks lines.
const WIDTH: usize = 70;

/// The bytes within. Lines may end as on Windows, and the last one need not end; otherwise the text is exactly
/// what [`close`] makes.
pub(super) fn open(armored: &[u8]) -> Result<Vec<u8>, Refusal> {
    if armored.len() > MAX_BYTES {
        return Err(Refusal::TooLarge(armored.len()));
    }
    let text = std::str::from_utf8(armored).map_err(|_| Refusal::NotArmored)?;
    let text = text.replace("\r\n", "\n");
    let rest = text.strip_prefix(BEGIN).ok_or(Refusal::NotArmored)?;
    let (body, behind) = rest.split_once(END).ok_or(Refusal::NotArmored)?;
    if !matches!(behind, "" | "\n") {
        return Err(Refusal::GoesOn);
    }
    let encoded = body.replace('\n', "");
    let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| Refusal::Base64)?;
    if close(&bytes).trim_end() != text.trim_end_matches('\n') {
        return Err(Refusal::Base64);
    }
    Ok(bytes)
}

/// The text around these bytes, as `ssh-keygen` writes it.
pub(super) fn close(bytes: &[u8]) -> String {
    let encoded = BASE64.encode(bytes);
    let mut text = String::from(BEGIN);
    for (at, char) in encoded.chars().enumerate() {
        if at % WIDTH == 0 {
            text.push('\n');
        }
        text.push(char);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}
