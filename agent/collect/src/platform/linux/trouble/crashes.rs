//! Crashes of programs and of the system.

use befund_model::section::trouble::Crashes;

use crate::collector::{Context, Gap};

/// Section `crashes`.
pub(crate) fn crashes(_cx: &Context) -> Result<Crashes, Gap> {
    Err(Gap::unsupported("not read yet"))
}
