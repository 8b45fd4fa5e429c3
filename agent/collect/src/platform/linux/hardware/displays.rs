//! Graphics adapters and monitors: `/sys/class/drm`.

use befund_model::section::devices::Displays;

use crate::collector::{Context, Gap};

/// Section `displays`.
pub(crate) fn displays(_cx: &Context) -> Result<Displays, Gap> {
    Err(Gap::unsupported("not read yet"))
}
