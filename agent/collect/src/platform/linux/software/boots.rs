//! The latest starts, and how each time ended.

use befund_model::section::maintenance::Boots;

use crate::collector::{Context, Gap};

/// Section `boots`.
pub(crate) fn boots(_cx: &Context) -> Result<Boots, Gap> {
    Err(Gap::unsupported("not read yet"))
}
