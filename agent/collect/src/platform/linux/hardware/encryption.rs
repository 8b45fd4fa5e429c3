//! Encryption of disks: device mapper and LUKS headers.

use befund_model::section::security::Encryption;

use crate::collector::{Context, Gap};

/// Section `encryption`.
pub(crate) fn encryption(_cx: &Context) -> Result<Encryption, Gap> {
    Err(Gap::unsupported("not read yet"))
}
