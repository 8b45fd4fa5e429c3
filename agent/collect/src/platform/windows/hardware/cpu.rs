//! The processor: registry, `GetLogicalProcessorInformationEx`, and what it says of itself.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::hardware::Cpu;
use windows::Win32::System::Power::{
    CallNtPowerInformation, PROCESSOR_POWER_INFORMATION, ProcessorInformation,
};
use windows::Win32::System::SystemInformation::{
    GetLogicalProcessorInformationEx, GetNativeSystemInfo, PROCESSOR_ARCHITECTURE_AMD64,
    PROCESSOR_ARCHITECTURE_ARM64, PROCESSOR_ARCHITECTURE_INTEL, RelationAll, SYSTEM_INFO,
};

use super::super::{registry, win32};
use crate::collector::{Context, Gap};
use crate::platform::decode::topology;

/// Section `cpu`.
pub(crate) fn cpu(cx: &Context) -> Result<Cpu, Gap> {
    const FIRST: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0";
    let mut cpu =
        Cpu { architecture: architecture(), virtualization: virtualization(), ..Cpu::default() };
    match registry::machine(cx, FIRST) {
        Some(key) => {
            let model = registry::text(&key, "ProcessorNameString");
            cpu.model = model.map(|model| model.split_whitespace().collect::<Vec<_>>().join(" "));
            cpu.vendor = registry::text(&key, "VendorIdentifier");
            // Eight bytes, the revision in the upper four.
            let revision = registry::bytes(&key, "Update Revision");
            cpu.microcode = revision
                .and_then(|bytes| Some(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)))
                .filter(|revision| *revision != 0)
                .map(|revision| format!("0x{revision:x}"));
        }
        None => cx.gap(Gap::failed(format!("there is no registry key {FIRST}"))),
    }
    if let Some(topology) = cx.note(records()).map(|records| topology::topology(&records)) {
        let some = |count: u32| (count > 0).then_some(count);
        cpu.sockets = some(topology.sockets);
        cpu.cores = some(topology.cores);
        cpu.threads = some(topology.threads);
        cpu.cache_bytes = topology.caches.iter().map(|cache| cache.size_bytes).max();
        cpu.caches = topology.caches;
    }
    cpu.max_mhz = clocks().and_then(|clocks| clocks.iter().map(|clock| clock.MaxMhz).max());
    Ok(cpu)
}

fn records() -> Result<Vec<u8>, Gap> {
    let buffer = win32::growing(
        "GetLogicalProcessorInformationEx",
        &[windows::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER.0],
        |buffer, size| {
            // SAFETY: the buffer has the size that is told.
            let asked =
                unsafe { GetLogicalProcessorInformationEx(RelationAll, Some(buffer.cast()), size) };
            asked.map_or_else(|error| win32::number(&error), |()| 0)
        },
    )?;
    Ok(buffer.bytes().to_vec())
}

/// The clocks of the processors of this thread's group.
pub(crate) fn clocks() -> Option<Vec<PROCESSOR_POWER_INFORMATION>> {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: there is room for the answer.
    unsafe { GetNativeSystemInfo(&raw mut info) };
    let count = info.dwNumberOfProcessors.clamp(1, 1024) as usize;
    let mut clocks = vec![PROCESSOR_POWER_INFORMATION::default(); count];
    let size = u32::try_from(size_of_val(clocks.as_slice())).ok()?;
    // SAFETY: the buffer has the size that is told.
    let status = unsafe {
        CallNtPowerInformation(
            ProcessorInformation,
            None,
            0,
            Some(clocks.as_mut_ptr().cast()),
            size,
        )
    };
    clocks.retain(|clock| clock.MaxMhz > 0);
    (status.is_ok() && !clocks.is_empty()).then_some(clocks)
}

/// The instruction set of the system.
pub(crate) fn architecture() -> Option<String> {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: there is room for the answer.
    unsafe { GetNativeSystemInfo(&raw mut info) };
    // SAFETY: every bit pattern of the union is a number.
    let kind = unsafe { info.Anonymous.Anonymous.wProcessorArchitecture };
    let name = match kind {
        PROCESSOR_ARCHITECTURE_AMD64 => "x86_64",
        PROCESSOR_ARCHITECTURE_ARM64 => "aarch64",
        PROCESSOR_ARCHITECTURE_INTEL => "x86",
        _ => return None,
    };
    Some(name.to_owned())
}

#[cfg(target_arch = "x86_64")]
fn virtualization() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    if __cpuid(1).ecx >> 5 & 1 == 1 {
        return Some("vmx".into());
    }
    let more = __cpuid(0x8000_0000).eax >= 0x8000_0001;
    (more && __cpuid(0x8000_0001).ecx >> 2 & 1 == 1).then(|| "svm".into())
}

#[cfg(not(target_arch = "x86_64"))]
fn virtualization() -> Option<String> {
    None
}

/// The hypervisor, as the processor tells: `none` if it tells of none.
#[cfg(target_arch = "x86_64")]
pub(crate) fn hypervisor() -> Option<&'static str> {
    use std::arch::x86_64::__cpuid;
    if __cpuid(1).ecx >> 31 & 1 == 0 {
        return Some("none");
    }
    let leaf = __cpuid(0x4000_0000);
    let letters: Vec<u8> =
        [leaf.ebx, leaf.ecx, leaf.edx].iter().flat_map(|word| word.to_le_bytes()).collect();
    // The right to make partitions is that of the root's (Hyper-V's specification, 2.4.3).
    let root = leaf.eax >= 0x4000_0003 && __cpuid(0x4000_0003).ebx & 1 == 1;
    Some(topology::hypervisor(&letters, root))
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn hypervisor() -> Option<&'static str> {
    None
}
