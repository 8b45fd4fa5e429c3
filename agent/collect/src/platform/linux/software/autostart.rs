//! What starts when somebody signs in.

use befund_model::section::maintenance::Autostart;

use crate::collector::{Context, Gap};

/// Section `autostart`.
pub(crate) fn autostart(_cx: &Context) -> Result<Autostart, Gap> {
    Err(Gap::unsupported("not read yet"))
}
