//! The operating system: `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, licence, and what asks
//! for a restart.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::id::Hash;
use befund_model::section::software::{Kernel, Os};
use windows::Win32::Globalization::GetSystemDefaultLocaleName;
use windows::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};
use windows::core::PWSTR;

use super::super::hardware::cpu::architecture;
use super::super::{registry, win32};
use super::{licence, restart};
use crate::collector::{Context, Gap};
use crate::platform::decode::{self, time};

const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// Section `os`.
pub(crate) fn os(cx: &Context) -> Result<Os, Gap> {
    let key = registry::machine(cx, VERSION)
        .ok_or_else(|| Gap::failed(format!("there is no registry key {VERSION}")))?;
    let text = |name: &str| registry::text(&key, name);
    let number = |name: &str| registry::number(&key, name);
    let build = text("CurrentBuildNumber").or_else(|| text("CurrentBuild"));
    let server = text("InstallationType").is_some_and(|kind| kind.starts_with("Server"));
    let product = text("ProductName");
    let build_number = build.as_deref().and_then(|build| build.parse().ok());
    let restart_for = restart::reasons(cx);
    Ok(Os {
        hostname: cx.note(hostname()),
        family: "windows".into(),
        version: decode::windows::version(product.as_deref(), build_number, server),
        name: product.map(|product| decode::windows::product(&product, build_number, server)),
        id: Some("windows".into()),
        edition: text("EditionID"),
        codename: None,
        release: text("DisplayVersion").or_else(|| text("ReleaseId")),
        kernel: kernel(
            cx,
            number("CurrentMajorVersionNumber"),
            number("CurrentMinorVersionNumber"),
            build.as_deref(),
        ),
        build: build.map(|build| match number("UBR") {
            Some(revision) => format!("{build}.{revision}"),
            None => build,
        }),
        installed_at: number("InstallDate").and_then(time::unix),
        installed_by: number("InstallDate").map(|_| "InstallDate of the registry".to_owned()),
        licence: cx.note(licence::licence()).flatten().map(str::to_owned),
        architecture: architecture(),
        timezone: timezone(cx),
        locale: locale(),
        installation: registry::machine(cx, r"SOFTWARE\Microsoft\Cryptography")
            .and_then(|key| registry::text(&key, "MachineGuid"))
            .map(|id| installation(&id)),
        restart_required: Some(!restart_for.is_empty()),
        restart_for,
    })
}

/// The machine's id is not handed out as it is.
fn installation(id: &str) -> String {
    let mut hash = Hash::of(format!("befund installation {id}").as_bytes()).to_string();
    hash.truncate(32);
    hash
}

fn kernel(
    cx: &Context,
    major: Option<u32>,
    minor: Option<u32>,
    build: Option<&str>,
) -> Option<Kernel> {
    let options = registry::machine(cx, r"SYSTEM\CurrentControlSet\Control")
        .and_then(|key| registry::text(&key, "SystemStartOptions"));
    Some(Kernel {
        name: "Windows NT".into(),
        release: format!("{}.{}.{}", major?, minor?, build?),
        version: None,
        command_line: options.map(|options| cx.redactor.command_line(&options)),
        taint: None,
    })
}

fn hostname() -> Result<String, Gap> {
    let mut buffer = [0_u16; 256];
    let mut length = 256;
    // SAFETY: the buffer has the length that is told.
    unsafe {
        GetComputerNameExW(
            ComputerNameDnsHostname,
            Some(PWSTR(buffer.as_mut_ptr())),
            &raw mut length,
        )
    }
    .map_err(|error| win32::gap("GetComputerNameEx", &error))?;
    Ok(win32::text(&buffer))
}

fn locale() -> Option<String> {
    let mut buffer = [0_u16; 85];
    // SAFETY: the buffer has the length that is told.
    let length = unsafe { GetSystemDefaultLocaleName(&mut buffer) };
    (length > 1).then(|| win32::text(&buffer))
}

/// The zone by its name of IANA, which Windows' ICU knows; else by Windows' own.
fn timezone(cx: &Context) -> Option<String> {
    let key = registry::machine(cx, r"SYSTEM\CurrentControlSet\Control\TimeZoneInformation")?;
    let name =
        registry::text(&key, "TimeZoneKeyName").or_else(|| registry::text(&key, "StandardName"))?;
    // Behind a zero may stand what was there before.
    let name = name.split('\0').next().unwrap_or_default().to_owned();
    Some(iana(&name).unwrap_or(name))
}

/// `ucal_getTimeZoneIDForWindowsID` of the ICU that comes with Windows 10 1903 and later.
fn iana(name: &str) -> Option<String> {
    type Named = unsafe extern "C" fn(
        *const u16,
        i32,
        *const std::ffi::c_char,
        *mut u16,
        i32,
        *mut i32,
    ) -> i32;
    let found = win32::function("icu.dll", c"ucal_getTimeZoneIDForWindowsID").ok()??;
    // SAFETY: that is the function's signature in `ucal.h` (ICU 52 and later).
    let named: Named = unsafe { std::mem::transmute(found) };
    let wide: Vec<u16> = name.encode_utf16().collect();
    let mut buffer = [0_u16; 128];
    let mut status = 0;
    // SAFETY: name and buffer have the lengths that are told; no region is asked for.
    let length = unsafe {
        named(
            wide.as_ptr(),
            i32::try_from(wide.len()).ok()?,
            std::ptr::null(),
            buffer.as_mut_ptr(),
            128,
            &raw mut status,
        )
    };
    (status <= 0 && length > 0).then(|| win32::text(&buffer))
}
