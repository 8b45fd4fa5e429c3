//! Services: the service manager's list, and their configuration in the registry.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::software::{Service, ServiceState, Services, ServicesState};
use windows::Win32::Foundation::ERROR_MORE_DATA;
use windows::Win32::System::Services::{
    CloseServiceHandle, ENUM_SERVICE_STATUS_PROCESSW, EnumServicesStatusExW, OpenSCManagerW,
    SC_ENUM_PROCESS_INFO, SC_MANAGER_ENUMERATE_SERVICE, SERVICE_STATE_ALL, SERVICE_WIN32,
};
use windows::core::PCWSTR;

use super::super::{registry, win32};
use crate::collector::{Context, Gap};
use crate::platform::decode::windows as words;

const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";
/// Made for one session of a person out of a template, under a name that changes each time.
const INSTANCE: u32 = 0x80;
const TEMPLATE: u32 = 0x40;
/// The exit code says nothing; the service has one of its own (`ERROR_SERVICE_SPECIFIC_ERROR`).
const SPECIFIC: u32 = 1066;

/// A service as the manager has it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    display: String,
    kind: u32,
    pub(crate) state: u32,
    exit: u32,
    specific: u32,
    pub(crate) pid: u32,
}

/// The services of programs, sorted by name. Asked by several at once, the manager may refuse a handle
/// that it has just given (seen under Wine); then a new one is good.
pub(crate) fn listed() -> Result<Vec<Listed>, Gap> {
    let mut services = open_and_ask().or_else(|_| open_and_ask())?;
    services.retain(|service| service.kind & INSTANCE == 0);
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(services)
}

fn open_and_ask() -> Result<Vec<Listed>, Gap> {
    // SAFETY: the local manager and its usual database; nothing is passed by pointer.
    let manager = unsafe { OpenSCManagerW(None, None, SC_MANAGER_ENUMERATE_SERVICE) }
        .map_err(|error| win32::gap("OpenSCManager", &error))?;
    let services = ask(manager);
    // SAFETY: the handle is ours and not used any more.
    let _ = unsafe { CloseServiceHandle(manager) };
    services
}

fn ask(manager: windows::Win32::System::Services::SC_HANDLE) -> Result<Vec<Listed>, Gap> {
    let mut size: u32 = 256 << 10;
    for _ in 0..6 {
        let mut buffer = win32::Buffer::new(size as usize);
        let (mut needed, mut count) = (0, 0);
        // SAFETY: the buffer has the size that is told, and suits the structure.
        let asked = unsafe {
            EnumServicesStatusExW(
                manager,
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_STATE_ALL,
                Some(buffer.bytes_mut()),
                &raw mut needed,
                &raw mut count,
                None,
                PCWSTR::null(),
            )
        };
        match asked {
            Ok(()) => {
                let rows = buffer.as_ptr().cast::<ENUM_SERVICE_STATUS_PROCESSW>();
                // SAFETY: that many rows were written; their texts lie in the same buffer.
                let rows = unsafe { std::slice::from_raw_parts(rows, count as usize) };
                return Ok(rows.iter().filter_map(read).collect());
            }
            Err(error) if error.code() == ERROR_MORE_DATA.to_hresult() => {
                size = size.saturating_add(needed).clamp(256 << 10, 16 << 20);
            }
            Err(error) => return Err(win32::gap("EnumServicesStatusEx", &error)),
        }
    }
    Err(Gap::failed("EnumServicesStatusEx asks for more room again and again"))
}

fn read(row: &ENUM_SERVICE_STATUS_PROCESSW) -> Option<Listed> {
    let status = &row.ServiceStatusProcess;
    // SAFETY: the row's texts live and end with a zero.
    let (name, display) =
        unsafe { (win32::pointed(row.lpServiceName)?, win32::pointed(row.lpDisplayName)) };
    Some(Listed {
        display: display.unwrap_or_default(),
        name,
        kind: status.dwServiceType.0,
        state: status.dwCurrentState.0,
        exit: status.dwWin32ExitCode,
        specific: status.dwServiceSpecificExitCode,
        pid: status.dwProcessId,
    })
}

/// Section `services`.
pub(crate) fn services(cx: &Context) -> Result<Services, Gap> {
    let all = registry::machine(cx, SERVICES);
    let mut unknown = 0;
    let services = listed()?
        .into_iter()
        .map(|listed| {
            let key = all.as_ref().and_then(|all| registry::under(cx, all, &listed.name));
            let start = key.as_ref().and_then(|key| registry::number(key, "Start"));
            unknown += usize::from(start.is_none());
            let text = |name: &str| key.as_ref().and_then(|key| registry::text(key, name));
            let library = key
                .as_ref()
                .and_then(|key| registry::under(cx, key, "Parameters"))
                .and_then(|key| registry::text(&key, "ServiceDll"));
            let start = if listed.kind & TEMPLATE != 0 {
                "template"
            } else {
                start.map_or("unknown", words::start)
            };
            Service {
                description: (!listed.display.is_empty())
                    .then(|| cx.redactor.text(&listed.display)),
                start: start.to_owned(),
                command: text("ImagePath").map(|line| cx.redactor.command_line(&line)),
                user: text("ObjectName").filter(|user| !user.eq_ignore_ascii_case("LocalSystem")),
                file: library,
                overridden: false,
                name: listed.name,
            }
        })
        .collect();
    if unknown > 0 {
        cx.gap(Gap::failed(format!(
            "the registry does not tell how {unknown} of the services start"
        )));
    }
    Ok(Services { services })
}

/// Section `services.state`.
pub(crate) fn state(_: &Context) -> Result<ServicesState, Gap> {
    let services = listed()?
        .into_iter()
        .map(|listed| {
            let (state, detail) = words::service_state(listed.state);
            let failed = words::service_failed(listed.state, listed.exit);
            let exit = if listed.exit == SPECIFIC { listed.specific } else { listed.exit };
            ServiceState {
                state: if failed { "failed" } else { state }.to_owned(),
                detail: Some(detail.to_owned()),
                processes: Some(u32::from(listed.pid != 0)),
                result: failed.then(|| match listed.exit {
                    SPECIFIC => format!("service-specific error {}", listed.specific),
                    code => win32::words(code),
                }),
                exit_status: failed.then_some(exit.cast_signed()),
                name: listed.name,
            }
        })
        .collect();
    Ok(ServicesState { system: None, services })
}
