//! Certificates: the machine's own, and added roots.

use befund_model::section::security::Certificates;

use crate::collector::{Context, Gap};

/// Section `certificates`.
pub(crate) fn certificates(_cx: &Context) -> Result<Certificates, Gap> {
    Err(Gap::unsupported("not read yet"))
}
