//! smartctl's word (smartmontools, `--json` since 7.0): it knows the makers' own ways, the bridges
//! of USB and SAS.

use std::time::Duration;

use befund_model::section::storage::DiskHealth;
use serde::Deserialize;

use crate::collector::{Context, Gap};
use crate::platform::linux::command;

use super::ASLEEP;
use crate::platform::drive::nvme;

/// How long it may take for one disk.
const DEADLINE: Duration = Duration::from_secs(2);
/// The most of its output, in bytes.
const MAX_BYTES: usize = 1 << 20;
const PROGRAM: &str = "/usr/sbin/smartctl";

/// Asks about a disk; `None` if the program is not installed.
pub(super) fn ask(cx: &Context, name: &str) -> Option<Result<DiskHealth, Gap>> {
    if !cx.root.exists(PROGRAM) {
        return None;
    }
    let path = format!("/dev/{name}");
    // A sleeping disk is left asleep, and that is no failure.
    let arguments = ["--json=c", "--nocheck=standby,0", "-i", "-H", "-A", "-l", "devstat", &path];
    let told = match command::run_to_any_end(PROGRAM, &arguments, DEADLINE, MAX_BYTES) {
        Ok(output) => parse(&output.bytes),
        Err(error) => return Some(Err(Gap::failed(error.to_string()))),
    };
    Some(told.map_err(|silence| match silence {
        Silence::Asleep => Gap::unsupported(format!("{name} {ASLEEP}")),
        Silence::Unknown => Gap::unsupported(format!("smartctl cannot read how {name} fares")),
        Silence::Refused(why) if why.contains("Permission denied") => {
            Gap::denied(format!("{name} may not be asked by this account how it fares"))
        }
        Silence::Refused(why) => {
            Gap::failed(format!("smartctl on {name}: {}", cx.redactor.text(&why)))
        }
    }))
}

/// Why there is nothing to tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The disk sleeps.
    Asleep,
    /// The disk does not tell, or smartctl does not say what.
    Unknown,
    /// What smartctl complains of.
    Refused(String),
}

/// Reads its output.
pub(crate) fn parse(json: &[u8]) -> Result<DiskHealth, Silence> {
    let told: Told = serde_json::from_slice(json).map_err(|_| Silence::Unknown)?;
    let mut health = DiskHealth {
        failing: told.smart_status.passed.map(|passed| !passed),
        celsius: told.temperature.current.filter(|celsius| *celsius != 0),
        hours: told.power_on_time.hours,
        starts: (told.power_cycle_count)
            .or(told.scsi_start_stop_cycle_counter.accumulated_start_stop_cycles),
        wear_percent: (told.endurance_used.current_percent)
            .or(told.scsi_percentage_used_endurance_indicator),
        spare_percent: told.spare_available.current_percent,
        reallocated: told.scsi_grown_defect_list,
        uncorrected: told.scsi_error_counter_log.uncorrected(),
        ..DiskHealth::default()
    };
    if let Some(log) = &told.nvme_smart_health_information_log {
        let (warnings, failing) =
            nvme::warnings(log.critical_warning.and_then(|bits| bits.try_into().ok()).unwrap_or(0));
        health.warnings = warnings;
        health.failing = log.critical_warning.map(|_| failing).or(health.failing);
        health.wear_percent = log.percentage_used.or(health.wear_percent);
        health.spare_percent = log.available_spare.or(health.spare_percent);
        health.written_bytes = log.data_units_written.map(|units| units.saturating_mul(512_000));
        health.power_losses = log.unsafe_shutdowns;
        health.uncorrected = log.media_errors;
    }
    for attribute in &told.ata_smart_attributes.table {
        attribute.add(told.in_smartctl_database, &mut health);
    }
    let statistics = told.ata_device_statistics.pages.iter().flat_map(|page| &page.table);
    for statistic in statistics.filter(|statistic| statistic.flags.valid) {
        match statistic.name.as_str() {
            "Percentage Used Endurance Indicator" => {
                health.wear_percent = statistic.value.and_then(|value| u32::try_from(value).ok());
            }
            "Logical Sectors Written" => {
                health.written_bytes = statistic.value.map(|sectors| sectors.saturating_mul(512));
            }
            _ => {}
        }
    }
    health.warnings.sort_unstable();
    if health != DiskHealth::default() {
        return Ok(health);
    }
    let messages: Vec<String> =
        told.smartctl.messages.into_iter().map(|message| message.string).collect();
    let complaint = |word: &str| messages.iter().any(|message| message.contains(word));
    if complaint("Unknown USB bridge") || complaint("Unable to detect device type") {
        return Err(Silence::Unknown);
    }
    Err(if told.power_mode.is_some() || complaint("STANDBY") || complaint("SLEEP mode") {
        Silence::Asleep
    } else {
        messages.into_iter().next().map_or(Silence::Unknown, Silence::Refused)
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    smartctl: Smartctl,
    in_smartctl_database: bool,
    power_mode: Option<serde_json::Value>,
    smart_status: Verdict,
    temperature: Current,
    power_on_time: Hours,
    power_cycle_count: Option<u64>,
    endurance_used: Percent,
    spare_available: Percent,
    scsi_percentage_used_endurance_indicator: Option<u32>,
    scsi_grown_defect_list: Option<u64>,
    scsi_error_counter_log: ErrorLog,
    scsi_start_stop_cycle_counter: Cycles,
    nvme_smart_health_information_log: Option<NvmeLog>,
    ata_smart_attributes: Attributes,
    ata_device_statistics: Statistics,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Smartctl {
    messages: Vec<Message>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    string: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verdict {
    passed: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Current {
    current: Option<i32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hours {
    hours: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cycles {
    accumulated_start_stop_cycles: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Percent {
    current_percent: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorLog {
    read: Option<ErrorCounts>,
    write: Option<ErrorCounts>,
    verify: Option<ErrorCounts>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorCounts {
    total_uncorrected_errors: u64,
}

impl ErrorLog {
    fn uncorrected(&self) -> Option<u64> {
        let counts = [&self.read, &self.write, &self.verify];
        counts
            .into_iter()
            .flatten()
            .map(|counts| counts.total_uncorrected_errors)
            .reduce(u64::saturating_add)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NvmeLog {
    critical_warning: Option<u32>,
    available_spare: Option<u32>,
    percentage_used: Option<u32>,
    data_units_written: Option<u64>,
    unsafe_shutdowns: Option<u64>,
    media_errors: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Statistics {
    pages: Vec<StatisticsPage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatisticsPage {
    table: Vec<Statistic>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Statistic {
    name: String,
    value: Option<u64>,
    flags: StatisticFlags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatisticFlags {
    valid: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attributes {
    table: Vec<Attribute>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    id: u32,
    name: String,
    value: u32,
    when_failed: String,
    raw: Raw,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    value: u64,
}

impl Attribute {
    /// By its number where all makers mean the same by it, by smartctl's name for it otherwise, which
    /// for a disk that it does not know (`known`) is a guess.
    fn add(&self, known: bool, health: &mut DiskHealth) {
        let low = Some(self.raw.value & 0xffff_ffff);
        match self.id {
            5 => health.reallocated = low,
            187 => health.uncorrected = low,
            198 => health.uncorrected = health.uncorrected.or(low),
            197 => health.pending = low,
            199 => health.cable_errors = low,
            _ => {}
        }
        match self.name.as_str() {
            _ if !known => {}
            "Unexpect_Power_Loss_Ct"
            | "Unsafe_Shutdown_Count"
            | "POR_Recovery_Count"
            | "Unexpected_Power_Loss" => health.power_losses = low,
            // What is left, from 100 down.
            "Wear_Leveling_Count"
            | "Media_Wearout_Indicator"
            | "Percent_Lifetime_Remain"
            | "SSD_Life_Left"
            | "Remaining_Lifetime_Perc"
            | "Percent_Life_Remaining"
                if self.value <= 100 && health.wear_percent.is_none() =>
            {
                health.wear_percent = Some(100 - self.value);
            }
            "Total_LBAs_Written" if health.written_bytes.is_none() => {
                health.written_bytes = Some(self.raw.value.saturating_mul(512));
            }
            _ => {}
        }
        if self.when_failed == "now" {
            health.warnings.push(format!("attribute {} is at its limit", self.id));
        }
    }
}
