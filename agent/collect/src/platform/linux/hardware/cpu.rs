//! The processor: `/proc/cpuinfo` and `/sys/devices/system/cpu`.

pub(crate) mod caches;

use std::collections::BTreeSet;

use befund_model::section::hardware::{Cpu, Vulnerability};

use crate::collector::{Context, Gap};

const CPUS: &str = "/sys/devices/system/cpu";

/// Section `cpu`.
pub(crate) fn cpu(cx: &Context) -> Result<Cpu, Gap> {
    let mut cpu = parse(&cx.root.text("/proc/cpuinfo")?);
    cpu.architecture = architecture(cx);
    if cpu.threads.is_none() || cpu.cores.is_none() || cpu.sockets.is_none() {
        // Only x86 tells all three in cpuinfo; s390 tells none.
        let (sockets, cores, threads) = topology(cx);
        cpu.sockets = cpu.sockets.or(sockets);
        cpu.cores = cpu.cores.or(cores);
        cpu.threads = cpu.threads.or(threads);
    }
    if cpu.threads.is_none() {
        cx.gap(Gap::failed("neither cpuinfo nor sysfs tells how many processors there are"));
    }
    let khz = cx.note(cx.root.number(&format!("{CPUS}/cpu0/cpufreq/cpuinfo_max_freq"))).flatten();
    cpu.max_mhz = khz.and_then(|khz| u32::try_from(khz / 1000).ok());
    cpu.cache_bytes = (0..5)
        .filter_map(|index| cx.line(&format!("{CPUS}/cpu0/cache/index{index}/size")))
        .filter_map(|size| caches::bytes(&size))
        .max();
    cpu.caches = caches::caches(cx, CPUS);
    let folder = format!("{CPUS}/vulnerabilities");
    for name in cx.note(cx.root.list(&folder)).unwrap_or_default() {
        if let Some(verdict) = cx.line(&format!("{folder}/{name}")) {
            cpu.vulnerabilities.push(Vulnerability { name, verdict });
        }
    }
    Ok(cpu)
}

/// Sockets, cores and threads by `/sys/devices/system/cpu` (Documentation/admin-guide/cputopology.rst
/// of the kernel); those that are off have no topology.
fn topology(cx: &Context) -> (Option<u32>, Option<u32>, Option<u32>) {
    let (mut sockets, mut cores, mut threads) = (BTreeSet::new(), BTreeSet::new(), 0);
    for name in cx.root.list(CPUS).unwrap_or_default() {
        let number = name.strip_prefix("cpu").unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let line =
            |file: &str| cx.root.line(&format!("{CPUS}/{name}/topology/{file}")).ok().flatten();
        // Numbers of cores may begin anew in each cluster; who shares one is said exactly.
        let Some(siblings) = line("thread_siblings_list") else { continue };
        threads += 1;
        cores.insert(siblings);
        sockets.extend(line("physical_package_id").filter(|package| package != "-1"));
    }
    (count(sockets.len()), count(cores.len()), count(threads))
}

fn count(count: usize) -> Option<u32> {
    u32::try_from(count).ok().filter(|count| *count > 0)
}

/// The kernel's instruction set.
pub(crate) fn architecture(cx: &Context) -> Option<String> {
    let told = cx.root.line("/proc/sys/kernel/arch").ok().flatten();
    told.or_else(|| {
        let live = cx.root.is_live();
        live.then(|| rustix::system::uname().machine().to_string_lossy().into_owned())
    })
}

/// Reads `/proc/cpuinfo` of x86, ARM, POWER and RISC-V, whose words differ.
pub(crate) fn parse(text: &str) -> Cpu {
    let mut cpu = Cpu::default();
    let (mut threads, mut socket) = (0, String::new());
    let (mut sockets, mut cores) = (BTreeSet::new(), BTreeSet::new());
    let mut part = None;
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim_end() {
            // s390, which numbers them in another way.
            "# processors" => threads = value.parse().unwrap_or(0),
            "processor" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                threads = usize::saturating_add(threads, 1);
            }
            "model name" | "cpu" | "uarch" | "Processor"
                if cpu.model.is_none() && !value.is_empty() =>
            {
                cpu.model = Some(value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            "vendor_id" if cpu.vendor.is_none() => cpu.vendor = Some(value.to_owned()),
            "CPU implementer" if cpu.vendor.is_none() => cpu.vendor = Some(implementer(value)),
            "CPU part" if part.is_none() => part = Some(value),
            "microcode" if cpu.microcode.is_none() => cpu.microcode = Some(value.to_owned()),
            "physical id" => {
                value.clone_into(&mut socket);
                sockets.insert(socket.clone());
            }
            "core id" => {
                cores.insert((socket.clone(), value.to_owned()));
            }
            "flags" if cpu.virtualization.is_none() => {
                let flag = value.split(' ').find(|flag| matches!(*flag, "vmx" | "svm"));
                cpu.virtualization = flag.map(str::to_owned);
            }
            _ => {}
        }
    }
    // What ARM's kernels tell besides is only the instruction set.
    if let (Some("ARM"), Some(part)) = (cpu.vendor.as_deref(), part) {
        cpu.model = core(part).map(str::to_owned).or(cpu.model);
    }
    cpu.sockets = count(sockets.len());
    cpu.cores = count(cores.len());
    cpu.threads = count(threads);
    cpu
}

fn implementer(code: &str) -> String {
    match code {
        "0x41" => "ARM",
        "0x42" => "Broadcom",
        "0x43" => "Cavium",
        "0x48" => "HiSilicon",
        "0x4e" => "NVIDIA",
        "0x51" => "Qualcomm",
        "0x61" => "Apple",
        "0xc0" => "Ampere",
        other => other,
    }
    .to_owned()
}

/// The designs of ARM itself that PCs, servers and boards have, by their part numbers (`MIDR_EL1` in
/// ARM's technical reference manuals): the kernel tells no name.
fn core(part: &str) -> Option<&'static str> {
    Some(match part {
        "0xc07" => "Cortex-A7",
        "0xc08" => "Cortex-A8",
        "0xc09" => "Cortex-A9",
        "0xc0f" => "Cortex-A15",
        "0xd03" => "Cortex-A53",
        "0xd04" => "Cortex-A35",
        "0xd05" => "Cortex-A55",
        "0xd07" => "Cortex-A57",
        "0xd08" => "Cortex-A72",
        "0xd09" => "Cortex-A73",
        "0xd0a" => "Cortex-A75",
        "0xd0b" => "Cortex-A76",
        "0xd0c" => "Neoverse-N1",
        "0xd40" => "Neoverse-V1",
        "0xd41" => "Cortex-A78",
        "0xd49" => "Neoverse-N2",
        "0xd4f" => "Neoverse-V2",
        _ => return None,
    })
}
