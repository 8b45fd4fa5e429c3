//! The machine itself and its firmware: the tables of SMBIOS, and what Windows was started by.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::hardware::{Board, Firmware, System};
use windows::Win32::System::SystemInformation::{GetSystemFirmwareTable, RSMB};

use super::super::wmi::Wmi;
use super::super::{registry, win32};
use super::cpu;
use crate::collector::{Context, Gap};
use crate::platform::decode::{firmware, topology};
use crate::smbios::{self, Structure};

/// The raw tables, without the header that Windows puts before them.
pub(crate) fn tables() -> Result<Vec<u8>, Gap> {
    // SAFETY: without a buffer it tells how much room is needed.
    let size = unsafe { GetSystemFirmwareTable(RSMB, 0, None) };
    if size == 0 {
        let error = windows::core::Error::from_thread();
        return Err(win32::gap("GetSystemFirmwareTable(RSMB)", &error));
    }
    let mut bytes = vec![0; size as usize];
    // SAFETY: the buffer has the size that is told.
    let got = unsafe { GetSystemFirmwareTable(RSMB, 0, Some(&mut bytes)) };
    bytes.truncate(got as usize);
    firmware::tables(&bytes).map(<[u8]>::to_vec).ok_or_else(|| {
        Gap::failed("GetSystemFirmwareTable(RSMB) gave less than the header of the tables")
    })
}

/// The structures; damage is noted.
pub(crate) fn structures<'a>(cx: &Context, bytes: &'a [u8]) -> Vec<Structure<'a>> {
    let (structures, whole) = smbios::structures(bytes);
    if !whole {
        cx.gap(Gap::failed("the SMBIOS tables are damaged; what comes behind it is missing"));
    }
    structures
}

/// Section `system`.
pub(crate) fn system(cx: &Context) -> Result<System, Gap> {
    let bytes = cx.note(tables()).unwrap_or_default();
    let tables = structures(cx, &bytes);
    let fact =
        |kind: u8, offset: usize| tables.iter().find(|table| table.kind == kind)?.string(offset);
    let board = Board { vendor: fact(2, 0x04), model: fact(2, 0x05), serial: fact(2, 0x07) };
    let chassis = tables.iter().find(|table| table.kind == 3).and_then(|table| table.byte(0x05));
    let (vendor, model) = (fact(1, 0x04), fact(1, 0x05));
    let by_firmware = topology::by_firmware(
        vendor.as_deref().unwrap_or_default(),
        model.as_deref().unwrap_or_default(),
    );
    let system = System {
        version: fact(1, 0x06),
        family: fact(1, 0x1a),
        sku: fact(1, 0x19),
        serial: fact(1, 0x07),
        uuid: tables.iter().find(|table| table.kind == 1).and_then(smbios::uuid),
        asset_tag: fact(3, 0x08),
        chassis: chassis.and_then(smbios::chassis).map(str::to_owned),
        board: (board != Board::default()).then_some(board),
        virtual_machine: by_firmware.or_else(cpu::hypervisor).map(str::to_owned),
        container: None,
        vendor,
        model,
    };
    if system.vendor.is_none() && system.model.is_none() {
        cx.gap(Gap::unsupported(
            "the firmware does not name the machine (SMBIOS says nothing of it)",
        ));
    }
    Ok(system)
}

/// Section `firmware`.
pub(crate) fn firmware(cx: &Context) -> Result<Firmware, Gap> {
    let bytes = cx.note(tables()).unwrap_or_default();
    let tables = structures(cx, &bytes);
    let bios = tables.iter().find(|table| table.kind == 0);
    let fact = |offset: usize| bios?.string(offset);
    let release = bios.and_then(|bios| Some((bios.byte(0x14)?, bios.byte(0x15)?)));
    // Written at each start by what loads Windows: 1 for a BIOS, 2 for UEFI (`GetFirmwareType` reads it).
    let kind = registry::machine(cx, r"SYSTEM\CurrentControlSet\Control")
        .and_then(|key| registry::number(&key, "PEFirmwareType"));
    let boot_mode = match kind {
        Some(1) => Some("bios"),
        Some(2) => Some("uefi"),
        _ => None,
    };
    let secure_boot = registry::machine(cx, r"SYSTEM\CurrentControlSet\Control\SecureBoot\State")
        .and_then(|key| registry::flag(&key, "UEFISecureBootEnabled"));
    let firmware = Firmware {
        vendor: fact(0x04),
        version: fact(0x05),
        date: fact(0x08),
        release: release
            .filter(|(major, minor)| *major != 0xff && *minor != 0xff && (*major, *minor) != (0, 0))
            .map(|(major, minor)| format!("{major}.{minor}")),
        boot_mode: boot_mode.map(str::to_owned),
        // What is started by a BIOS knows no secure boot.
        secure_boot: secure_boot.or((boot_mode == Some("bios")).then_some(false)),
        tpm: cx.note(tpm(cx)).flatten(),
    };
    if firmware.version.is_none() {
        cx.gap(Gap::unsupported("the firmware does not name itself (SMBIOS says nothing of it)"));
    }
    Ok(firmware)
}

/// The TPM's version: the first word of `SpecVersion` (`2.0, 0, 1.38`). The class is only there for
/// administrators, and has no row if there is no TPM.
fn tpm(cx: &Context) -> Result<Option<String>, Gap> {
    let wmi = Wmi::open(cx, r"root\cimv2\Security\MicrosoftTpm")?;
    let rows = wmi.query(cx, "SELECT SpecVersion FROM Win32_Tpm")?;
    let version = rows.first().and_then(|row| row.text("SpecVersion"));
    Ok(version.and_then(|version| version.split(',').next().map(|word| word.trim().to_owned())))
}
