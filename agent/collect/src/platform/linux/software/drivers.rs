//! Drivers: modules of the kernel that have a device, and foreign ones.

use befund_model::section::maintenance::Drivers;

use crate::collector::{Context, Gap};

/// Section `drivers`.
pub(crate) fn drivers(_cx: &Context) -> Result<Drivers, Gap> {
    Err(Gap::unsupported("not read yet"))
}
