//! Service managers: systemd, OpenRC, and scripts in `/etc/init.d`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::trouble::{Outcome, Trouble};

/// Which one the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    Systemd,
    OpenRc,
    Scripts,
}

/// What is done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    Enable,
    Disable,
}

impl Verb {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }
}

/// Whether a service is started at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Boot {
    Enabled,
    Disabled,
    /// It has nothing to enable: others start it.
    ByOthers,
    Masked,
}

/// A service, as its manager tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) installed: bool,
    pub(super) running: bool,
    /// It does its work and ends, so that not running is well.
    pub(super) ends_by_itself: bool,
    pub(super) boot: Boot,
    /// In the manager's words.
    pub(super) state: String,
}

impl Manager {
    pub(super) fn of(context: &Context<'_>) -> Outcome<Self> {
        let (root, programs) = (context.root, context.programs);
        if root.exists("/run/systemd/system") && programs.find("systemctl").is_some() {
            Ok(Self::Systemd)
        } else if programs.find("rc-service").is_some() {
            Ok(Self::OpenRc)
        } else if root.exists("/etc/init.d") {
            Ok(Self::Scripts)
        } else {
            Err(Trouble::unsupported(
                "this machine has no service manager that is known (looked for systemd, OpenRC and /etc/init.d)",
            ))
        }
    }

    pub(super) fn look(self, context: &Context<'_>, name: &str) -> Outcome<Service> {
        match self {
            Self::Systemd => {
                let systemctl = context.program("systemctl")?;
                let wanted = "--property=LoadState,ActiveState,SubState,UnitFileState,Type";
                let asked = context.ask(&systemctl, &["show", wanted, "--", name])?;
                Ok(systemd(name, &asked.text))
            }
            Self::OpenRc => {
                let installed = context.root.exists(&script(name));
                let program = context.program("rc-service")?;
                let running = installed && context.ask(&program, &[name, "status"])?.is_ok();
                let boot = context.ask(&context.program("rc-update")?, &["show", "-v"])?;
                Ok(by_script(name, installed, running, openrc(&boot.text, name)))
            }
            Self::Scripts => {
                let installed = context.root.exists(&script(name));
                let running = installed && self.call(context, name, "status")?;
                let enabled = (2..=5).any(|level| {
                    let links = context.root.names(&format!("/etc/rc{level}.d"));
                    links.iter().any(|link| started_by(link, plain(name)))
                });
                Ok(by_script(name, installed, running, enabled))
            }
        }
    }

    /// Whether the script says yes.
    fn call(self, context: &Context<'_>, name: &str, word: &str) -> Outcome<bool> {
        let program = context.root.host_path(&script(name));
        Ok(context.ask(&program, &[word])?.is_ok())
    }

    pub(super) fn run(self, context: &Context<'_>, verb: Verb, name: &str) -> Outcome<()> {
        let (program, words): (PathBuf, Vec<&str>) = match (self, verb) {
            (Self::Systemd, _) => (context.program("systemctl")?, vec![verb.word(), "--", name]),
            (Self::OpenRc, Verb::Enable) => {
                (context.program("rc-update")?, vec!["add", plain(name), "default"])
            }
            (Self::OpenRc, Verb::Disable) => {
                (context.program("rc-update")?, vec!["del", plain(name), "default"])
            }
            (Self::OpenRc, Verb::Start | Verb::Stop | Verb::Restart) => {
                (context.program("rc-service")?, vec![plain(name), verb.word()])
            }
            (Self::Scripts, Verb::Enable | Verb::Disable) => {
                match context.programs.find("update-rc.d") {
                    Some(program) => (program, vec![plain(name), verb.word()]),
                    None => {
                        let to = if verb == Verb::Enable { "on" } else { "off" };
                        (context.program("chkconfig")?, vec![plain(name), to])
                    }
                }
            }
            (Self::Scripts, Verb::Start | Verb::Stop | Verb::Restart) => {
                (context.root.host_path(&script(name)), vec![verb.word()])
            }
        };
        context.must(&program, &words)?;
        Ok(())
    }
}

/// The name without systemd's ending, which runbooks may write everywhere.
fn plain(name: &str) -> &str {
    name.strip_suffix(".service").unwrap_or(name)
}

fn script(name: &str) -> String {
    format!("/etc/init.d/{}", plain(name))
}

/// A link of a run level: `S`, two digits, the name.
fn started_by(link: &str, name: &str) -> bool {
    link.strip_prefix('S').and_then(|rest| rest.get(2..)) == Some(name)
}

fn by_script(name: &str, installed: bool, running: bool, enabled: bool) -> Service {
    Service {
        name: name.to_owned(),
        installed,
        running,
        ends_by_itself: false,
        boot: if enabled { Boot::Enabled } else { Boot::Disabled },
        state: if running { "running" } else { "stopped" }.to_owned(),
    }
}

/// Reads `systemctl show`.
fn systemd(name: &str, text: &str) -> Service {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim()
    };
    let (load, active, sub) = (value("LoadState"), value("ActiveState"), value("SubState"));
    let boot = match value("UnitFileState") {
        "enabled" | "enabled-runtime" | "alias" => Boot::Enabled,
        "static" | "indirect" | "generated" | "transient" => Boot::ByOthers,
        "masked" | "masked-runtime" => Boot::Masked,
        _ if load == "masked" => Boot::Masked,
        _ => Boot::Disabled,
    };
    Service {
        name: name.to_owned(),
        installed: matches!(load, "loaded" | "masked" | "error" | "bad-setting"),
        // One that waits to be started once more has just failed.
        running: matches!(active, "active" | "reloading" | "activating") && sub != "auto-restart",
        ends_by_itself: value("Type") == "oneshot" && active != "failed",
        boot,
        state: format!("{active} ({sub})"),
    }
}

/// Whether `rc-update show -v` names a run level behind the service.
fn openrc(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let Some((service, levels)) = line.split_once('|') else { return false };
        service.trim() == plain(name) && !levels.trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_manager_is_understood() {
        let cups = systemd(
            "cups.service",
            "Type=notify\nLoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=disabled\n",
        );
        assert!(cups.installed && !cups.running && cups.boot == Boot::Disabled);
        assert_eq!(cups.state, "failed (failed)");
        assert!(!systemd("x", "LoadState=not-found\nActiveState=inactive\n").installed);
        assert_eq!(systemd("x", "LoadState=masked\n").boot, Boot::Masked);
        assert!(openrc(" cupsd | default \n sshd |      \n", "cupsd.service"));
        assert!(!openrc(" cupsd | default \n sshd |      \n", "sshd"));
        assert!(started_by("S01cups", "cups") && !started_by("K01cups", "cups"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in any::<String>(), name in any::<String>()) {
            systemd(&name, &text);
            openrc(&text, &name);
            started_by(&text, &name);
        }
    }
}
