//! Orders of the hostile controller: for somebody else, for something else, with what breaks out, and again.

use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{Order, Said, Work};
use befund_model::runbook::{FixRef, Mode};
use befund_runtime::clock::random;
use befund_tests::adversary::Scene;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::organisation::{Catalogue, TINA, now};
use befund_tests::adversary::run::Run;
use befund_tests::attacks;
use serde_json::{Value, json};

use crate::links::until_reported;

fn ordered(scene: &Scene, change: impl FnOnce(&mut Order)) -> String {
    let mut order = scene.order("test.note");
    change(&mut order);
    scene.run(&scene.main, &order)
}

fn with(scene: &Scene, parameters: Value) -> String {
    scene.run(&scene.main, &scene.order_with("test.inputs", parameters))
}

fn probed(scene: &Scene, probe: &str, parameters: Value) -> String {
    scene.run(&scene.main, &scene.probe(probe, parameters))
}

fn named(scene: &Scene, name: &str) -> String {
    ordered(scene, |order| order.work = Work::Runbook(name.to_owned()))
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("x"), |within, _| json!([within]))
}

/// A run that is cancelled while it waits for a signature, which comes nevertheless.
fn cancelled(scene: &mut Scene) -> String {
    let lanes = &scene.controller.lanes;
    let mut run = scene.begin(&scene.main, &scene.order("test.note"));
    let signatures = run.signatures(&[TINA]);
    let end = run.cancel(lanes);
    let fix = run.fix.clone();
    run.say_and_see(lanes, &Said::Approval { fix, signatures });
    end
}

/// A signature that comes before anybody asks for it, and again for what is asked.
fn early(scene: &mut Scene) -> String {
    let lanes = &scene.controller.lanes;
    let earlier = scene.begin(&scene.main, &scene.order("test.note"));
    let signatures = earlier.signatures(&[TINA]);
    let _ = earlier.cancel(lanes);
    let order = scene.order("test.note");
    let mark = scene.give(&scene.main, &order);
    let mut run = Run::unasked(scene.main.id, order.job);
    let fix = run.fix.clone();
    run.say(lanes, &Said::Approval { fix, signatures: signatures.clone() });
    let asked = Run::asking(lanes, scene.main.id, order.job, mark);
    run.statement = asked.statement;
    let said = run.sign(lanes, signatures);
    let _ = run.cancel(lanes);
    said
}

fn dry(scene: &mut Scene) -> String {
    let mut order = scene.order("test.note");
    order.runbook.as_mut().unwrap().mode = Mode::Dry;
    let mark = scene.give(&scene.main, &order);
    let mut run = Run::unasked(scene.main.id, order.job);
    let fix = FixRef { cause: "not-noted".to_owned(), index: 0 };
    run.say(&scene.controller.lanes, &Said::Approval { fix, signatures: vec!["yes".to_owned()] });
    run.end(&scene.controller.lanes, mark)
}

/// The order of a run that was done and reported, once more, after everything was started anew.
fn again(scene: &mut Scene) -> String {
    let order = Order { ticket: Some(TicketNumber(70)), ..scene.order("test.note") };
    let run = scene.begin(&scene.main, &order);
    let _ = run.cancel(&scene.controller.lanes);
    until_reported(scene, order.job);
    scene.restart();
    scene.run(&scene.main, &order)
}

pub(crate) const ORDERS: Group = Group {
    title: "Orders",
    about: "The controller orders what it likes. To order a signed runbook takes no signature, since a run changes nothing \
            before somebody signs the very step; but it has to be this machine's, this catalogue's, and within the signed schema.",
    attacks: attacks! {
        "an order for another machine", "not for this one", |it| ordered(it, |order| order.agent = AgentId::new(now(), random()));
        "an order for a catalogue that the machine had before", "the order is for another catalogue",
            |it| { let old = Catalogue::new(9, &it.current.files).digest(); ordered(it, |order| order.runbook.as_mut().unwrap().catalogue = old) };
        "an order for no catalogue", "the order is for another catalogue", |it| ordered(it, |order| order.runbook.as_mut().unwrap().catalogue.clear());
        "a runbook as an older protocol ordered it, without a catalogue", "the order names no catalogue", |it| ordered(it, |order| order.runbook = None);
        "a runbook that nobody signed", "has no runbook evil.book", |it| named(it, "evil.book");
        "a path for a runbook's name", "has no runbook ../../../../etc/passwd", |it| named(it, "../../../../etc/passwd");
        "a URL for a runbook's name", "has no runbook https://evil.example/x.yaml", |it| named(it, "https://evil.example/x.yaml");
        "a script for a runbook's name", "has no runbook scripts/note.sh", |it| named(it, "scripts/note.sh");
        "a runbook that the machine's owner denies", "does not allow the runbook test.denied", |it| named(it, "test.denied");
        "an input that the runbook does not have", "has no input \"script\"", |it| with(it, json!({ "script": "touch owned" }));
        "an input beyond its bounds", "a whole number from 1 to 9", |it| with(it, json!({ "count": 10 }));
        "an input of another type", "a whole number from 1 to 9", |it| with(it, json!({ "count": "3; touch owned" }));
        "an input that ends the quotes of a shell", "a host name or address", |it| with(it, json!({ "host": "x'; touch owned; '" }));
        "an input that a shell would evaluate", "a host name or address", |it| with(it, json!({ "host": "$(touch owned)" }));
        "an input with a line of its own", "a host name or address", |it| with(it, json!({ "host": "x\ntouch owned" }));
        "an input that a program would take for an option", "not beginning with a hyphen or dot", |it| with(it, json!({ "name": "--output=/etc/passwd" }));
        "a path for a name", "letters, digits and `._:@-`", |it| with(it, json!({ "name": "../../etc/passwd" }));
        "a URL for a host", "a host name or address", |it| with(it, json!({ "host": "http://169.254.169.254/latest" }));
        "a placeholder within an input", "letters, digits and `._:@-`", |it| with(it, json!({ "name": "${inputs.host}" }));
        "inputs that are no object", "an object of names and values", |it| with(it, json!(["host"]));
        "inputs of great depth", "cannot be", |it| with(it, json!({ "host": nested(100) }));
        "an order that is larger than may be", "are the most", |it| with(it, json!({ "host": "x".repeat(70_000) }));
        "an order that never ends", "has no runbook none", |it| ordered(it, |order| {
            order.within_ms = u64::MAX;
            order.work = Work::Runbook("none".to_owned());
        });
        "a probe with a file's path for a log's name", "log", |it| probed(it, "log.tail", json!({ "log": "/etc/shadow" }));
        "a probe with a URL of the attacker's", "target", |it| probed(it, "net.http", json!({ "target": "file:///etc/shadow" }));
        "a probe with a command behind a name", "does not list", |it| probed(it, "net.dns", json!({ "name": "x; touch owned" }));
        "an action in the place of a probe", "time.resync", |it| probed(it, "time.resync", json!({}));
        "a script in the place of a probe", "scripts/note.sh", |it| probed(it, "scripts/note.sh", json!({}));
        "undoing what a ticket never changed", "has changed nothing on this machine",
            |it| ordered(it, |order| order.work = Work::Undo(TicketNumber(4_711)));
        "undoing while the ticket's run is at work", "is at work; cancel it first", |it| {
            let order = Order { ticket: Some(TicketNumber(71)), ..it.order("test.note") };
            let run = it.begin(&it.main, &order);
            let said = ordered(it, |order| order.work = Work::Undo(TicketNumber(71)));
            let _ = run.cancel(&it.controller.lanes);
            said
        };
        "a signature for what is only rehearsed", "Predicted", dry;
        "a signature behind a cancel", "cancelled", cancelled;
        "a signature before it is asked for, and again afterwards", "not this key's over these bytes", early;
        "an order again, after both halves were started anew", "was run on this machine already", again;
        "a fix of another place of the runbook signed for", "not this key's over these bytes", |it| {
            let mut run = it.begin(&it.main, &it.order("test.two"));
            let second = run.forged(|statement| statement.step.fix.index = 1, &[TINA]);
            let said = run.sign(&it.controller.lanes, second);
            let _ = run.cancel(&it.controller.lanes);
            said
        };
    },
};

/// An id of a job that nobody ordered.
pub(crate) fn no_job() -> JobId {
    JobId::new(now(), random())
}
