//! Fixes that make it worse: what touches the network is undone by the machine itself unless what must hold afterwards does
//! within the given time, also where the controller is out of reach by then, and where the executor was killed meanwhile.
//! The runbooks are these stories' own, their fixes those that are shipped.

use std::thread;

use befund_executor::journal::{Doing, Entry};
use befund_model::job::JobNews;
use befund_model::runbook::AttemptEnd;
use befund_model::snapshot::Status;
use befund_tests::laboratory::network::office::DHCLIENT;
use befund_tests::laboratory::network::space::{self, Empty};
use befund_tests::laboratory::network::world::HUB;
use befund_tests::laboratory::network::{Desk, Office, Run};
use befund_tests::process::eventually;

use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("undone by the machine: another network", Takes::Seconds, another_network),
    scenario("undone by the machine: killed meanwhile", Takes::Seconds, killed_meanwhile),
];

/// Their runbooks.
pub(crate) const BOOKS: &[(&str, &str)] = &[("test.card", CARD), ("test.names", NAMES)];

/// Switches a second card on. It says nothing of what must hold: what worked before.
const CARD: &str = r#"
api: befund/v1
runbook: test.card
version: 1
title: {en: "The second card is off", de: "Die zweite Karte ist aus"}
about: {en: "Switches it on.", de: "Schaltet sie ein."}
offline: true
resume: {on: [disconnect, agent_restart]}
collect:
  link: {probe: net.link@1, timeout: 5s}
  web: {probe: net.http@1, timeout: 5s}
causes:
  - id: off
    title: {en: "It is off", de: "Sie ist aus"}
    when: "link.interfaces.exists(i, i.name == 'eth1' && !i.up)"
    fix:
      - act: net.adapter_enable
        with: {interface: eth1}
        consent: user
        confirm: {within: 10s}
        text: {en: "The second card is switched on.", de: "Die zweite Karte wird eingeschaltet."}
    verify: {within: 10s, every: 2s, until: "link.interfaces.exists(i, i.name == 'eth1' && i.up)"}
escalate: {to: "'L2-network'"}
"#;

/// Takes the network's name servers, whose answers must come.
const NAMES: &str = r#"
api: befund/v1
runbook: test.names
version: 1
title: {en: "Name servers by hand", de: "Namensserver von Hand"}
about: {en: "Takes those of the network.", de: "Nimmt die des Netzes."}
offline: true
resume: {on: [disconnect, agent_restart]}
collect:
  conf: {section: network.dns, timeout: 5s}
  dns: {probe: net.dns@1, timeout: 5s}
causes:
  - id: by-hand
    title: {en: "One was entered by hand", de: "Einer ist von Hand eingetragen"}
    when: "conf.servers.exists(s, s == '192.0.2.54')"
    fix:
      - act: dns.use_dhcp_servers
        consent: user
        confirm: {within: 15s, until: "dns.servers.exists(s, s.answered)"}
        text: {en: "The network's servers are used.", de: "Die Server des Netzes werden benutzt."}
    verify: {within: 10s, every: 2s, until: "dns.servers.exists(s, s.answered)"}
escalate: {to: "'L2-network'"}
"#;

/// That this was done and undone again: by the result, by what the help desk was told, and by the machine's journal, where
/// each is whole before the next begins.
fn was_undone(office: &Office<'_>, run: &Run, act: &str) {
    assert_eq!(run.tried(), [(act, AttemptEnd::Reverted)], "{}", run.told());
    let attempt = &run.result.attempts[0];
    let undone = attempt.undone.as_ref().expect("it was undone");
    assert_eq!(undone.status, Status::Ok, "{}", run.told());
    assert!(attempt.reason.contains("it was undone"), "{}", run.told());
    let news = office.news(&run.job);
    let told = |is_it: fn(&JobNews) -> bool| news.iter().filter(|one| is_it(one)).count();
    assert_eq!(told(|one| matches!(one, JobNews::Acted { .. })), 1, "{news:#?}");
    assert_eq!(told(|one| matches!(one, JobNews::Undone { .. })), 1, "{news:#?}");
    let written = office.journal(&run.job);
    let steps = written.iter().filter_map(|entry| match entry {
        Entry::Intent(intent) => Some(match intent.doing {
            Doing::Act => "to be done",
            Doing::Undo(_) => "to be undone",
            Doing::Restart => "to be restarted",
        }),
        Entry::Exit { acted, .. } if acted.status == Status::Ok => Some("well"),
        Entry::Exit { .. } => Some("not well"),
        _ => None,
    });
    let mut steps: Vec<&str> = steps.collect();
    // Once more with what undoing needs, before anything is changed.
    steps.dedup();
    assert_eq!(steps, ["to be done", "well", "to be undone", "well"], "{written:#?}");
}

/// The second card leads into a network that has the same addresses as the one by which all is reached, and nobody in it:
/// once it is on, neither the controller nor any page is reached any more.
fn another_network(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let other = Empty::make();
    space::join((office.machine.space(), "eth1"), (&other.space(), "far0"));
    other.space().does("ip link set far0 up");
    office
        .machine
        .space()
        .does("ip addr add 10.70.0.99/24 dev eth1; ip addr add 203.0.113.99/24 dev eth1");
    let before = office.machine.state();
    let way = || office.machine.space().says(&format!("ip route get {HUB}"));

    let begun = office.begins("test.card", &[]);
    eventually("the controller to be out of reach", || way().contains("dev eth1"));
    eventually("it to be undone", || way().contains("dev eth0"));
    office.settles_to(&before);

    let run = begun.ends();
    assert_eq!(run.found(), ["off"], "{}", run.told());
    assert!(run.result.attempts[0].reason.contains("web passed before"), "{}", run.told());
    was_undone(&office, &run, "net.adapter_enable");
    assert_eq!(office.machine.state(), before);
}

/// The network hands out a name server that is dead. Once the machine uses it, the executor is killed and the controller is
/// out of reach: the next executor goes on with waiting for what must hold, and undoes it.
fn killed_meanwhile(desk: &Desk, number: u8) {
    let mut office = Office::open(desk, number);
    let mut lease = office.lease();
    lease.names = vec![[192, 0, 2, 53].into()];
    office.hands_out(&lease);
    let machine = office.machine.space();
    machine.does(
        "kill $(cat /run/dhclient.eth0.pid); rm /run/dhclient.eth0.pid /var/lib/dhcp/*
         ip addr flush dev eth0 scope global",
    );
    machine.does(DHCLIENT);
    let by_hand = format!("# by hand\nnameserver 192.0.2.54\nnameserver {}\n", lease.router);
    office.machine.write("/etc/resolv.conf", &by_hand);
    let before = office.machine.state();

    let run = thread::scope(|scope| {
        let helping = scope.spawn(|| office.helped("test.names", &[]));
        eventually("the change to be made", || {
            let text = office.machine.read("/etc/resolv.conf");
            text.contains("192.0.2.53") && !text.contains("192.0.2.54")
        });
        office.router().does("ip link set wan0 down");
        office.kill_executor();
        office.settles_to(&before);
        office.router().does(&format!("ip link set wan0 up; ip route add default via {HUB}"));
        helping.join().expect("it ends")
    });

    assert_eq!(office.machine.read("/etc/resolv.conf"), by_hand);
    was_undone(&office, &run, "dns.use_dhcp_servers");
    let news = office.news(&run.job);
    assert!(news.iter().any(|one| matches!(one, JobNews::Resumed { .. })), "{news:#?}");
}
