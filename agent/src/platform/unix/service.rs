//! Services are units here, and their manager is asked by its own commands.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::service::{Action, Body};

/// Says what to use instead.
pub(crate) fn perform(action: &Action) -> anyhow::Result<Vec<String>> {
    let instead = match action {
        Action::Install(_) => {
            "put the agent's units (agent/systemd in its sources) into /etc/systemd/system and run `systemctl daemon-reload`"
        }
        Action::Start => {
            "use `systemctl enable --now befund-executor.socket befund-people.socket befund-agent`"
        }
        Action::Stop => {
            "use `systemctl stop befund-agent befund-executor.socket befund-people.socket befund-executor`"
        }
        Action::Uninstall => {
            "use `systemctl disable --now befund-agent befund-executor.socket befund-people.socket`"
        }
        Action::Status => {
            "use `systemctl status befund-agent befund-executor.socket befund-people.socket`"
        }
    };
    anyhow::bail!("services are the system's own business here: {instead}")
}

/// Standard error is where logs belong here.
pub(crate) fn log_to(_: &Path) -> anyhow::Result<()> {
    anyhow::bail!("there is no --log-file here: redirect standard error instead")
}

/// No service manager of this system wants it.
pub(crate) fn host(name: &str, _: Body) -> anyhow::Result<ExitCode> {
    anyhow::bail!("{name} needs no --service here: systemd starts it as any other program")
}
