//! The process of a service: it tells the service manager how it fares, hears from it when to stop,
//! and has a file in the place of standard error.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::windows::io::IntoRawHandle as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use windows_service::define_windows_service;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    ServiceControlHandlerResult, ServiceStatusHandle, register,
};
use windows_service::service_dispatcher;
use windows_sys::Win32::System::Console::{STD_ERROR_HANDLE, SetStdHandle};

use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::telemetry;

use super::plain;
use crate::cli::service::Body;

/// How long the start and the stop may take; the manager waits for the next word so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// A log of this size is put aside when the service starts.
const MAX_LOG_BYTES: u64 = 4 << 20;

/// Name and body: the manager calls a bare function, which can be handed nothing.
static SERVICE: OnceLock<(&'static str, Body)> = OnceLock::new();

define_windows_service!(entry, main);

/// Runs this process as a service, until the manager has it stop.
///
/// # Errors
/// If it was not started by the service manager.
pub(crate) fn host(name: &'static str, body: Body) -> anyhow::Result<ExitCode> {
    // Once in a process.
    let _ = SERVICE.set((name, body));
    service_dispatcher::start(name, entry).map_err(plain).with_context(|| {
        format!("could not take the orders of the service manager; --service is for it alone: start the service with `befund-agent service start`, or leave --service out to run {name} by hand")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn main(_: Vec<OsString>) {
    let Some((name, body)) = SERVICE.get() else { return };
    let status: Arc<OnceLock<ServiceStatusHandle>> = Arc::default();
    let life = Lifecycle::new();
    let (told, stopping) = (Arc::clone(&status), life.clone());
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            if let Some(status) = told.get() {
                tell(status, ServiceState::StopPending, ServiceExitCode::NO_ERROR);
            }
            stopping.stop();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    // Without the manager's ear nothing can be told, and nobody would hear it.
    let Ok(registered) = register(name, handler) else { return };
    let _ = status.set(registered);
    tell(&registered, ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    let ready = Box::new(move || {
        tell(&registered, ServiceState::Running, ServiceExitCode::NO_ERROR);
    });
    let code = match body(life, ready) {
        Ok(_) => ServiceExitCode::NO_ERROR,
        Err(error) => {
            tracing::error!(error = telemetry::chain(error.as_ref()), "{name} failed");
            ServiceExitCode::ServiceSpecific(1)
        }
    };
    tell(&registered, ServiceState::Stopped, code);
}

fn tell(handle: &ServiceStatusHandle, state: ServiceState, code: ServiceExitCode) {
    let controls = match state {
        ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
        _ => ServiceControlAccept::empty(),
    };
    let wait_hint = match state {
        ServiceState::StartPending | ServiceState::StopPending => PATIENCE,
        _ => Duration::ZERO,
    };
    let told = handle.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: controls,
        exit_code: code,
        checkpoint: 0,
        wait_hint,
        process_id: None,
    });
    if let Err(error) = told {
        tracing::warn!(%error, ?state, "the service manager did not hear of the state");
    }
}

/// Puts a file in the place of standard error, which services have none of; children inherit it. A
/// file that has grown long is put aside.
///
/// # Errors
/// If it cannot be written.
#[expect(unsafe_code, reason = "a function of Windows")]
pub(crate) fn log_to(path: &Path) -> anyhow::Result<()> {
    let open = || -> io::Result<File> {
        if std::fs::metadata(path).is_ok_and(|about| about.len() > MAX_LOG_BYTES) {
            std::fs::rename(path, path.with_extension("old.log"))?;
        }
        File::options().create(true).append(true).open(path)
    };
    let file = open().with_context(|| {
        format!("could not write the log {}; check its folder's permissions", path.display())
    })?;
    // SAFETY: the handle is open and stays so: nobody closes it before the process ends.
    if unsafe { SetStdHandle(STD_ERROR_HANDLE, file.into_raw_handle()) } == 0 {
        return Err(io::Error::last_os_error()).context("could not redirect standard error");
    }
    Ok(())
}
