//! What drives say of their health, however they were asked: the reading of NVMe's log and of SMART's data,
//! which are the same on every system. macOS tells of health in its own words.

pub(crate) mod nvme;
pub(crate) mod smart;
