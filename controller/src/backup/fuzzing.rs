//! Sealed bytes as `tests/hostile` drives them: sealed and opened in memory, under a key that is known.
//! Not for anything else.

use std::io::{Read as _, Result};
use std::path::Path;

use super::seal;

/// What follows the head of a sealed file with this content.
///
/// # Errors
/// If it cannot be sealed.
pub fn seal(content: &[u8]) -> Result<Vec<u8>> {
    seal::fuzzing::seal(content)
}

/// The content of sealed bytes, to their end.
///
/// # Errors
/// If they were altered or cut.
pub fn open(sealed: &[u8]) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    seal::fuzzing::open(sealed)?.read_to_end(&mut content)?;
    Ok(content)
}

/// Reads what a seal held; answers how many files and rows it has.
///
/// # Errors
/// What is wrong with it.
pub fn read(content: &[u8]) -> std::result::Result<(usize, u64), String> {
    let mut rows = 0;
    let counted = |_, _| {
        rows += 1;
        Ok(())
    };
    let read = super::read_opened(Path::new("the input"), content, counted);
    read.map(|(_, files)| (files.len(), rows)).map_err(|error| error.to_string())
}
