//! Time: what has expired, and clocks that are set back so that it has not. The executor's clock is set from outside, by a
//! library that it does not know of; the controller's signed time says what the attacker likes.

use befund_executor::door::Request;
use befund_model::job::Order;
use befund_tests::adversary::Scene;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::door::ask;
use befund_tests::adversary::machine::LINK;
use befund_tests::adversary::organisation::{Catalogue, DAY, TINA, now};
use befund_tests::attacks;

fn order(scene: &Scene) -> Order {
    Order { agent: scene.other.id, ..scene.order("test.note") }
}

/// What an order comes to at this time.
fn ordered_at(scene: &Scene, clock: &str) -> String {
    runs_at(scene, clock, &order(scene))
}

/// What a runbook comes to at this time that may set the clock, and writes a word first.
fn setting_at(scene: &Scene, clock: &str) -> String {
    runs_at(scene, clock, &Order { agent: scene.other.id, ..scene.order("test.clock") })
}

fn runs_at(scene: &Scene, clock: &str, order: &Order) -> String {
    scene.other.set_clock(clock);
    let said = scene.run(&scene.other, order);
    scene.other.set_clock("+0");
    said
}

/// What becomes of the next catalogue at this time; then the machine has the current one.
fn offered_at(scene: &Scene, clock: &str, next: &Catalogue) -> String {
    scene.other.set_clock(clock);
    let said = scene.offer(&scene.other, next.shelf());
    scene.other.set_clock("+0");
    let settled = scene.offer(&scene.other, scene.current.shelf());
    assert_eq!(settled, scene.settled(), "after {said}");
    said
}

fn next(scene: &Scene) -> Catalogue {
    Catalogue::new(14, &scene.current.files)
}

/// A catalogue that ran out yesterday.
fn expired(scene: &Scene) -> Catalogue {
    Catalogue::with(14, &scene.current.files, |manifest| {
        manifest.created = now() - 31 * DAY;
        manifest.expires = now() - DAY;
    })
}

/// Tina's signature, an hour late.
fn late(scene: &mut Scene) -> String {
    let mut run = scene.begin(&scene.other, &order(scene));
    let by = run.signatures(&[TINA]);
    scene.other.set_clock("+1h");
    let said = run.sign(&scene.controller.lanes, by);
    scene.other.set_clock("+0");
    let _ = run.cancel(&scene.controller.lanes);
    said
}

/// A catalogue that expires within ten days is taken, those days pass, and the clock is set back into them.
fn relived(scene: &mut Scene) -> String {
    scene.other.set_clock("+9d");
    let later = Catalogue::with(14, &scene.current.files, |manifest| {
        manifest.created = now() + 9 * DAY;
        manifest.expires = now() + 60 * DAY;
    });
    let taken = scene.offer(&scene.other, later.shelf());
    assert_eq!(taken, "taken: root 2, catalogue 14");
    scene.other.set_clock("+0");
    let mut order = order(scene);
    order.runbook.as_mut().unwrap().catalogue = later.digest();
    let said = scene.run(&scene.other, &order);
    // From here on the machine lives nine days later, with what is current there.
    scene.other.set_clock("+9d");
    scene.advance(15);
    said
}

pub(crate) const CLOCKS: Group = Group {
    title: "Clocks",
    about: "What was signed has run out, or does not hold yet; the machine's clock is set back, or the controller says that it \
            is earlier.",
    attacks: attacks! {
        "an order when the catalogue has run out", "which this machine keeps, expired at", |it| ordered_at(it, "+40d");
        "another step of a runbook that sets the clock, when the catalogue has run out", "nothing else is run before", |it| setting_at(it, "+40d");
        "another step of a runbook that sets the clock, with the clock set back", "nothing else is run before", |it| setting_at(it, "-4000d");
        "an order with the clock set back before the program was made", "set it right with `time.resync`", |it| ordered_at(it, "-4000d");
        "a catalogue with the clock set back before the program was made", "set it right with `time.resync`", |it| { let next = next(it); offered_at(it, "-4000d", &next) };
        "an expired catalogue with the clock set back into its time", "this machine has seen", |it| { let old = expired(it); offered_at(it, "-10d", &old) };
        "a catalogue when the trust root has run out", "the trust root expired", |it| { let next = next(it); offered_at(it, "+30000d", &next) };
        "a signature an hour late", "it expired at", late;
        "an expired catalogue, with a controller that says it is last month", "it expired at", |it| {
            it.controller.set_ahead(-40 * 24 * 3_600_000);
            let old = expired(it);
            let said = it.offer(&it.other, old.shelf());
            it.controller.set_ahead(0);
            assert_eq!(it.offer(&it.other, it.current.shelf()), it.settled());
            said
        };
        "an expired catalogue, with a link that says it is last month", "it expired at", |it| {
            let old = expired(it);
            let order = Request::Run { order: it.probe_on_other(), clock_offset_ms: -40 * 24 * 3_600_000 };
            let _ = ask(&it.other.socket(), LINK, &order, &[]);
            ask(&it.other.socket(), LINK, &Request::OfferCatalogue { signatures: old.signatures }, &old.manifest)
        };
        "a clock set back behind what was seen", "this machine has seen", relived;
    },
};
