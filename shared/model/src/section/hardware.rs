//! What the machine is made of: system, firmware, processor, memory, batteries.

use serde::{Deserialize, Serialize};

use super::absent;

/// Section `system`: who made the machine, and whether it is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct System {
    /// The maker (`LENOVO`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The model, as the maker names it in the firmware (`20XW00JKGE`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The model's version; some makers put the trade name here (`ThinkPad X1 Carbon Gen 9`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The model's family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The maker's order number of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The serial number; absent if the maker filled in a placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The machine's UUID in the firmware, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The owner's inventory number in the firmware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_tag: Option<String>,
    /// The kind of case in words, by SMBIOS 3.7, 7.4.1 (`notebook`, `tower`, `rack mount chassis`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chassis: Option<String>,
    /// The main board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board: Option<Board>,
    /// The hypervisor that the machine runs under (`kvm`, `vmware`, `microsoft`), `none` if it is a
    /// real one; absent if that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_machine: Option<String>,
    /// The kind of container that the agent runs in (`docker`, `lxc`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// The main board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Board {
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// Section `firmware`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firmware {
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its date, as the maker writes it (`08/14/2023`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its release, major and minor (`1.58`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// How the system was started: `uefi`, `bios`, `device tree` or `iboot` (Apple silicon).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_mode: Option<String>,
    /// Whether secure boot is enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_boot: Option<bool>,
    /// The TPM's version (`2.0`); absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<String>,
}

/// Section `cpu`: the processor or processors, which are of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// The model as the maker names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The maker, as the processor says it (`GenuineIntel`, `AuthenticAMD`, `ARM`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The instruction set (`x86_64`, `aarch64`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// How many processors are plugged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sockets: Option<u32>,
    /// Cores of all processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// Hardware threads that are in use, of all processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// The highest clock, in MHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_mhz: Option<u32>,
    /// The largest cache, in bytes, of one processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_bytes: Option<u64>,
    /// The caches, sorted by level and kind.
    #[serde(skip_serializing_if = "absent")]
    pub caches: Vec<Cache>,
    /// The microcode's revision (`0xf4`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microcode: Option<String>,
    /// Whether the processor can run virtual machines: `vmx` or `svm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualization: Option<String>,
    /// The kernel's verdict on each known weakness of processors, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub vulnerabilities: Vec<Vulnerability>,
}

/// Caches of one level and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// Its level, from 1.
    pub level: u8,
    /// `data`, `instruction` or `unified`.
    pub kind: String,
    /// The size of one, in bytes.
    pub size_bytes: u64,
    /// How many there are in the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// The kernel's verdict on one weakness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vulnerability {
    /// Its name (`spectre_v2`).
    pub name: String,
    /// The verdict in the kernel's words.
    pub verdict: String,
}

/// Section `memory`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What the system may use, in bytes: a little less than what is plugged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Swap, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
    /// Where swap lies, sorted by name.
    #[serde(skip_serializing_if = "absent")]
    pub swaps: Vec<Swap>,
    /// How many slots for modules the board has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// The modules, as the firmware lists them, sorted by slot.
    #[serde(skip_serializing_if = "absent")]
    pub modules: Vec<MemoryModule>,
}

/// A place for swap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Swap {
    /// The device or file.
    pub name: String,
    /// `partition` or `file`.
    pub kind: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// A memory module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryModule {
    /// The slot's label on the board.
    pub slot: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its kind (`DDR4`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The speed that it runs at, in MT/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_mts: Option<u32>,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its part number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Its serial number; absent if the maker filled in a placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// Section `memory.usage`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryUsage {
    /// What the system may use, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// What a new program could get without swapping, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_bytes: Option<u64>,
    /// What nothing uses at all, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// File contents kept in memory, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_bytes: Option<u64>,
    /// Swap in use, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_used_bytes: Option<u64>,
    /// Share of the last 60 s in which some task waited for memory, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure_percent: Option<f64>,
}

/// Section `batteries`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Batteries {
    /// The batteries, sorted by name.
    pub batteries: Vec<Battery>,
}

/// A battery as it was built.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Battery {
    /// The system's name for it (`BAT0`).
    pub name: String,
    /// Its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its chemistry (`Li-poly`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technology: Option<String>,
    /// What it held when new, in milliwatt hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub design_mwh: Option<u64>,
}

/// Section `batteries.state`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatteriesState {
    /// Whether a power supply is plugged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_mains: Option<bool>,
    /// The batteries, sorted by name.
    pub batteries: Vec<BatteryState>,
}

/// A battery as it is now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatteryState {
    /// The system's name for it.
    pub name: String,
    /// `charging`, `discharging`, `full`, `not charging` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Charge in percent of what it holds today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_percent: Option<u32>,
    /// What it holds today when full, in milliwatt hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_mwh: Option<u64>,
    /// What it holds today in percent of what it held when new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_percent: Option<u32>,
    /// How often it was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u32>,
}
