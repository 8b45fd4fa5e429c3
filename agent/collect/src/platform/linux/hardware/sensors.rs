//! Temperatures and fans: `/sys/class/hwmon`, `/sys/class/thermal`.

use befund_model::section::devices::Sensors;

use crate::collector::{Context, Gap};

/// Section `sensors`.
pub(crate) fn sensors(_cx: &Context) -> Result<Sensors, Gap> {
    Err(Gap::unsupported("not read yet"))
}
