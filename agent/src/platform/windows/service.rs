//! Link and executor as services: `befund-link` starts with the system and runs as an unprivileged
//! account of its own, `NT SERVICE\befund-link`; `befund-executor` runs as the system, and only when
//! the link asks the service manager for it, which is all that the link may ask.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceSidType,
    ServiceStartType, ServiceState, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE,
};

use befund_runtime::files;
use befund_runtime::peer::Account;

use crate::cli::service::{Action, Install};
use crate::link::SERVICE as LINK;
use befund_executor::SERVICE as EXECUTOR;

mod host;
mod protection;

pub(crate) use host::{host, log_to};
use protection::Link;

/// How long a service may take to start or stop, and how often to look.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(50);
/// The program's name.
const PROGRAM: &str = "befund-agent.exe";
/// What the link needs: to walk through folders, as everybody may.
const LINK_PRIVILEGES: &[&str] = &["SeChangeNotifyPrivilege"];
/// What reading the whole system takes: files and processes of any owner, the security log; and to
/// know callers by their tokens.
const EXECUTOR_PRIVILEGES: &[&str] = &[
    "SeBackupPrivilege",
    "SeChangeNotifyPrivilege",
    "SeDebugPrivilege",
    "SeImpersonatePrivilege",
    "SeSecurityPrivilege",
];

/// Does it, and says what was done.
pub(crate) fn perform(action: &Action) -> anyhow::Result<Vec<String>> {
    match action {
        Action::Install(install) => self::install(install),
        Action::Start => start(),
        Action::Stop => stop(),
        Action::Uninstall => uninstall(),
        Action::Status => status(),
    }
}

fn install(options: &Install) -> anyhow::Result<Vec<String>> {
    let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?;
    let account = Account::of_service(LINK);
    let log = super::program_data().join("log");
    protection::folder(&super::program_data(), Link::Reads, &account)?;
    protection::folder(&log, Link::Nothing, &account)?;
    let keep = befund_executor::default_keep();
    protection::folder(&keep, Link::Nothing, &account)?;
    protection::folder(&options.state, Link::Owns, &account)?;
    protection::folder(&options.run, Link::Owns, &account)?;
    let program = put_program()?;
    protection::check_program(&program)?;
    let common = |part: &str, log: PathBuf| -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![part.into(), "--service".into()];
        let paths = [("--state", &options.state), ("--run", &options.run), ("--log-file", &log)];
        arguments.extend(paths.iter().flat_map(|(name, path)| [(*name).into(), (*path).into()]));
        arguments
    };
    let mut warnings = Vec::new();

    let mut arguments = common("link", options.state.join("befund-link.log"));
    arguments.push("--system-executor".into());
    if let Some(config) = &options.config {
        arguments.extend(["--config".into(), config.into()]);
    }
    let service = set_up(
        &manager,
        &ServiceInfo {
            name: LINK.into(),
            display_name: "Befund agent".into(),
            service_type: ServiceType::OWN_PROCESS,
            start_type: ServiceStartType::AutoStart,
            error_control: ServiceErrorControl::Normal,
            executable_path: program.clone(),
            launch_arguments: arguments,
            dependencies: Vec::new(),
            account_name: Some(format!(r"NT SERVICE\{LINK}").into()),
            account_password: None,
        },
    )?;
    let told = "Keeps this machine connected to its help desk's Befund controller. Reads nothing of the machine itself.";
    harden(&service, LINK, told, LINK_PRIVILEGES, &mut warnings);
    note(
        &mut warnings,
        LINK,
        "start it a while after the boot",
        service.set_delayed_auto_start(true).map_err(plain),
    );

    let mut arguments = common("executor", log.join("befund-executor.log"));
    arguments.extend(["--policy".into(), (&options.policy).into()]);
    arguments.extend(["--keep".into(), keep.into()]);
    arguments.extend(["--allow-account".into(), account.to_string().into()]);
    let service = set_up(
        &manager,
        &ServiceInfo {
            name: EXECUTOR.into(),
            display_name: "Befund executor".into(),
            service_type: ServiceType::OWN_PROCESS,
            start_type: ServiceStartType::OnDemand,
            error_control: ServiceErrorControl::Normal,
            executable_path: program.clone(),
            launch_arguments: arguments,
            dependencies: Vec::new(),
            account_name: None,
            account_password: None,
        },
    )?;
    let told = "Reads this machine's state when the Befund agent asks for it, within the policy of the machine's owner. Ends by itself.";
    harden(&service, EXECUTOR, told, EXECUTOR_PRIVILEGES, &mut warnings);
    note(
        &mut warnings,
        EXECUTOR,
        "let the link start it",
        protection::let_start(&service, &account),
    );

    let mut lines = vec![format!(
        "Installed {LINK} and {EXECUTOR} from {}. Start with `befund-agent service start`.",
        program.display()
    )];
    lines.extend(warnings);
    Ok(lines)
}

/// Puts this program where only administrators may write, and says where.
fn put_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("could not find this very program")?;
    let folder = std::env::var_os("ProgramFiles").unwrap_or_else(|| r"C:\Program Files".into());
    let folder = Path::new(&folder).join("Befund");
    let program = folder.join(PROGRAM);
    if own == program {
        return Ok(program);
    }
    let put = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let new = program.with_extension("new");
        std::fs::copy(&own, &new)?;
        files::rename(&new, &program)
    };
    put().with_context(|| {
        format!(
            "could not put the program to {}; run as an administrator, and stop the services first with `befund-agent service stop`",
            program.display()
        )
    })?;
    Ok(program)
}

/// Creates a service, or changes the one that is there.
fn set_up(manager: &ServiceManager, info: &ServiceInfo) -> anyhow::Result<Service> {
    let name = info.name.to_string_lossy();
    // WRITE_DAC is not among the crate's names.
    let access = ServiceAccess::all() | ServiceAccess::from_bits_retain(0x0004_0000);
    let made = match open(manager, &name, access)? {
        Some(service) => service.change_config(info).map_err(plain).map(|()| service),
        None => manager.create_service(info, access).map_err(plain),
    };
    made.with_context(|| format!("could not install the service {name}"))
}

/// What makes a service keep to its place. A system that cannot do a part of it goes without, and
/// that is told.
fn harden(
    service: &Service,
    name: &str,
    told: &str,
    privileges: &[&str],
    warnings: &mut Vec<String>,
) {
    let restart = |after| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(after),
    };
    let recovery = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 3600)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart(10), restart(60), restart(300)]),
    };
    let sid = service.set_config_service_sid_info(ServiceSidType::Unrestricted);
    for (what, done) in [
        ("describe it", service.set_description(told).map_err(plain)),
        ("have it restarted", service.update_failure_actions(recovery).map_err(plain)),
        (
            "have it restarted when it ends with an error",
            service.set_failure_actions_on_non_crash_failures(true).map_err(plain),
        ),
        ("give it an account of its own", sid.map_err(plain)),
        ("take privileges from it", protection::only_privileges(service, privileges)),
    ] {
        note(warnings, name, what, done);
    }
}

fn note(warnings: &mut Vec<String>, name: &str, what: &str, done: io::Result<()>) {
    if let Err(error) = done {
        warnings.push(format!("Note: {name}: could not {what}: {error}"));
    }
}

fn start() -> anyhow::Result<Vec<String>> {
    let service = existing(LINK, ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    match service.start::<&OsStr>(&[]).map_err(plain) {
        Err(error) if code(&error) == Some(ERROR_SERVICE_ALREADY_RUNNING) => {}
        other => other.with_context(|| format!("could not start the service {LINK}"))?,
    }
    let ended = wait(&service, LINK, |state| {
        matches!(state, ServiceState::Running | ServiceState::Stopped)
    })?;
    if ended == ServiceState::Stopped {
        bail!(
            "{LINK} ended right after its start; its log says why: befund-link.log in its state folder, which is {} unless it was installed with --state",
            super::default_state().display()
        );
    }
    Ok(vec![format!("{LINK} runs.")])
}

fn stop() -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    for name in [LINK, EXECUTOR] {
        let service = existing(name, ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?;
        end(&service, name)?;
        lines.push(format!("{name} is stopped."));
    }
    Ok(lines)
}

fn end(service: &Service, name: &str) -> anyhow::Result<()> {
    match service.stop().map_err(plain) {
        Err(error) if code(&error) == Some(ERROR_SERVICE_NOT_ACTIVE) => return Ok(()),
        other => other.with_context(|| format!("could not stop the service {name}"))?,
    };
    wait(service, name, |state| state == ServiceState::Stopped).map(drop)
}

fn uninstall() -> anyhow::Result<Vec<String>> {
    let manager = manager(ServiceManagerAccess::CONNECT)?;
    let mut lines = Vec::new();
    for name in [LINK, EXECUTOR] {
        let access = ServiceAccess::STOP | ServiceAccess::QUERY_STATUS | ServiceAccess::DELETE;
        let Some(service) = open(&manager, name, access)? else {
            lines.push(format!("{name} is not installed."));
            continue;
        };
        end(&service, name)?;
        let removed = service.delete().map_err(plain);
        removed.with_context(|| format!("could not remove the service {name}"))?;
        lines.push(format!("{name} is removed."));
    }
    lines.push(format!(
        "Identity, spool, settings and policy stay in {}, and the program stays; remove them by hand.",
        super::program_data().display()
    ));
    Ok(lines)
}

fn status() -> anyhow::Result<Vec<String>> {
    let manager = manager(ServiceManagerAccess::CONNECT)?;
    let mut lines = Vec::new();
    for name in [LINK, EXECUTOR] {
        let word = match open(&manager, name, ServiceAccess::QUERY_STATUS)? {
            None => "not installed",
            Some(service) => word(state(&service, name)?),
        };
        lines.push(format!("{name}: {word}"));
    }
    Ok(lines)
}

const fn word(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Stopped => "stopped",
        ServiceState::StartPending => "starting",
        ServiceState::StopPending => "stopping",
        ServiceState::Running => "running",
        ServiceState::ContinuePending | ServiceState::PausePending | ServiceState::Paused => {
            "paused"
        }
    }
}

fn state(service: &Service, name: &str) -> anyhow::Result<ServiceState> {
    let status = service.query_status().map_err(plain);
    Ok(status.with_context(|| format!("could not ask for the state of {name}"))?.current_state)
}

fn wait(
    service: &Service,
    name: &str,
    is_there: impl Fn(ServiceState) -> bool,
) -> anyhow::Result<ServiceState> {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = state(service, name)?;
        if is_there(now) {
            return Ok(now);
        }
        if Instant::now() > until {
            bail!(
                "{name} is still {} after {} s; its log may say why",
                word(now),
                PATIENCE.as_secs()
            );
        }
        std::thread::sleep(LOOK);
    }
}

fn manager(access: ServiceManagerAccess) -> anyhow::Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access)
        .map_err(plain)
        .context("could not reach the service manager; run as an administrator")
}

fn existing(name: &str, access: ServiceAccess) -> anyhow::Result<Service> {
    open(&manager(ServiceManagerAccess::CONNECT)?, name, access)?.with_context(|| {
        format!(
            "the service {name} is not installed; install it with `befund-agent service install`"
        )
    })
}

/// The service; `None` if there is none.
fn open(
    manager: &ServiceManager,
    name: &str,
    access: ServiceAccess,
) -> anyhow::Result<Option<Service>> {
    match manager.open_service(name, access).map_err(plain) {
        Ok(service) => Ok(Some(service)),
        Err(error) if code(&error) == Some(ERROR_SERVICE_DOES_NOT_EXIST) => Ok(None),
        Err(error) => Err(error)
            .with_context(|| format!("could not open the service {name}; run as an administrator")),
    }
}

/// The system's own error, without the crate's words around it.
fn plain(error: windows_service::Error) -> io::Error {
    match error {
        windows_service::Error::Winapi(error) => error,
        other => io::Error::other(other),
    }
}

fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}
