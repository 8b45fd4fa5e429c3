//! Undoing all that a ticket changed.

use std::process::Command;

use befund_model::job::{JobNews, JobState, Work};
use befund_model::runbook::{AttemptEnd, Mode};

use crate::bench::{Bench, UNATTENDED, machine, result, root_of, skipped, ticket};
use crate::book::{files, link, of_one};
use crate::organisation::Files;

#[tokio::test]
async fn a_ticket_is_undone_with_what_was_noted_and_only_once() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.approve(1).await;
    run.outcome().await;
    drop(run);
    bench.client.reported(order.job).await.expect("it has ended");
    bench.kill();

    let mut run = bench.run(&bench.order_for(Work::Undo(ticket()))).await;
    let outcome = run.outcome().await;

    assert_eq!(outcome.state, JobState::Done, "{outcome:#?}");
    let undone = result(&outcome);
    assert_eq!(undone.attempts[0].end, AttemptEnd::Reverted, "{undone:#?}");
    assert!(run.told("lowering"), "{:#?}", run.events);
    assert!(run.events.iter().any(|event| matches!(event.what, JobNews::Undone { .. })));
    assert_eq!(bench.card("operstate").as_deref(), Some("down"));
    let noted: serde_json::Value =
        serde_json::from_str(&bench.card("undo").expect("it was run")).expect("JSON");
    assert_eq!(noted["before"]["state"], "down");

    drop(run);
    let again = bench.run(&bench.order_for(Work::Undo(ticket()))).await.outcome().await;
    assert_eq!(result(&again).attempts, []);
    bench.stop().await;
}

#[tokio::test]
async fn what_must_hold_after_a_change_and_does_not_has_it_undone() {
    let folder = machine(UNATTENDED);
    let confirm =
        "        confirm: {within: 5s, until: \"link.interfaces.exists(i, i.name == 'none')\"}";
    let files = files(&root_of(folder.path()), link(confirm), "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    run.approve(1).await;
    let outcome = run.outcome().await;
    let reverted = result(&outcome);
    assert_eq!(reverted.attempts[0].end, AttemptEnd::Reverted, "{reverted:#?}");
    assert_eq!(bench.card("operstate").as_deref(), Some("down"));
    drop(run);
    let none = bench.run(&bench.order_for(Work::Undo(ticket()))).await.outcome().await;
    assert_eq!(result(&none).attempts, [], "it is undone already");
    bench.stop().await;
}

#[tokio::test]
async fn a_ticket_is_not_undone_while_its_runbook_is_at_work() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    run.statement().await;
    let refused = bench.run(&bench.order_for(Work::Undo(ticket()))).await.outcome().await;
    assert_eq!(refused.state, JobState::Refused);
    assert!(refused.reason.contains("is at work; cancel it first"), "{}", refused.reason);
    bench.stop().await;
}

/// A network of this test's own; removed when it goes.
struct Network(String);

impl Network {
    fn make() -> Option<Self> {
        let name = format!("befund-runs-{}", std::process::id());
        let ip = |arguments: &[&str]| {
            let ran = Command::new("ip").args(arguments).output();
            ran.is_ok_and(|ran| ran.status.success())
        };
        if !ip(&["netns", "add", &name]) {
            return None;
        }
        let network = Self(name.clone());
        let made = ip(&["-n", &name, "link", "add", "eth0", "mtu", "1400", "type", "veth"])
            && ip(&["-n", &name, "link", "set", "eth0", "up"]);
        made.then_some(network)
    }

    fn mtu(&self) -> String {
        let shown = Command::new("ip").args(["-n", &self.0, "-o", "link", "show", "eth0"]).output();
        let text = String::from_utf8(shown.expect("ip runs").stdout).expect("text");
        let mtu = text.split(" mtu ").nth(1).expect("it is told");
        mtu.split(' ').next().expect("a number").to_owned()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // What is left of it is told by the next run of this test.
        let _ = Command::new("ip").args(["netns", "delete", &self.0]).status();
    }
}

#[tokio::test]
async fn an_interface_s_largest_packet_is_mended_and_put_back() {
    let Some(network) = Network::make() else {
        return skipped("an_interface_s_largest_packet", "no networks can be made here");
    };
    let folder = machine(UNATTENDED);
    let is = |mtu: u32| {
        format!("link.interfaces.exists(i, i.name == 'eth0' && has(i.mtu) && i.mtu == {mtu})")
    };
    let fix = "act: net.mtu_set, with: {interface: eth0, mtu: 1500}, consent: user";
    let runbook = of_one("test.mtu", &is(1400), fix, &is(1500));
    let files = Files::from([("test.mtu.yaml".to_owned(), runbook.into_bytes())]);
    let bench = Bench::in_network(folder, &files, &network.0).await;

    let mut run = bench.run(&bench.order_for(Work::Runbook("test.mtu".to_owned()))).await;
    run.approve(1).await;
    let outcome = run.outcome().await;

    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    assert_eq!(network.mtu(), "1500");
    drop(run);
    let undone = bench.run(&bench.order_for(Work::Undo(ticket()))).await.outcome().await;
    assert_eq!(result(&undone).attempts[0].end, AttemptEnd::Reverted, "{undone:#?}");
    assert_eq!(network.mtu(), "1400");
    bench.stop().await;
}
