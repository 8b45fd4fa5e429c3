//! What the disks say of their health: NVMe log, SMART.

use befund_model::section::storage::DisksHealth;

use crate::collector::{Context, Gap};

/// Section `disks.health`.
pub(crate) fn health(_cx: &Context) -> Result<DisksHealth, Gap> {
    Err(Gap::unsupported("not read yet"))
}
