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

mod disk;
mod person;
mod run;
mod surroundings;

pub use disk::{LoopDisk, Mounted};
pub use person::Person;
pub use run::Run;
use run::{Begun, Patience};
pub use surroundings::Internet;
use surroundings::Surroundings;

/// Who works there once a [`Person`] sits down, and whose account is there anyway.
pub const PERSON: &str = "anna";
/// Their password.
pub const PASSWORD: &str = "correct horse";
/// Their account's number.
pub const UID: &str = "1500";

/// Units that want what a machine in namespaces has not: they would have failed, and would be found.
const UNFIT: [&str; 22] = [
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
    // The network is this machine's, too: nobody in it is to look after it.
    "NetworkManager.service",
    "NetworkManager-dispatcher.service",
    "NetworkManager-wait-online.service",
    "systemd-networkd-wait-online.service",
    "networking.service",
    "wpa_supplicant.service",
    "avahi-daemon.service",
    "avahi-daemon.socket",
];

/// A machine that a help desk looks after.
#[derive(Debug)]
pub struct SystemMachine {
    machine: TestMachine,
    operator: TestOperator,
    signers: TestSigners,
    controller: TestController,
    agent: String,
    surroundings: Surroundings,
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
        let mut this =
            Self { machine, operator, signers, controller, agent: String::new(), surroundings };
        this.wait_for_the_catalogue();
        Ok(this)
    }

    fn wait_for_the_catalogue(&mut self) {
        eventually("the machine to have the catalogue", || {
            let listed = self.operator.json(&["machine", "list"]);
            let Some(id) = listed["items"][0]["id"].as_str() else { return false };
            id.clone_into(&mut self.agent);
            let trust = &self.operator.json(&["machine", "show", id])["trust"];
            trust["pinned"] == true && trust["catalogue_version"].as_u64().is_some_and(|at| at > 0)
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

    /// Whoever works there sits down and signs in: they agree to everything, and give this answer to every question, by
    /// its number.
    #[must_use]
    pub fn sit_down(&self, answer: &str) -> Person {
        Person::sit_down(&self.machine, answer)
    }

    /// Runs a runbook from a new ticket to its end, signed wherever it waits for that.
    #[must_use]
    pub fn run(&self, runbook: &str, inputs: &[&str]) -> Run {
        self.begin(runbook, inputs).end(|_| Patience::Endless)
    }

    /// The same, of which this cause must come out, and no other.
    ///
    /// # Panics
    /// If not, with all that the run came to.
    #[must_use]
    pub fn tries(&self, runbook: &str, cause: &str, inputs: &[&str]) -> Run {
        self.tries_with(runbook, cause, inputs, || {})
    }

    /// The same of several causes, one behind the other.
    ///
    /// # Panics
    /// If others come out, with all that the run came to.
    #[must_use]
    pub fn tries_all(&self, runbook: &str, causes: &[&str], inputs: &[&str]) -> Run {
        let run = self.run(runbook, inputs);
        assert_eq!(run.causes("found"), causes, "{run}");
        run
    }

    /// The same of the first cause, where others may be true of the machine on which all of this runs.
    ///
    /// # Panics
    /// If another comes out first, with all that the run came to.
    #[must_use]
    pub fn tries_first(&self, runbook: &str, cause: &str, inputs: &[&str]) -> Run {
        let run = self.run(runbook, inputs);
        assert_eq!(run.causes("found").first(), Some(&cause), "{run}");
        run
    }

    /// The same; once the person has been told what to do, it is done.
    ///
    /// # Panics
    /// If it comes out otherwise, with all that the run came to.
    #[must_use]
    pub fn tries_with(
        &self,
        runbook: &str,
        cause: &str,
        inputs: &[&str],
        deed: impl FnOnce(),
    ) -> Run {
        let told = format!("user.instruct for {cause}");
        let mut deed = Some(deed);
        let run = self.begin(runbook, inputs).end(|timeline| {
            if timeline.contains(&told)
                && let Some(deed) = deed.take()
            {
                deed();
            }
            Patience::Endless
        });
        run.found_only(cause);
        run
    }

    /// The same, where nobody can do here what the person is told: the help desk cancels it then.
    ///
    /// # Panics
    /// If it comes out otherwise, with all that the run came to.
    #[must_use]
    pub fn finds(&self, runbook: &str, cause: &str, inputs: &[&str]) -> Run {
        let told = format!("user.instruct for {cause}");
        let run = self.begin(runbook, inputs).end(|timeline| {
            if timeline.contains(&told) { Patience::Over } else { Patience::Endless }
        });
        run.found_only(cause);
        run
    }

    fn begin(&self, runbook: &str, inputs: &[&str]) -> Begun<'_> {
        Begun::on(&self.operator, &self.signers, &self.agent, runbook, inputs)
    }

    /// Undoes all that a run's ticket changed; what came of each change, in the help desk's words.
    #[must_use]
    pub fn undo(&self, run: &Run) -> String {
        self.operator.says(&["ticket", "undo", run.ticket()])
    }

    /// Whether there is an Internet, as far as the machine can see.
    pub fn internet(&self, internet: Internet) {
        self.surroundings.internet(internet);
    }

    /// How far the time servers are ahead, in seconds.
    pub fn time_is_ahead(&self, seconds: i64) {
        self.surroundings.ahead(seconds);
    }

    /// A disk of the machine's own with these files, mounted in it; made by `mke2fs`.
    #[must_use]
    pub fn mount(&self, disk: LoopDisk, at: &str) -> Mounted<'_> {
        disk.mount(&self.machine, at)
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

/// What is there on any machine that is well: somebody's account, and no trouble of the machine whose files these are.
fn settle(machine: &TestMachine) {
    let line = format!(
        "useradd --uid {UID} --create-home --shell /bin/bash {PERSON}
         echo '{PERSON}:{PASSWORD}' | chpasswd
         rm -rf /var/log/journal /var/crash/* /var/lib/systemd/coredump/* /var/log/apt/history.log*
         : > /var/log/btmp; : > /var/log/wtmp
         systemctl restart systemd-journald
         systemctl reset-failed
         install -d -o befund -g befund /var/lib/befund"
    );
    let _ = machine.says(&["/bin/sh", "-ec", &line]);
}

/// As root, who vouches for the organisation's trust root.
fn enroll(machine: &TestMachine, token: &str) {
    let mut enroll = machine.command(&["/usr/bin/befund-agent", "enroll", "-"]);
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
