//! Updates: where from, what is installed, what waits, what failed.

use befund_model::section::maintenance::{Updates, UpdatesState};

use crate::collector::{Context, Gap};

/// Section `updates`.
pub(crate) fn updates(_cx: &Context) -> Result<Updates, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `updates.state`.
pub(crate) fn state(_cx: &Context) -> Result<UpdatesState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
