//! A machine whose token named no trust root: the controller hands out one of its own, and signs whatever it likes under it.
//! Nobody vouched for that root, so that nothing is run but the agent's own measurements.

use befund_model::job::Order;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::organisation::{
    ADA, BEN, Catalogue, EVE, offered_root, root, root_of_eve,
};
use befund_tests::adversary::{Scene, books};
use befund_tests::attacks;
use befund_trust::root::Root;

/// The next version of Eve's catalogue; the machine takes any under her root.
fn handed(scene: &Scene, version: u64, fix: &str) -> (String, Catalogue) {
    let files = books::files_of_eve(scene.world(), fix);
    let catalogue = Catalogue::new(version, &files).signed_by(&[EVE]);
    let shelf = [offered_root(&root_of_eve(1), &[EVE]), catalogue.shelf()].concat();
    (scene.offer(&scene.unpinned, shelf), catalogue)
}

fn order(scene: &Scene, catalogue: &Catalogue) -> Order {
    let mut order = Order { agent: scene.unpinned.id, ..scene.order("evil.book") };
    order.runbook.as_mut().unwrap().catalogue = catalogue.digest();
    order
}

/// What comes of a runbook of Eve's with this fix.
fn tried(scene: &Scene, version: u64, fix: &str) -> String {
    let (taken, catalogue) = handed(scene, version, fix);
    if !taken.starts_with("taken") {
        return taken;
    }
    scene.run(&scene.unpinned, &order(scene, &catalogue))
}

/// Eve's catalogue has the highest version that there is; then an administrator pins the organisation's root, and the
/// controller hands that out, but not the organisation's catalogue.
fn pinned_afterwards(scene: &mut Scene) -> String {
    let (_, catalogue) = handed(scene, u64::MAX, &books::fix("evil", "read", "policy", ""));
    let pin = Root::parse(&root(1).bytes()).unwrap().digest();
    befund_executor::pin(&scene.unpinned.keep(), pin.0).unwrap();
    scene.unpinned.restart_executor();
    let taken = scene.offer(&scene.unpinned, offered_root(&root(1), &[ADA, BEN]));
    assert!(taken.starts_with("taken: root 1"), "{taken}");
    let said = scene.run(&scene.unpinned, &order(scene, &catalogue));
    // What the attacker left behind bars nothing that is honest.
    let shelf = [offered_root(&root(2), &[ADA, BEN]), scene.current.shelf()].concat();
    assert_eq!(scene.offer(&scene.unpinned, shelf), scene.settled());
    said
}

pub(crate) const UNPINNED: Group = Group {
    title: "A machine without a pin",
    about: "The machine was enrolled with a token that named no trust root, so that it takes the first one that the controller \
            hands out: the attacker's own, under which they sign runbooks, scripts and approvals.",
    attacks: attacks! {
        "a script that changes something", "nobody vouched for this machine's trust root", |it| tried(it, 1, &books::fix("evil", "change", "policy", ""));
        "a script that calls itself mere reading", "nobody vouched for this machine's trust root", |it| tried(it, 2, &books::fix("evil", "read", "policy", ""));
        "a change by an action of the agent's own", "nobody vouched for this machine's trust root", |it| tried(it, 3, "{act: time.resync, consent: policy}");
        "a script that undoes what changed nothing", "it changes nothing, as it says", |it| tried(it, 5,
            "{act: user.instruct, text: {en: Wait., de: Warten.}, undo: {script: scripts/evil.sh, interpreter: sh}, \
             confirm: {within: 5s, until: \"false\"}}");
        "the attacker's catalogue after an administrator pinned the organisation's root", "the catalogue that this machine keeps cannot be used", pinned_afterwards;
        "the attacker's root once more after that", "those of the root before it have to sign", |it| {
            let said = it.offer(&it.unpinned, offered_root(&root_of_eve(3), &[EVE]));
            assert_eq!(it.offer(&it.unpinned, it.current.shelf()), it.settled());
            said
        };
    },
};
