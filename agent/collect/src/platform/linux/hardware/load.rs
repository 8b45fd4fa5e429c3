//! Processor and disks at work, over a short while: `/proc/stat`, `/proc/diskstats`, `/proc/vmstat`,
//! each read twice; clock, its rule and how often it was slowed down by `/sys/devices/system/cpu`.

pub(crate) mod counters;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use befund_model::section::load::{HungTask, Load};

use crate::collector::{Context, Gap};
use crate::platform::unix::rate;

use counters::{DiskCounters, Ticks};

const CPUS: &str = "/sys/devices/system/cpu";
/// Over how long is measured.
const WHILE: Duration = Duration::from_millis(200);
/// Of how many processors the clock is asked at most: each asked costs an interrupt there, and with
/// kernels before 5.18 10 ms of waiting.
const MAX_ASKED: usize = 8;

/// Section `load`.
pub(crate) fn load(cx: &Context) -> Result<Load, Gap> {
    let mut load = Load { governor: governor(cx), throttled: throttled(cx), ..Load::default() };
    let first = Sample::take(cx)?;
    let at = Instant::now();
    load.mhz = mhz(cx);
    let waiting = waiting::all(cx);
    cx.root.trail().at("the clock");
    let later = match cx.second_look(WHILE) {
        Ok(later) => later,
        Err(gap) => {
            cx.gap(gap);
            return Ok(load);
        }
    };
    let last = later.take(cx, Sample::take)?;
    let elapsed = later.elapsed(at);
    later.take(cx, |cx| {
        let waiting = waiting.into_iter().filter(|task| waiting::still(cx, task));
        load.hung = waiting
            .map(|task| HungTask {
                waits_in: waiting::place(cx, task.pid),
                pid: task.pid,
                name: task.name,
            })
            .collect();
    });
    compare(&first, &last, elapsed, &mut load);
    Ok(load)
}

/// What is counted at one time.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) ticks: Ticks,
    pub(crate) disks: BTreeMap<String, DiskCounters>,
    /// Pages swapped in and out.
    pub(crate) swapped: Option<(u64, u64)>,
}

impl Sample {
    fn take(cx: &Context) -> Result<Self, Gap> {
        let text = cx.root.text("/proc/stat")?;
        let ticks = counters::ticks(&text)
            .ok_or_else(|| Gap::failed("/proc/stat could not be understood"))?;
        let disks = cx.note(cx.root.text("/proc/diskstats")).unwrap_or_default();
        let whole: BTreeSet<String> = (cx.root.list("/sys/block").unwrap_or_default())
            .into_iter()
            .filter(|name| super::disks::is_disk(name))
            .collect();
        let mut disks = counters::disks(&disks);
        disks.retain(|name, _| whole.contains(name));
        let swapped = cx.note(cx.root.text("/proc/vmstat"));
        let swapped = swapped.and_then(|text| counters::swapped(&text));
        Ok(Self { ticks, disks, swapped })
    }
}

/// What happened between the two, which lie this far apart.
pub(crate) fn compare(first: &Sample, last: &Sample, elapsed: Duration, load: &mut Load) {
    load.sampled_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if let Some(share) = counters::shares(&first.ticks, &last.ticks) {
        load.cpu_percent = Some(share.busy);
        load.iowait_percent = Some(share.iowait);
        load.steal_percent = Some(share.steal);
    }
    if let (Some((first_in, first_out)), Some((last_in, last_out))) = (first.swapped, last.swapped)
    {
        let page = rustix::param::page_size() as u64;
        let rate = |first: u64, last: u64| {
            rate::per_second(last.checked_sub(first)?.saturating_mul(page), elapsed)
        };
        load.swap_in_bytes = rate(first_in, last_in);
        load.swap_out_bytes = rate(first_out, last_out);
    }
    let disk = |(name, last): (&String, &DiskCounters)| {
        last.since(first.disks.get(name)?)?.told(name, elapsed)
    };
    load.disks = last.disks.iter().filter_map(disk).collect();
}

/// The rule that all processors follow, or each rule that some do.
fn governor(cx: &Context) -> Option<String> {
    let mut rules = BTreeSet::new();
    let folders = cx.root.list(&format!("{CPUS}/cpufreq")).unwrap_or_default();
    for policy in folders.iter().filter(|name| name.starts_with("policy")).take(64) {
        rules.extend(cx.root.line(&format!("{CPUS}/cpufreq/{policy}/scaling_governor")).ok()?);
    }
    if rules.is_empty() {
        rules.extend(cx.root.line(&format!("{CPUS}/cpu0/cpufreq/scaling_governor")).ok()?);
    }
    (!rules.is_empty()).then(|| rules.into_iter().collect::<Vec<_>>().join(", "))
}

/// The average clock of those that are asked, spread over all.
fn mhz(cx: &Context) -> Option<u32> {
    let cpus = cpus(cx);
    let step = cpus.len().div_ceil(MAX_ASKED).max(1);
    let khz: Vec<u64> = (cpus.iter().step_by(step))
        .filter_map(|cpu| {
            cx.root.number(&format!("{CPUS}/{cpu}/cpufreq/scaling_cur_freq")).ok().flatten()
        })
        .collect();
    let sum = khz.iter().fold(0, |sum: u64, khz| sum.saturating_add(*khz));
    let average = sum.checked_div(khz.len() as u64)?;
    u32::try_from(average / 1000).ok().filter(|mhz| *mhz > 0)
}

/// `cpu0` and so on.
fn cpus(cx: &Context) -> Vec<String> {
    let mut cpus = cx.root.list(CPUS).unwrap_or_default();
    cpus.retain(|name| {
        let number = name.strip_prefix("cpu").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    cpus
}

/// The counts of `thermal_throttle` (Documentation/ABI/testing/sysfs-devices-system-cpu of the kernel,
/// Intel only): for each package its own count or the highest of its cores, whichever is more, since
/// both count the same heat.
fn throttled(cx: &Context) -> Option<u64> {
    let mut packages: BTreeMap<String, u64> = BTreeMap::new();
    for cpu in cpus(cx) {
        let count = |what: &str| {
            let file = format!("{CPUS}/{cpu}/thermal_throttle/{what}_throttle_count");
            cx.root.number(&file).ok().flatten()
        };
        let Some(core) = count("core") else { continue };
        let package = cx.root.line(&format!("{CPUS}/{cpu}/topology/physical_package_id"));
        let highest = packages.entry(package.ok().flatten().unwrap_or_default()).or_default();
        *highest = (*highest).max(core).max(count("package").unwrap_or_default());
    }
    (!packages.is_empty())
        .then(|| packages.into_values().fold(0, |sum: u64, count| sum.saturating_add(count)))
}
