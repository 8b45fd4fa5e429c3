//! Processor and disks at work, over a short while: `/proc/stat`, `/proc/diskstats`.

use befund_model::section::load::Load;

use crate::collector::{Context, Gap};

/// Section `load`.
pub(crate) fn load(_cx: &Context) -> Result<Load, Gap> {
    Err(Gap::unsupported("not read yet"))
}
