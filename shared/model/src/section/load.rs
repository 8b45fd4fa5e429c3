//! What the machine is busy with.

use serde::{Deserialize, Serialize};

use super::absent;

/// Section `load`: measured over a short while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// Over how long, in milliseconds.
    pub sampled_ms: u64,
    /// Share of all processors' time that was in use, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Share in which a processor had nothing to do but wait for a disk, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iowait_percent: Option<f64>,
    /// Share that the hypervisor gave to others, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_percent: Option<f64>,
    /// The processors' average clock, in MHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mhz: Option<u32>,
    /// By which rule the clock is chosen (`powersave`), or the power plan's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// How often since the start a processor was slowed down because it was too hot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<u64>,
    /// Read back from swap a second, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_in_bytes: Option<u64>,
    /// Written to swap a second, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_out_bytes: Option<u64>,
    /// The disks, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub disks: Vec<DiskLoad>,
    /// Processes that wait for a disk or a share and cannot be interrupted, at the beginning and at
    /// the end, sorted by number.
    #[serde(skip_serializing_if = "absent")]
    pub hung: Vec<HungTask>,
}

/// What a disk did meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskLoad {
    /// The disk, as in `disks`.
    pub name: String,
    /// Share of the time in which it was busy, in percent.
    pub busy_percent: f64,
    /// Reads that ended.
    pub reads: u64,
    /// Writes that ended.
    pub writes: u64,
    /// How long a read took on average, in milliseconds; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_ms: Option<f64>,
    /// How long a write took on average, in milliseconds; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_ms: Option<f64>,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
}

/// A process that waits and cannot be interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HungTask {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// The kernel's function that it waits in (`nfs_wait_bit_killable`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_in: Option<String>,
}
