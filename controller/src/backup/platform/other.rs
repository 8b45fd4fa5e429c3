//! Elsewhere: the folder's own rights count.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes an empty file; one that is there is replaced.
pub(in crate::backup) fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}
