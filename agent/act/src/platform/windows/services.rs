//! Services, by the service manager.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use windows_service::service::{Service, ServiceAccess, ServiceStartType, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::System::Services::{
    ChangeServiceConfigW, SERVICE_AUTO_START, SERVICE_NO_CHANGE,
};

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::win32::last;

/// How often it is looked how far a service is.
const LOOK: Duration = Duration::from_millis(100);
/// Windows' sound service.
const SOUND: &str = "Audiosrv";

fn failed(attempt: &str, name: &str, error: &windows_service::Error) -> Trouble {
    match error {
        windows_service::Error::Winapi(error) => {
            Trouble::io(format_args!("{attempt} the service {name}"), error)
        }
        other => Trouble::failed(format!("could not {attempt} the service {name}: {other}")),
    }
}

fn open(name: &str, access: ServiceAccess) -> Outcome<Service> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .map_err(|error| failed("ask the service manager for", name, &error))?;
    manager.open_service(name, access).map_err(|error| failed("open", name, &error))
}

/// A service, as the service manager tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    state: ServiceState,
    start: ServiceStartType,
}

pub(super) fn look(name: &str) -> Outcome<Told> {
    let service = open(name, ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG)?;
    let status = service.query_status().map_err(|error| failed("look at", name, &error))?;
    let config = service.query_config().map_err(|error| failed("look at", name, &error))?;
    Ok(Told { state: status.current_state, start: config.start_type })
}

/// The service of `service.*` and, of a VPN, of `net.vpn_reconnect`.
fn named(parameters: &Parameters) -> Outcome<&str> {
    match parameters.text("service") {
        Some(name) => Ok(name),
        None => parameters.needed("connection"),
    }
}

/// Waits until the service is so.
fn until(context: &Context<'_>, service: &Service, name: &str, state: ServiceState) -> Outcome<()> {
    loop {
        let status = service.query_status().map_err(|error| failed("look at", name, &error))?;
        if status.current_state == state {
            return Ok(());
        }
        if context.left().is_err() {
            return Err(Trouble::late(format!(
                "the service {name} is {:?} and not yet {state:?}",
                status.current_state
            )));
        }
        thread::sleep(LOOK);
    }
}

fn bring_up(context: &Context<'_>, name: &str) -> Outcome<()> {
    let service = open(name, ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    service.start::<&str>(&[]).map_err(|error| failed("start", name, &error))?;
    until(context, &service, name, ServiceState::Running)
}

fn bring_down(context: &Context<'_>, name: &str) -> Outcome<()> {
    let service = open(name, ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?;
    let status = service.query_status().map_err(|error| failed("look at", name, &error))?;
    if status.current_state == ServiceState::Stopped {
        return Ok(());
    }
    service.stop().map_err(|error| failed("stop", name, &error))?;
    until(context, &service, name, ServiceState::Stopped)
}

pub(super) fn plan_restart(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let name = named(parameters)?;
    let Told { state, .. } = look(name)?;
    let plan = Plan::change(format!("restart {name} (it is {state:?} now)"));
    // One that ran before runs afterwards: there is nothing to put back.
    if state == ServiceState::Running { Ok(plan) } else { plan.noting("stopped") }
}

pub(super) fn restart(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = named(parameters)?;
    bring_down(context, name)?;
    bring_up(context, name)?;
    Ok(format!("{name} was restarted"))
}

pub(super) fn plan_sound(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    look(SOUND)?;
    Ok(Plan::change(format!("restart the service {SOUND}")))
}

pub(super) fn restart_sound(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    bring_down(context, SOUND)?;
    bring_up(context, SOUND)?;
    Ok("the sound service was restarted".to_owned())
}

pub(super) fn plan_start(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let name = named(parameters)?;
    let Told { state, start } = look(name)?;
    if state == ServiceState::Running {
        return Ok(Plan::already(format!("{name} runs")));
    }
    if start == ServiceStartType::Disabled {
        return Err(Trouble::failed(format!(
            "the service {name} is disabled; service.enable has it started with the machine"
        )));
    }
    Plan::change(format!("start {name} (it is {state:?} now)")).noting("stopped")
}

pub(super) fn start(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = named(parameters)?;
    bring_up(context, name)?;
    Ok(format!("{name} was started"))
}

pub(super) fn undo_start(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &Value,
) -> Outcome<String> {
    let name = named(parameters)?;
    bring_down(context, name)?;
    Ok(format!("{name} was stopped again"))
}

#[expect(unsafe_code, reason = "a function of Windows")]
fn set(name: &str, start: u32) -> Outcome<()> {
    let service = open(name, ServiceAccess::CHANGE_CONFIG)?;
    let same = std::ptr::null();
    // SAFETY: the handle is open; what is null or SERVICE_NO_CHANGE stays as it is.
    let done = unsafe {
        ChangeServiceConfigW(
            service.raw_handle(),
            SERVICE_NO_CHANGE,
            start,
            SERVICE_NO_CHANGE,
            same,
            same,
            std::ptr::null_mut(),
            same,
            same,
            same,
            same,
        )
    };
    last(format_args!("set how the service {name} is started"), done)
}

pub(super) fn plan_enable(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let name = named(parameters)?;
    let Told { start, .. } = look(name)?;
    match start {
        ServiceStartType::AutoStart
        | ServiceStartType::SystemStart
        | ServiceStartType::BootStart => Ok(Plan::already(format!("{name} is started at boot"))),
        ServiceStartType::OnDemand | ServiceStartType::Disabled => {
            Plan::change(format!("have {name} started at boot (it is {start:?} now)"))
                .noting(start.to_raw())
        }
    }
}

pub(super) fn enable(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    let name = named(parameters)?;
    set(name, SERVICE_AUTO_START)?;
    Ok(format!("{name} is started at boot from now on"))
}

pub(super) fn undo_enable(
    _: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let name = named(parameters)?;
    let was: u32 = noted(before)?;
    let start = ServiceStartType::from_raw(was)
        .map_err(|_| Trouble::failed(format!("{was} is no way to start a service")))?;
    set(name, start.to_raw())?;
    Ok(format!("{name} is started as before"))
}
