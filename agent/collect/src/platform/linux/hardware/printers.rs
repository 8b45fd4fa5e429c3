//! Printers: CUPS.

use befund_model::section::devices::{Printers, PrintersState};

use crate::collector::{Context, Gap};

/// Section `printers`.
pub(crate) fn printers(_cx: &Context) -> Result<Printers, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `printers.state`.
pub(crate) fn state(_cx: &Context) -> Result<PrintersState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
