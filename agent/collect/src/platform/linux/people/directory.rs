//! The domain or directory that the machine is joined to.

use befund_model::section::people::{Directory, DirectoryState};

use crate::collector::{Context, Gap};

/// Section `directory`.
pub(crate) fn directory(_cx: &Context) -> Result<Directory, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `directory.state`.
pub(crate) fn state(_cx: &Context) -> Result<DirectoryState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
