//! A machine with a real systemd ([`TestMachine`]) on which the agent is installed by its own units, enrolled, and has
//! the shipped runbooks, signed by an organisation of the test's own. What is wrong with it is for the stories to do.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::catalogue::TestSigners;
use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::eventually;
use crate::programs::program;
use crate::systemd::{Layer, TestMachine};

mod person;
mod run;
mod surroundings;

pub use person::Person;
pub use run::Run;
use surroundings::Surroundings;

/// Who works there once a [`Person`] sits down, and whose account is there anyway.
pub const PERSON: &str = "anna";
/// Their password.
pub const PASSWORD: &str = "correct horse";
/// Their account's number.
pub const UID: &str = "1500";

/// Units that want what a machine in namespaces has not: they would have failed, and would be found.
const UNFIT: [&str; 14] = [
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
    "systemd-udev-settle.service",
    "systemd-modules-load.service",
    "systemd-sysctl.service",
    "systemd-remount-fs.service",
    "systemd-random-seed.service",
    "systemd-timesyncd.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-logind.service",
    "keyboard-setup.service",
];

/// A machine that a help desk looks after.
#[derive(Debug)]
pub struct SystemMachine {
    machine: TestMachine,
    operator: TestOperator,
    signers: TestSigners,
    controller: TestController,
    agent: String,
    _surroundings: Surroundings,
}

impl SystemMachine {
    /// Boots one of this layer, and waits until it has the catalogue.
    ///
    /// # Errors
    /// Why it cannot be done on this system, in words.
    ///
    /// # Panics
    /// If it can be done and fails.
    pub fn boot(mut layer: Layer) -> Result<Self, String> {
        let surroundings = Surroundings::serve();
        install(&mut layer, &surroundings);
        let machine = TestMachine::boot(layer)?;
        let controller = TestController::start();
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        signers.publish(&operator, &shipped(controller.folder()));
        settle(&machine);
        let token = operator.json(&["enroll", "token", "new"]);
        enroll(&machine, token["token"].as_str().expect("a token"));
        let _ = machine.says(&["systemctl", "start", "befund-agent.service"]);
        let mut this = Self {
            machine,
            operator,
            signers,
            controller,
            agent: String::new(),
            _surroundings: surroundings,
        };
        this.wait_for_the_catalogue();
        Ok(this)
    }

    fn wait_for_the_catalogue(&mut self) {
        eventually("the machine to have the catalogue", || {
            let listed = self.operator.json(&["machine", "list"]);
            let Some(id) = listed["machines"][0]["id"].as_str().or(listed[0]["id"].as_str()) else {
                return false;
            };
            id.clone_into(&mut self.agent);
            let shown = self.operator.json(&["machine", "show", id]);
            shown["trust"]["catalogue_version"].as_u64().is_some_and(|version| version > 0)
        });
    }

    /// The machine itself, as its owner reaches it.
    #[must_use]
    pub fn inside(&self) -> &TestMachine {
        &self.machine
    }

    /// A shell's line in it, as root, that must succeed; what it printed.
    ///
    /// # Panics
    /// If it fails.
    #[expect(clippy::must_use_candidate, reason = "most lines break something and print nothing")]
    pub fn sh(&self, line: &str) -> String {
        self.machine.says(&["/bin/sh", "-ec", line])
    }

    /// The help desk.
    #[must_use]
    pub fn operator(&self) -> &TestOperator {
        &self.operator
    }

    /// The controller.
    #[must_use]
    pub fn controller(&self) -> &TestController {
        &self.controller
    }

    /// Whoever works there sits down and signs in.
    #[must_use]
    pub fn sit_down(&self) -> Person {
        Person::sit_down(&self.machine)
    }

    /// Runs a runbook from a new ticket to its end, signed wherever it waits for that.
    #[must_use]
    pub fn run(&self, runbook: &str, inputs: &[&str]) -> Run {
        run::run(&self.operator, &self.signers, &self.agent, runbook, inputs)
    }

    /// Undoes all that a run's ticket changed.
    pub fn undo(&self, run: &Run) {
        let _ = self.operator.says(&["ticket", "undo", run.ticket()]);
    }
}

/// The agent as its packages would install it, with a policy that lets changes happen while nobody is signed in.
fn install(layer: &mut Layer, surroundings: &Surroundings) {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/systemd");
    layer.file("/usr/bin/befund-agent", &program("befund-agent"));
    for unit in [
        "befund-agent.service",
        "befund-executor.service",
        "befund-executor.socket",
        "befund-people.socket",
    ] {
        layer.file(&format!("/usr/lib/systemd/system/{unit}"), &units.join(unit));
    }
    layer.file("/usr/lib/sysusers.d/befund.conf", &units.join("befund.sysusers"));
    layer.file("/usr/lib/tmpfiles.d/befund.conf", &units.join("befund.tmpfiles"));
    layer.text("/etc/befund/policy.toml", &surroundings.policy());
    for unit in UNFIT {
        layer.mask(unit);
    }
    for unit in ["befund-executor.socket", "befund-people.socket", "dbus.socket"] {
        layer.wants(unit);
    }
}

/// What is there on any machine that is well: somebody's account, and lists of packages from a source that answers.
fn settle(machine: &TestMachine) {
    let line = format!(
        "useradd --uid {UID} --create-home --shell /bin/bash {PERSON}
         echo '{PERSON}:{PASSWORD}' | chpasswd
         systemctl reset-failed
         install -d -o befund -g befund /var/lib/befund"
    );
    let _ = machine.says(&["/bin/sh", "-ec", &line]);
}

fn enroll(machine: &TestMachine, token: &str) {
    let account = machine.says(&["id", "-u", "befund"]);
    let mut enroll = machine.command(&["setpriv", "--reuid", &account, "--regid", "befund"]);
    enroll.args(["--clear-groups", "--", "/usr/bin/befund-agent", "enroll", "-"]);
    let mut enroll =
        enroll.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("start enrolling");
    let mut input = enroll.stdin.take().expect("a pipe");
    input.write_all(token.as_bytes()).expect("write the token");
    drop(input);
    assert!(enroll.wait().expect("an end").success(), "enrolling failed");
}

/// A folder with the shipped runbooks, to be signed.
fn shipped(within: &Path) -> PathBuf {
    let folder = within.join("runbooks");
    std::fs::create_dir_all(&folder).expect("make a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks");
    for entry in std::fs::read_dir(from).expect("the shipped runbooks").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "yaml") {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("copy a runbook");
        }
    }
    folder
}
