//! The processor: `/proc/cpuinfo` and `/sys/devices/system/cpu`.

use std::collections::BTreeSet;

use befund_model::section::hardware::{Cpu, Vulnerability};

use crate::collector::{Context, Gap};

const CPUS: &str = "/sys/devices/system/cpu";

/// Section `cpu`.
pub(super) fn cpu(cx: &Context) -> Result<Cpu, Gap> {
    let mut cpu = parse(&cx.root.text("/proc/cpuinfo")?);
    cpu.architecture = architecture(cx);
    let khz = cx.note(cx.root.number(&format!("{CPUS}/cpu0/cpufreq/cpuinfo_max_freq"))).flatten();
    cpu.max_mhz = khz.and_then(|khz| u32::try_from(khz / 1000).ok());
    cpu.cache_bytes = (0..5)
        .filter_map(|index| cx.line(&format!("{CPUS}/cpu0/cache/index{index}/size")))
        .filter_map(|size| size.strip_suffix('K')?.parse::<u64>().ok())
        .max()
        .map(|kib| kib * 1024);
    let folder = format!("{CPUS}/vulnerabilities");
    for name in cx.note(cx.root.list(&folder)).unwrap_or_default() {
        if let Some(verdict) = cx.line(&format!("{folder}/{name}")) {
            cpu.vulnerabilities.push(Vulnerability { name, verdict });
        }
    }
    Ok(cpu)
}

/// The kernel's instruction set.
pub(super) fn architecture(cx: &Context) -> Option<String> {
    let told = cx.root.line("/proc/sys/kernel/arch").ok().flatten();
    told.or_else(|| {
        let live = cx.root.is_live();
        live.then(|| rustix::system::uname().machine().to_string_lossy().into_owned())
    })
}

/// Reads `/proc/cpuinfo` of x86, ARM, POWER and RISC-V, whose words differ.
pub(super) fn parse(text: &str) -> Cpu {
    let mut cpu = Cpu::default();
    let (mut threads, mut socket) = (0, String::new());
    let (mut sockets, mut cores) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim_end() {
            "processor" if value.bytes().all(|byte| byte.is_ascii_digit()) => threads += 1,
            "model name" | "cpu" | "uarch" if cpu.model.is_none() && !value.is_empty() => {
                cpu.model = Some(value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            "vendor_id" if cpu.vendor.is_none() => cpu.vendor = Some(value.to_owned()),
            "CPU implementer" if cpu.vendor.is_none() => cpu.vendor = Some(implementer(value)),
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
    let count = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
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
