//! PCI and USB devices: `/sys/bus`, named by the hardware database.

use befund_model::section::devices::Devices;

use crate::collector::{Context, Gap};

/// Section `devices`.
pub(crate) fn devices(_cx: &Context) -> Result<Devices, Gap> {
    Err(Gap::unsupported("not read yet"))
}
