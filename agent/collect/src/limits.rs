//! What collecting may cost: processor time and memory, measured by the collecting process on itself
//! while it works.
//!
//! Who goes over a limit is cut short: what has come by then is kept, and what has not says why. A
//! collector that allocates faster than it is looked at meets the system's own limit instead, which ends
//! the process; its parent then fills in what is missing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform::usage;

/// What a collection may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Processor time, with that of the programs that were called and have ended.
    pub cpu: Duration,
    /// Memory that the process occupies, in bytes.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// Twenty times of what a whole snapshot costs on an ordinary machine (under 0.15 s and 16 MiB), so that a
    /// slow machine gets through and a defect does not.
    fn default() -> Self {
        Self { cpu: Duration::from_secs(3), memory_bytes: 64 << 20 }
    }
}

impl Limits {
    /// None: for collecting within a process that does other things too.
    pub const NONE: Self = Self { cpu: Duration::MAX, memory_bytes: u64::MAX };

    /// Which limit was gone over since `begun` (the processor time that was used up by then), in words.
    pub(crate) fn exceeded(&self, begun: Option<Duration>) -> Option<String> {
        if let (Some(begun), Some(now)) = (begun, usage::cpu())
            && let used = now.saturating_sub(begun)
            && used > self.cpu
        {
            let (used, may) = (used.as_millis(), self.cpu.as_millis());
            return Some(format!(
                "the agent had used {used} ms of processor time, and may use {may}"
            ));
        }
        if let Some(used) = usage::memory()
            && used > self.memory_bytes
        {
            let (used, may) = (used >> 20, self.memory_bytes >> 20);
            return Some(format!("the agent occupied {used} MiB of memory, and may occupy {may}"));
        }
        None
    }

    /// Asks the system to refuse this process more than twice the memory, whoever looks: for a process that
    /// does nothing but collect.
    pub fn hold(&self) {
        if self.memory_bytes == u64::MAX {
            return;
        }
        usage::refuse_memory_beyond(self.memory_bytes.saturating_mul(2));
    }
}
