//! The facts of the probes of the machine itself: `disk.space`, `service.state`, `process.top`,
//! `log.tail`.

use serde::{Deserialize, Serialize};

/// `disk.space@1`: the file systems on disks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpaceFacts {
    /// Each once, by mount point.
    pub file_systems: Vec<FileSystem>,
}

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystem {
    /// Where it is mounted.
    pub mount_point: String,
    /// What is mounted.
    pub device: String,
    /// Its kind, as in `ext4`.
    pub kind: String,
    /// All of it, in bytes.
    pub total_bytes: u64,
    /// What ordinary users can still use, in bytes.
    pub available_bytes: u64,
    /// [`Self::available_bytes`] in per cent of the total, rounded down.
    pub available_percent: u8,
    /// Inodes used, in per cent, rounded up; absent where the file system does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_used_percent: Option<u8>,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// `service.state@1`: the services that the policy names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// The service manager asked, as in `systemd`.
    pub manager: String,
    /// The services.
    pub services: Vec<Service>,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, as in `ssh.service`.
    pub name: String,
    /// Whether it is installed.
    pub installed: bool,
    /// Whether its start at boot is switched on.
    pub enabled: bool,
    /// Whether it runs now: a process is in its control group.
    pub running: bool,
    /// Its processes.
    pub processes: u32,
}

/// `process.top@1`: the processes that use the most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessTopFacts {
    /// How long was measured, in milliseconds.
    pub window_ms: u64,
    /// How many processes there are.
    pub count: u32,
    /// The 1, 5 and 15 minutes' load; absent where the system does not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Memory, in bytes.
    pub memory_total_bytes: u64,
    /// Memory that can still be given out, in bytes.
    pub memory_available_bytes: u64,
    /// By processor time, most first.
    pub by_cpu: Vec<Process>,
    /// By memory, most first.
    pub by_memory: Vec<Process>,
}

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, 15 bytes at most.
    pub name: String,
    /// The user's number; absent where users have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Processor time in the window, in per cent of one processor.
    pub cpu_percent: f64,
    /// Memory of its own and shared, in bytes.
    pub rss_bytes: u64,
    /// The kernel's letter: R, S, D, Z, T, I; empty where it tells none.
    pub state: String,
    /// When it was started, by the system's own count (Linux: clock ticks after boot, proc_pid_stat(5);
    /// Windows: FILETIME): with the number, what tells it from a later process, and what `process.end` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// How readily it yields to others, -20 to 19 (nice(2)): what is 10 or more hardly keeps anybody waiting, however
    /// much it uses. Absent where the system has no such number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
}

/// `log.tail@1`: the last lines of a log, redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTailFacts {
    /// The log's name in the policy.
    pub log: String,
    /// The file that was read.
    pub path: String,
    /// The lines, oldest first.
    pub lines: Vec<String>,
    /// How many values redaction replaced.
    pub redacted: u32,
    /// Whether lines or their ends were left out to keep within the cap.
    pub cut: bool,
}
