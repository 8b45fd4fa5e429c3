//! The stage: an organisation with a real controller, three machines that were enrolled while it was honest, and then the
//! controller in an attacker's hands. What attacks share: handing something out, ordering, having something signed. Not the
//! attacks.

use std::path::Path;

use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{Order, RunbookOrder, Work};
use befund_model::runbook::Mode;
use befund_proto::convert::{id, json};
use befund_proto::v1;
use befund_proto::v1::CataloguePart;
use befund_proto::v1::controller_message::Body as Out;
use befund_runtime::clock::random;
use befund_trust::catalogue::Manifest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::books;
use super::gate::HostileController;
use super::lanes::Heard;
use super::machine::{Clock, Machine};
use super::organisation::{ADA, BEN, Catalogue, NAME, TINA, now, offered_root, root, write_key};
use super::run::{Run, ended};
use crate::controller::TestController;
use crate::operator::TestOperator;
use crate::process::eventually;

/// The version of the catalogue that the machines have when the attacks begin.
pub const VERSION: u64 = 10;

/// The stage.
#[derive(Debug)]
pub struct Scene {
    /// The controller, in the attacker's hands.
    pub controller: HostileController,
    /// The machine that most attacks are on.
    pub main: Machine,
    /// Another one of the organisation, whose clock can be set.
    pub other: Machine,
    /// One whose token named no trust root.
    pub unpinned: Machine,
    /// What the first two keep.
    pub current: Catalogue,
    /// Where scripts leave their marks, and runbooks look.
    world: TempDir,
    waiting: Option<Run>,
    _honest: TestController,
}

impl Scene {
    /// Sets the stage: the honest time, and its end.
    ///
    /// # Panics
    /// If anything of it fails.
    #[must_use]
    pub fn set() -> Self {
        let mut honest = TestController::start();
        let operator = honest.admin();
        introduce(&honest, &operator);
        let token = || {
            let made = operator.json(&["enroll", "token", "new"]);
            made["token"].as_str().expect("a token").to_owned()
        };
        let world = tempfile::tempdir().expect("make a folder");
        let policy = books::policy(world.path());
        let mut machines = [(token(), Clock::Own), (token(), Clock::Settable)]
            .map(|(token, clock)| Machine::enrolled(&token, &policy, clock));
        let unpinned = Machine::enrolled(&honest.token(&[]), &policy, Clock::Own);
        let files = books::files(world.path());
        publish(&honest, &operator, &files);
        for machine in &mut machines {
            machine.connect();
        }
        for machine in &machines {
            let id = machine.id.to_string();
            eventually("the machine to have the honest catalogue", || {
                let shown = operator.json(&["machine", "show", &id]);
                shown["trust"]["catalogue_version"].as_u64().is_some_and(|version| version > 0)
            });
        }
        // From here on the attacker owns it.
        let (data, address) = (honest.data(), honest.gate().to_owned());
        honest.stop();
        let controller = HostileController::in_place_of(&data, &address);
        let [main, other] = machines;
        let current = Catalogue::new(VERSION, &files);
        let mut scene = Self {
            controller,
            main,
            other,
            unpinned,
            current,
            world,
            waiting: None,
            _honest: honest,
        };
        scene.reset();
        scene.main.connect();
        scene.other.connect();
        scene.unpinned.connect();
        for machine in [&scene.main, &scene.other, &scene.unpinned] {
            scene.greeted(machine, 0);
        }
        // What honest people signed is handed out by anybody.
        let shelf = [offered_root(&root(2), &[ADA, BEN]), scene.current.shelf()].concat();
        for machine in [&scene.main, &scene.other] {
            let said = scene.offer(machine, shelf.clone());
            assert_eq!(said, scene.settled(), "{}", machine.log());
        }
        scene
    }

    /// Waits until the session of a link that was started after `mark` is there, and has told what the machine trusts.
    pub fn greeted(&self, machine: &Machine, mark: usize) {
        let lanes = &self.controller.lanes;
        lanes.wait(machine.id, mark, "a session", |heard| {
            matches!(heard, Heard::Hello).then_some(())
        });
        lanes.wait(machine.id, mark, "what it trusts", |heard| {
            matches!(heard, Heard::Trust(_)).then_some(())
        });
    }

    /// Starts both halves of the main machine anew, without warning.
    pub fn restart(&mut self) {
        self.restart_executor();
        let mark = self.controller.lanes.mark(self.main.id);
        self.main.connect();
        self.greeted(&self.main, mark);
    }

    /// Ends the executor of the main machine without warning, and has another one started. A run that waits goes on, and
    /// asks for a signature of something new.
    pub fn restart_executor(&mut self) {
        let lanes = &self.controller.lanes;
        let mark = lanes.mark(self.main.id);
        self.main.restart_executor();
        if let Some(run) = &mut self.waiting {
            run.statement = Run::asking(lanes, run.agent, run.job, mark).statement;
        }
    }

    /// Hands something out to a machine; why it does not take it, or what it has then.
    #[must_use]
    pub fn offer(&self, machine: &Machine, shelf: Vec<CataloguePart>) -> String {
        let lanes = &self.controller.lanes;
        lanes.stock(machine.id, shelf);
        let mark = lanes.mark(machine.id);
        lanes.say(machine.id, Out::Wake(v1::Wake { reason: v1::wake::Reason::Catalogue.into() }));
        let trust = lanes.wait(machine.id, mark, "what it trusts then", |heard| match heard {
            Heard::Trust(trust) => Some(trust.clone()),
            _ => None,
        });
        if trust.refusal.is_empty() {
            format!("taken: root {}, catalogue {}", trust.root_version, trust.catalogue_version)
        } else {
            trust.refusal
        }
    }

    /// Hands something out to the main machine that it is not to take; why not. Then it is handed what is honest, and has to
    /// take that: so that the next refusal is news, and nothing of this one has stayed.
    ///
    /// # Panics
    /// If it does not take what is honest.
    #[must_use]
    pub fn refused(&self, shelf: Vec<CataloguePart>) -> String {
        let said = self.offer(&self.main, shelf);
        let settled = self.offer(&self.main, self.current.shelf());
        assert_eq!(settled, self.settled(), "after {said}");
        said
    }

    /// Has the machines take a newer catalogue of the same files.
    ///
    /// # Panics
    /// If they do not.
    pub fn advance(&mut self, version: u64) {
        self.current = Catalogue::new(version, &self.current.files);
        for machine in [&self.main, &self.other] {
            assert_eq!(self.offer(machine, self.current.shelf()), self.settled());
        }
    }

    /// The version that the next catalogue would have.
    #[must_use]
    pub fn next_version(&self) -> u64 {
        self.version() + 1
    }

    fn version(&self) -> u64 {
        Manifest::parse(&self.current.manifest).expect("an honest manifest").version
    }

    /// What a machine says that has what is honest.
    #[must_use]
    pub fn settled(&self) -> String {
        format!("taken: root 2, catalogue {}", self.version())
    }

    /// An order of the current catalogue for the main machine.
    #[must_use]
    pub fn order(&self, runbook: &str) -> Order {
        self.order_with(runbook, json!({}))
    }

    /// The same with inputs.
    #[must_use]
    pub fn order_with(&self, runbook: &str, parameters: Value) -> Order {
        Order {
            job: JobId::new(now(), random()),
            agent: self.main.id,
            work: Work::Runbook(runbook.to_owned()),
            parameters,
            ticket: Some(TicketNumber(7)),
            within_ms: 600_000,
            runbook: Some(RunbookOrder { mode: Mode::Run, catalogue: self.current.digest() }),
        }
    }

    /// An order for a probe on the main machine.
    #[must_use]
    pub fn probe(&self, probe: &str, parameters: Value) -> Order {
        let work = Work::Probe(probe.to_owned());
        Order { work, runbook: None, within_ms: 20_000, ..self.order_with("", parameters) }
    }

    /// An order for a probe on the other machine, which any machine can run.
    #[must_use]
    pub fn probe_on_other(&self) -> Order {
        Order { agent: self.other.id, ..self.probe("system.disk-space", json!({})) }
    }

    /// Gives an order to a machine; how the job ended.
    #[must_use]
    pub fn run(&self, machine: &Machine, order: &Order) -> String {
        let mark = self.give(machine, order);
        ended(&self.controller.lanes, machine.id, order.job, mark)
    }

    /// Gives an order to a machine; from where its answers follow.
    pub fn give(&self, machine: &Machine, order: &Order) -> usize {
        let lanes = &self.controller.lanes;
        let mark = lanes.mark(machine.id);
        let job = id::bytes(order.job.as_bytes());
        lanes.say(machine.id, Out::Order(v1::Order { job, body: json::write(order) }));
        mark
    }

    /// Gives an order to a machine, and waits until the run asks for a signature.
    #[must_use]
    pub fn begin(&self, machine: &Machine, order: &Order) -> Run {
        let mark = self.give(machine, order);
        Run::asking(&self.controller.lanes, machine.id, order.job, mark)
    }

    /// The run of the main machine that waits for a signature, whatever is tried on it.
    #[must_use]
    pub fn waiting(&mut self) -> Run {
        if let Some(run) = self.waiting.take() {
            return run;
        }
        self.begin(&self.main, &self.order("test.note"))
    }

    /// Leaves that run waiting.
    pub fn keep_waiting(&mut self, run: Run) {
        self.waiting = Some(run);
    }

    /// Hands signatures to that run; what it says of them.
    #[must_use]
    pub fn sign(&mut self, signatures: impl FnOnce(&Run) -> Vec<String>) -> String {
        let mut run = self.waiting();
        let signatures = signatures(&run);
        let said = run.sign(&self.controller.lanes, signatures);
        self.waiting = Some(run);
        said
    }

    /// Lets go of the run that waits, by Tina's signature: it goes on to its end, however much was tried on it.
    ///
    /// # Panics
    /// If it does not.
    pub fn let_go(&mut self) {
        let run = self.waiting();
        self.to_the_end(run, &[TINA]);
    }

    /// Has a run signed by these, and waits for its end: it has to do what it is for, once.
    ///
    /// # Panics
    /// If it does not.
    pub fn to_the_end(&self, mut run: Run, seeds: &[u8]) {
        let (lanes, before) = (&self.controller.lanes, self.marks());
        let mark = lanes.mark(run.agent);
        let signatures = run.signatures(seeds);
        let said = run.sign(lanes, signatures);
        assert!(said.starts_with("approved by"), "an honest signature is not taken: {said}");
        let end = run.end(lanes, mark);
        assert!(end.starts_with("done"), "an approved run ended otherwise: {end}");
        assert_eq!(self.marks(), before + 1, "what was approved is done once: {end}");
        self.reset();
    }

    /// Makes the machines ill again: what the runbooks look for is missing.
    fn reset(&self) {
        std::fs::write(self.world().join("note.log"), "empty so far\n").expect("write the log");
    }

    /// Where scripts leave their marks.
    #[must_use]
    pub fn world(&self) -> &Path {
        self.world.path()
    }

    /// That a change on a machine is made if, and only if, Tina signs it.
    ///
    /// # Panics
    /// If it is not so.
    pub fn control(&self, machine: &Machine) {
        let order = Order { agent: machine.id, ..self.order("test.note") };
        let before = self.marks();
        let run = self.begin(machine, &order);
        assert_eq!(self.marks(), before, "nothing is done before it is signed");
        self.to_the_end(run, &[TINA]);
    }

    /// How often a script of the organisation's own was run, on all machines.
    #[must_use]
    pub fn marks(&self) -> usize {
        std::fs::read_to_string(self.world().join("marks")).unwrap_or_default().lines().count()
    }

    /// Whether a script of the attacker's was run anywhere since this was asked last.
    #[must_use]
    pub fn was_owned(&self) -> bool {
        std::fs::remove_file(self.world().join("owned")).is_ok()
    }
}

/// Makes the organisation known to the controller while that is honest: keys, the first root, and an administrator who
/// vouches for it.
fn introduce(controller: &TestController, operator: &TestOperator) {
    let folder = controller.folder();
    for (name, seed) in [("ada", ADA), ("ben", BEN)] {
        write_key(folder, name, seed);
    }
    let file = folder.join("root.json");
    std::fs::write(&file, root(1).bytes()).expect("write the root");
    let file = file.to_str().expect("UTF-8");
    for name in ["ada", "ben"] {
        let _ = operator.says(&["trust", "sign", file, "--key", &path(folder, name)]);
    }
    let _ = operator.says(&["trust", "add", file]);
    let _ = operator.says(&["trust", "pin", file]);
}

/// Signs files as Ada and Ben, and publishes them, by the commands that people use.
fn publish(
    controller: &TestController,
    operator: &TestOperator,
    files: &super::organisation::Files,
) {
    let folder = controller.folder().join("runbooks");
    for (name, bytes) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("make a folder");
        std::fs::write(file, bytes).expect("write a file");
    }
    let folder = folder.to_str().expect("UTF-8");
    for name in ["ada", "ben"] {
        let key = path(controller.folder(), name);
        let sign = ["runbook", "sign", folder, "--organisation", NAME, "--key", &key];
        let _ = operator.says(&sign);
    }
    let _ = operator.says(&["runbook", "publish", folder]);
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("UTF-8").to_owned()
}
