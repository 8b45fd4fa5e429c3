//! The machine itself: maker and model, firmware, processor, memory.

use befund_model::section::hardware::{Cpu, Firmware, Memory, MemoryUsage, System};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, profile, registry};
use crate::platform::macos::decode::memory::{VmStat, modules, slots};
use crate::platform::macos::decode::plist::Value;
use crate::platform::macos::decode::sysctl::Sysctl;

/// Values of the kernel by name, or whole branches of them. What this version does not know is left out.
pub(in crate::platform::macos) fn sysctl(cx: &Context, names: &[&str]) -> Result<Sysctl, Gap> {
    let told = ask("/usr/sbin/sysctl", names).text_at_any_end(cx)?;
    Ok(Sysctl::parse(&told))
}

/// Section `system`.
pub(super) fn system(cx: &Context) -> Result<System, Gap> {
    let entries = registry(cx, "IOPlatformExpertDevice", "1")?;
    let entry = entries.first();
    let entry = entry.ok_or_else(|| Gap::failed("ioreg tells of no IOPlatformExpertDevice"))?;
    let kernel = cx.note(sysctl(cx, &["hw.model", "kern.hv_vmm_present"])).unwrap_or_default();
    let model = entry.told("model").or_else(|| kernel.text("hw.model").map(str::to_owned));
    // Only Apple silicon keeps its trade name there (`MacBook Pro (14-inch, 2021)`).
    let product = ["-a", "-p", "IODeviceTree", "-r", "-n", "product", "-d", "1"];
    let product = ask("/usr/sbin/ioreg", &product).bytes(cx).ok();
    let product = product.and_then(|bytes| Value::parse(&bytes));
    let product = product.as_ref().and_then(|told| told.items().first());
    let version = product.and_then(|product| product.told("product-name"));
    let battery = cx.note(registry(cx, "AppleSmartBattery", "1")).unwrap_or_default();
    Ok(System {
        vendor: entry.told("manufacturer"),
        family: family(model.as_deref(), version.as_deref()),
        chassis: chassis(model.as_deref(), version.as_deref(), !battery.is_empty()),
        virtual_machine: virtual_machine(model.as_deref(), kernel.number("kern.hv_vmm_present")),
        version,
        sku: entry
            .told("model-number")
            .map(|number| format!("{number}{}", entry.told("region-info").unwrap_or_default())),
        serial: entry.owned("IOPlatformSerialNumber"),
        uuid: entry.text("IOPlatformUUID").map(str::to_ascii_lowercase),
        board: entry.told("board-id").map(|model| befund_model::section::hardware::Board {
            model: Some(model),
            ..Default::default()
        }),
        model,
        ..System::default()
    })
}

const FAMILIES: &[(&str, &str, &str)] = &[
    ("MacBookAir", "MacBook Air", "notebook"),
    ("MacBookPro", "MacBook Pro", "notebook"),
    ("MacBook", "MacBook", "notebook"),
    ("iMacPro", "iMac Pro", "all in one"),
    ("iMac", "iMac", "all in one"),
    ("Macmini", "Mac mini", "mini pc"),
    ("MacPro", "Mac Pro", "tower"),
    ("MacStudio", "Mac Studio", "mini pc"),
];

/// Newer models are all called `Mac14,2`; the trade name then tells the family.
fn of_family(model: Option<&str>, trade: Option<&str>) -> Option<(&'static str, &'static str)> {
    let found = FAMILIES.iter().find(|(sign, family, _)| {
        model.is_some_and(|model| model.starts_with(sign))
            || trade.is_some_and(|trade| trade.starts_with(family))
    });
    found.map(|(_, family, chassis)| (*family, *chassis))
}

fn family(model: Option<&str>, trade: Option<&str>) -> Option<String> {
    of_family(model, trade).map(|(family, _)| family.to_owned())
}

fn chassis(model: Option<&str>, trade: Option<&str>, battery: bool) -> Option<String> {
    let known = of_family(model, trade).map(|(_, chassis)| chassis);
    known.or(battery.then_some("notebook")).map(str::to_owned)
}

/// By the model that hypervisors give the machine, else by the kernel's own word.
fn virtual_machine(model: Option<&str>, present: Option<u32>) -> Option<String> {
    const MODELS: &[(&str, &str)] = &[
        ("VirtualMac", "apple"),
        ("VMware", "vmware"),
        ("Parallels", "parallels"),
        ("QEMU", "qemu"),
        ("Standard PC", "qemu"),
        ("VirtualBox", "oracle"),
    ];
    let model = model.unwrap_or_default();
    let known = MODELS.iter().find(|(sign, _)| model.starts_with(sign)).map(|(_, name)| *name);
    let told = match present {
        Some(0) => Some("none"),
        Some(_) => Some("unknown"),
        None => None,
    };
    known.or(told).map(str::to_owned)
}

/// Section `firmware`.
pub(super) fn firmware(cx: &Context) -> Result<Firmware, Gap> {
    let told = profile(cx)?;
    let hardware = told.items("SPHardwareDataType").first();
    let hardware =
        hardware.ok_or_else(|| Gap::failed("the system profiler tells of no hardware"))?;
    let bridge = told.items("SPiBridgeDataType").first();
    let version = hardware.owned("boot_rom_version");
    let iboot = hardware.text("chip_type").is_some_and(|chip| chip.starts_with("Apple"))
        || version.as_deref().is_some_and(|version| version.starts_with("iBoot"));
    // All but `No Security` (T2) and `Permissive Security` (Apple silicon) start only what Apple has signed. The
    // words are of the system's language; of another one nothing is told.
    let secure =
        bridge.and_then(|bridge| bridge.text("ibridge_secure_boot")).and_then(|level| match level
            .to_ascii_lowercase()
        {
            level if level.contains("full") || level.contains("medium") => Some(true),
            level if level.contains("reduced") => Some(true),
            level if level.contains("no security") || level.contains("permissive") => Some(false),
            _ => None,
        });
    Ok(Firmware {
        vendor: iboot.then(|| "Apple".to_owned()),
        version,
        release: hardware.owned("os_loader_version"),
        boot_mode: Some(if iboot { "iboot" } else { "uefi" }.into()),
        secure_boot: secure,
        ..Firmware::default()
    })
}

/// Section `cpu`.
pub(super) fn cpu(cx: &Context) -> Result<Cpu, Gap> {
    let cpu = sysctl(cx, &["hw", "machdep.cpu"])?.cpu();
    if cpu.model.is_none() && cpu.cores.is_none() {
        return Err(Gap::failed("sysctl tells nothing of the processor"));
    }
    Ok(cpu)
}

/// Section `memory`.
pub(super) fn memory(cx: &Context) -> Result<Memory, Gap> {
    let kernel = sysctl(cx, &["hw.memsize", "vm.swapusage"])?;
    let told = cx.note(profile(cx));
    let items = told.as_ref().map(|told| told.items("SPMemoryDataType")).unwrap_or_default();
    Ok(Memory {
        total_bytes: kernel.number("hw.memsize"),
        swap_bytes: kernel.swap().map(|(all, _)| all),
        swaps: Vec::new(),
        slots: slots(items),
        modules: modules(items),
    })
}

/// Section `memory.usage`.
pub(super) fn memory_usage(cx: &Context) -> Result<MemoryUsage, Gap> {
    let kernel = sysctl(cx, &["hw.memsize", "vm.swapusage"])?;
    let told = ask("/usr/bin/vm_stat", &[]).text(cx)?;
    let told = VmStat::parse(&told)
        .ok_or_else(|| Gap::failed("what vm_stat told could not be understood"))?;
    let usage = told.usage(kernel.number("hw.memsize"));
    Ok(MemoryUsage { swap_used_bytes: kernel.swap().map(|(_, used)| used), ..usage })
}
