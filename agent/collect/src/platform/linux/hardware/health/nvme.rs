//! NVMe's health log, asked of the controller.

use befund_model::section::storage::DiskHealth;

use crate::collector::Gap;
use crate::platform::drive::nvme;

use super::passthrough;

const HEALTH_LOG: u8 = 0x02;

/// Asks the controller of this disk.
pub(super) fn ask(name: &str) -> Result<DiskHealth, Gap> {
    let disk = passthrough::disk(name)?;
    let log = passthrough::nvme_log(&disk, HEALTH_LOG);
    Ok(nvme::read(&log.map_err(|error| passthrough::refused(name, error))?))
}
