//! Signatures that the hostile controller brings to a run that waits for one: nobody's, somebody's over something else,
//! and those that were collected elsewhere. All of them on one and the same run, which goes on at the end.

use std::time::Duration;

use befund_model::action::Risk;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::Order;
use befund_runtime::clock::random;
use befund_tests::adversary::Scene;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::organisation::{
    ADA, BEN, CARA, DAY, EVE, OTTO, TINA, TINA_TOO, key, now, signed,
};
use befund_tests::adversary::run::Run;
use befund_tests::attacks;
use befund_trust::approval::{Act, Challenge, Statement};
use befund_trust::digest::Sha256;
use befund_trust::floor::Number;
use befund_trust::signature::Namespace;
use serde_json::json;

use crate::people::Attending;

fn of(scene: &mut Scene, seeds: &[u8]) -> String {
    scene.sign(|run| run.signatures(seeds))
}

fn forged(scene: &mut Scene, change: impl FnOnce(&mut Statement)) -> String {
    scene.sign(|run| run.forged(change, &[TINA, OTTO]))
}

fn resigned(scene: &mut Scene, change: impl FnOnce(&mut String)) -> String {
    scene.sign(|run| {
        let mut by = run.signatures(&[TINA]);
        change(&mut by[0]);
        by
    })
}

/// Tina's signature of the same fix in an earlier run of the same ticket.
fn replayed(scene: &mut Scene) -> String {
    let earlier = scene.begin(&scene.main, &scene.order("test.note"));
    let by = earlier.signatures(&[TINA]);
    let _ = earlier.cancel(&scene.controller.lanes);
    scene.sign(|_| by)
}

/// Tina's signature of the same fix on another machine of the organisation.
fn retargeted(scene: &mut Scene) -> String {
    let order = Order { agent: scene.other.id, ..scene.order("test.note") };
    let there = scene.begin(&scene.other, &order);
    let by = there.signatures(&[TINA]);
    let _ = there.cancel(&scene.controller.lanes);
    scene.sign(|_| by)
}

/// What Tina would let happen on any machine that needs it.
fn step_alone(scene: &mut Scene) -> String {
    scene.sign(|run| {
        let statement = Statement::parse(run.statement.as_bytes()).unwrap();
        let step = serde_json::to_vec_pretty(&statement.step).unwrap();
        signed(Namespace::Approval, &step, &[TINA])
    })
}

/// The same run after its executor was killed: what was signed before is of another statement.
fn restarted(scene: &mut Scene) -> String {
    let run = scene.waiting();
    let by = run.signatures(&[TINA]);
    scene.keep_waiting(run);
    scene.restart_executor();
    scene.sign(|_| by)
}

pub(crate) const CHANGE: Group = Group {
    title: "Approvals",
    about: "A run waits for one technician's signature under what the machine itself made: this step, these parameters, this \
            script, this machine, this time, a fresh challenge. All of these come to the same run.",
    attacks: attacks! {
        "no signature at all", "there is none", |it| it.sign(|_| Vec::new());
        "an empty signature", "number 1 of them is not good", |it| it.sign(|_| vec![String::new()]);
        "a truncated approval", "number 1 of them is not good", |it| resigned(it, |by| by.truncate(by.len() / 2));
        "an approval without its armor", "number 1 of them is not good", |it| resigned(it, |by| *by = by.lines().filter(|line| !line.starts_with('-')).collect());
        "a second signature that is none, behind a good one", "number 2 of them is not good",
            |it| it.sign(|run| [run.signatures(&[TINA]), vec!["and me".to_owned()]].concat());
        "the attacker's own key on it", "1 different people have to sign, 0 did already (nobody)", |it| of(it, &[EVE]);
        "people who sign catalogues, and no changes", "0 did already (nobody)", |it| of(it, &[ADA, BEN]);
        "a technician whom the last root let go", "0 did already (nobody)", |it| of(it, &[CARA]);
        "a technician's signature as for a catalogue", "it was made for", |it| it.sign(|run| signed(Namespace::Catalogue, run.statement.as_bytes(), &[TINA]));
        "a technician's signature as for a root", "it was made for", |it| it.sign(|run| signed(Namespace::Root, run.statement.as_bytes(), &[TINA]));
        "a signature under nothing but the challenge", "not this key's over these bytes", |it| it.sign(|run| {
            let statement = Statement::parse(run.statement.as_bytes()).unwrap();
            vec![key(TINA).sign(Namespace::Approval, statement.challenge.to_string().as_bytes())]
        });
        "a technician's name with the attacker's signature", "0 did already (nobody)", |it| it.sign(|run| {
            let by = key(EVE).sign(Namespace::Approval, run.statement.as_bytes());
            vec![by.replace("-----BEGIN", "\n-----BEGIN").trim_start().to_owned()]
        });
        "the same bytes written otherwise", "not this key's over these bytes",
            |it| it.sign(|run| signed(Namespace::Approval, run.statement.replace('\n', "\n ").as_bytes(), &[TINA]));
        "a signature of the same fix in an earlier run", "not this key's over these bytes", replayed;
        "a signature of the same fix on another machine", "not this key's over these bytes", retargeted;
        "a statement for another machine", "not this key's over these bytes", |it| forged(it, |it| it.step.agent = AgentId::new(now(), random()));
        "a statement for another job", "not this key's over these bytes", |it| forged(it, |it| it.step.job = JobId::new(now(), random()));
        "a statement for another ticket", "not this key's over these bytes", |it| forged(it, |it| it.step.ticket = Some(TicketNumber(8)));
        "a statement with another parameter", "not this key's over these bytes", |it| forged(it, |it| it.step.parameters = json!({ "host": "evil.example" }));
        "a statement with another script", "not this key's over these bytes", |it| forged(it, |it| {
            it.step.act = Act::Script { path: "scripts/note.sh".to_owned(), sha256: Sha256::of(b"another") };
        });
        "a statement with a harmless action in the script's place", "not this key's over these bytes", |it| forged(it, |it| it.step.act = Act::Instruct);
        "a statement of another catalogue", "not this key's over these bytes", |it| forged(it, |it| it.step.catalogue.version += 1);
        "a statement of another runbook", "not this key's over these bytes", |it| forged(it, |it| it.step.runbook.name = "test.harmless".to_owned());
        "a statement of another risk", "not this key's over these bytes", |it| forged(it, |it| it.step.risk = Risk::Disruptive);
        "a statement that predicts something else", "not this key's over these bytes", |it| forged(it, |it| it.prediction = vec!["nothing changes".to_owned()]);
        "a statement with a challenge of the attacker's", "not this key's over these bytes", |it| forged(it, |it| it.challenge = Challenge([0; 32]));
        "a statement with a number of the attacker's", "not this key's over these bytes", |it| forged(it, |it| it.number = Number([0; 16]));
        "a statement that holds for ever", "not this key's over these bytes", |it| forged(it, |it| it.expires = now() + 36_500 * DAY);
        "a statement that begins later", "not this key's over these bytes", |it| forged(it, |it| it.not_before += Duration::from_secs(60));
        "a signature over the step alone, for any machine", "not this key's over these bytes", step_alone;
        "what was signed before the executor was killed", "not this key's over these bytes", restarted;
    },
};

/// A run of a step that two different people have to sign, and that the person at the machine agreed to.
fn strong(scene: &Scene) -> Run {
    let order = scene.order("test.strong");
    let mark = scene.give(&scene.main, &order);
    let mut person = Attending::at(&scene.main);
    person.answer(true);
    Run::asking(&scene.controller.lanes, scene.main.id, order.job, mark)
}

/// Makes signatures for a run.
type By<'a> = &'a dyn Fn(&Run) -> Vec<String>;

/// What such a run says of the last of these signatures, which come one after the other.
fn in_turn(scene: &mut Scene, all: &[By<'_>]) -> String {
    let mut run = strong(scene);
    let lanes = &scene.controller.lanes;
    let mut said = String::new();
    for by in all {
        let by = by(&run);
        said = run.sign(lanes, by);
    }
    let _ = run.cancel(lanes);
    said
}

/// The second signature is of what the machine asked before its executor was killed.
fn in_halves(scene: &mut Scene) -> String {
    let mut run = strong(scene);
    let first = run.sign(&scene.controller.lanes, run.signatures(&[TINA]));
    assert_eq!(first, "signed by 1 of 2: tina (tina)");
    let second = run.signatures(&[OTTO]);
    let mark = scene.controller.lanes.mark(run.agent);
    scene.restart_executor();
    let lanes = &scene.controller.lanes;
    run.statement = Run::asking(lanes, run.agent, run.job, mark).statement;
    let said = run.sign(lanes, second);
    // The first one is of that, too: it is not remembered.
    let anew = run.sign(lanes, run.signatures(&[OTTO]));
    assert_eq!(anew, "signed by 1 of 2: otto (otto)");
    let _ = run.cancel(lanes);
    said
}

pub(crate) const DISRUPTIVE: Group = Group {
    title: "Approvals by two",
    about: "A step that interrupts work waits for two different technicians' signatures, which may come one after the other. \
            The person at the machine has agreed.",
    attacks: attacks! {
        "one of two", "signed by 1 of 2: tina (tina)", |it| in_turn(it, &[&|run| run.signatures(&[TINA])]);
        "one technician's key twice", "signed by 1 of 2: tina (tina)", |it| in_turn(it, &[&|run| run.signatures(&[TINA, TINA])]);
        "one technician's key, and then once more", "2 different people have to sign, 1 did already (tina)",
            |it| in_turn(it, &[&|run| run.signatures(&[TINA]), &|run| run.signatures(&[TINA])]);
        "two keys of one technician", "signed by 1 of 2: tina (tina)", |it| in_turn(it, &[&|run| run.signatures(&[TINA, TINA_TOO])]);
        "one key of a technician, and then their other one", "2 different people have to sign, 1 did already (tina)",
            |it| in_turn(it, &[&|run| run.signatures(&[TINA]), &|run| run.signatures(&[TINA_TOO])]);
        "one technician and one who signs catalogues", "signed by 1 of 2: otto (otto)", |it| in_turn(it, &[&|run| run.signatures(&[OTTO, ADA])]);
        "one technician, and then one whom the last root let go", "2 different people have to sign, 1 did already (otto)",
            |it| in_turn(it, &[&|run| run.signatures(&[OTTO]), &|run| run.signatures(&[CARA])]);
        "two technicians, of whom one signed something else", "number 2 of them is not good",
            |it| in_turn(it, &[&|run| [run.signatures(&[TINA]), run.forged(|it| it.step.ticket = None, &[OTTO])].concat()]);
        "the second of two, of what the machine asked before its executor was killed", "not this key's over these bytes", in_halves;
    },
};
