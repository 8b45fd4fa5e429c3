//! The machine itself, its firmware, and whether it is a virtual one.

use befund_model::section::hardware::{Board, Firmware, System};

use crate::collector::{Context, Gap};

use super::dmi;
use crate::smbios::uuid;

/// Section `system`.
pub(crate) fn system(cx: &Context) -> Result<System, Gap> {
    let bytes = dmi::tables(cx);
    let (tables, whole) = dmi::structures(&bytes);
    dmi::note_damage(cx, whole);
    let fact = |name, place| dmi::fact(cx, name, &tables, place);
    let board = Board {
        vendor: fact("board_vendor", (2, 0x04)),
        model: fact("board_name", (2, 0x05)),
        serial: fact("board_serial", (2, 0x07)),
    };
    let chassis = cx
        .line("/sys/class/dmi/id/chassis_type")
        .and_then(|kind| kind.parse().ok())
        .or_else(|| tables.iter().find(|table| table.kind == 3)?.byte(0x05));
    let system = System {
        vendor: fact("sys_vendor", (1, 0x04))
            .or_else(|| device_tree(cx, "compatible")?.split(',').next().map(str::to_owned)),
        model: fact("product_name", (1, 0x05)).or_else(|| device_tree(cx, "model")),
        version: fact("product_version", (1, 0x06)),
        family: fact("product_family", (1, 0x1a)),
        sku: fact("product_sku", (1, 0x19)),
        serial: fact("product_serial", (1, 0x07)).or_else(|| device_tree(cx, "serial-number")),
        uuid: cx
            .line("/sys/class/dmi/id/product_uuid")
            .and_then(|uuid| dmi::said(&uuid))
            .map(|uuid| uuid.to_ascii_lowercase())
            .or_else(|| uuid(tables.iter().find(|table| table.kind == 1)?)),
        asset_tag: fact("chassis_asset_tag", (3, 0x08)),
        chassis: chassis.and_then(dmi::chassis).map(str::to_owned),
        board: (board != Board::default()).then_some(board),
        virtual_machine: virtual_machine(
            cx,
            &fact("sys_vendor", (1, 0x04)),
            &fact("product_name", (1, 0x05)),
        ),
        container: container(cx),
    };
    if system.vendor.is_none() && system.model.is_none() {
        cx.gap(Gap::unsupported(
            "the firmware does not name the machine (no SMBIOS, no device tree)",
        ));
    }
    Ok(system)
}

/// Section `firmware`.
pub(crate) fn firmware(cx: &Context) -> Result<Firmware, Gap> {
    let bytes = dmi::tables(cx);
    let (tables, whole) = dmi::structures(&bytes);
    dmi::note_damage(cx, whole);
    let fact = |name, place| dmi::fact(cx, name, &tables, place);
    let release = || {
        let bios = tables.iter().find(|table| table.kind == 0)?;
        let (major, minor) = (bios.byte(0x14)?, bios.byte(0x15)?);
        (major != 0xff && minor != 0xff && (major, minor) != (0, 0))
            .then(|| format!("{major}.{minor}"))
    };
    let uefi = cx.root.exists("/sys/firmware/efi");
    let boot_mode = if uefi {
        Some("uefi")
    } else if cx.root.exists("/proc/device-tree") || cx.root.exists("/sys/firmware/devicetree") {
        Some("device tree")
    } else if cx.root.exists("/sys/firmware/acpi") || cx.root.exists("/sys/class/dmi/id") {
        Some("bios")
    } else {
        None
    };
    let firmware = Firmware {
        vendor: fact("bios_vendor", (0, 0x04)),
        version: fact("bios_version", (0, 0x05)),
        date: fact("bios_date", (0, 0x08)),
        release: cx.line("/sys/class/dmi/id/bios_release").or_else(release),
        boot_mode: boot_mode.map(str::to_owned),
        secure_boot: if uefi { secure_boot(cx) } else { None },
        tpm: cx
            .line("/sys/class/tpm/tpm0/tpm_version_major")
            .map(|major| if major == "2" { "2.0".into() } else { "1.2".into() }),
    };
    if firmware.version.is_none() {
        cx.gap(Gap::unsupported("the firmware does not name itself (no SMBIOS)"));
    }
    Ok(firmware)
}

/// The EFI variable `SecureBoot`: four bytes of attributes, then 0 or 1.
fn secure_boot(cx: &Context) -> Option<bool> {
    const PATH: &str = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    let value = cx.note(cx.root.read(PATH))?;
    value.get(4).map(|value| *value == 1)
}

fn device_tree(cx: &Context, name: &str) -> Option<String> {
    let path = format!("/proc/device-tree/{name}");
    let text = cx.root.text(&path).ok()?;
    dmi::said(text.split('\0').next()?)
}

/// The hypervisor, by what each is known to put into the firmware (as `systemd-detect-virt` does),
/// by the processor's flag, and by the paravirtual clock.
fn virtual_machine(
    cx: &Context,
    vendor: &Option<String>,
    model: &Option<String>,
) -> Option<String> {
    const KNOWN: &[(&str, &str)] = &[
        ("kvm", "kvm"),
        ("qemu", "kvm"),
        ("vmware", "vmware"),
        ("innotek gmbh", "virtualbox"),
        ("virtualbox", "virtualbox"),
        ("xen", "xen"),
        ("bochs", "bochs"),
        ("parallels", "parallels"),
        ("bhyve", "bhyve"),
        ("amazon ec2", "kvm"),
        ("google compute engine", "google"),
        ("digitalocean", "kvm"),
        ("hetzner", "kvm"),
        ("openstack", "kvm"),
        ("nutanix", "kvm"),
        ("apple virtualization", "apple"),
    ];
    if let Some(xen) = cx.line("/sys/hypervisor/type") {
        return Some(xen);
    }
    let told = format!(
        "{} {}",
        vendor.as_deref().unwrap_or_default(),
        model.as_deref().unwrap_or_default()
    )
    .to_lowercase();
    if told.contains("microsoft") && told.contains("virtual machine") {
        return Some("microsoft".into());
    }
    let flagged = hypervisor_flag(cx);
    if let Some((_, name)) = KNOWN.iter().find(|(word, _)| told.contains(word))
        && flagged != Some(false)
    {
        return Some((*name).into());
    }
    match flagged {
        Some(false) => Some("none".into()),
        Some(true) => {
            let clocks = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
            let clocks = cx.line(clocks).unwrap_or_default();
            let by_clock = [("kvm-clock", "kvm"), ("hyperv", "microsoft"), ("xen", "xen")];
            let name =
                by_clock.iter().find(|(clock, _)| clocks.contains(clock)).map(|(_, name)| *name);
            Some(name.unwrap_or("unknown").into())
        }
        None => cx.root.exists("/proc/device-tree/hypervisor").then(|| "unknown".into()),
    }
}

/// Whether the processor says that it is a guest's; `None` if it is not of a kind that says so.
fn hypervisor_flag(cx: &Context) -> Option<bool> {
    let info = cx.root.text("/proc/cpuinfo").ok()?;
    let flags = info.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split(' ').any(|flag| flag == "hypervisor"))
}

fn container(cx: &Context) -> Option<String> {
    if cx.root.exists("/.dockerenv") {
        return Some("docker".into());
    }
    if cx.root.exists("/run/.containerenv") {
        return Some("podman".into());
    }
    cx.root.line("/run/systemd/container").ok().flatten()
}
