//! `net.slow-dns`: who is asked for names, how fast they answer, whether truly; and what else lets pages hang.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use befund_model::runbook::{AttemptEnd, CauseVerdict};
use befund_tests::laboratory::network::names::{Manner, Names};
use befund_tests::laboratory::network::{Desk, Office};

use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.slow-dns/no-servers", Takes::Seconds, no_servers),
    scenario("net.slow-dns/not-asked", Takes::Seconds, not_asked),
    scenario("net.slow-dns/servers-dead", Takes::Seconds, dead),
    scenario("net.slow-dns/one-dead", Takes::Seconds, one_dead),
    scenario("net.slow-dns/slow-server", Takes::Seconds, slow),
    scenario("net.slow-dns/hosts-override", Takes::Seconds, diverted_by_file),
    scenario("net.slow-dns/answers-wrong", Takes::Seconds, lied_to),
    scenario("net.slow-dns/packets-vanish", Takes::Seconds, black_hole),
    scenario("net.slow-dns/packets-lost", Takes::Seconds, lost),
];

/// One name server by hand at an address of the office's own in the Internet.
fn by_hand<'a>(desk: &'a Desk, number: u8, manner: Manner) -> Office<'a> {
    let office = Office::open(desk, number);
    let at = office.outside(1);
    let names = Names::serve(&desk.world.space, IpAddr::V4(at), &desk.world.zone);
    names.answers(manner);
    office.machine.write("/etc/resolv.conf", &format!("nameserver {at}\n"));
    office
}

/// The help desk's run mends this by taking the network's name servers, and undoing brings the others back.
fn taken_from_the_network(office: &Office<'_>, cause: &str) {
    let before = office.machine.state();
    office.helped("net.slow-dns", &[]).mended(cause, "dns.use_dhcp_servers");
    let router = office.lease().router;
    assert!(office.machine.read("/etc/resolv.conf").contains(&format!("nameserver {router}\n")));
    office.undo();
    assert_eq!(office.machine.state(), before);
}

fn no_servers(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    office.machine.write("/etc/resolv.conf", "# emptied by hand\n");
    taken_from_the_network(&office, "no-servers");
}

/// The system is told to ask nobody. Nothing is done but told.
fn not_asked(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let switch = office.machine.read("/etc/nsswitch.conf");
    let hosts =
        |line: &str| if line.starts_with("hosts:") { "hosts: files" } else { line }.to_owned();
    let files: Vec<String> = switch.lines().map(hosts).collect();
    office.machine.write("/etc/nsswitch.conf", &(files.join("\n") + "\n"));
    let before = office.machine.state();

    let run = office.helped("net.slow-dns", &[]);

    run.only_found("not-asked");
    assert_eq!(run.causes(CauseVerdict::Explained), ["answers-wrong"], "{}", run.told());
    assert_eq!(run.result.escalate_to.as_deref(), Some("L2-network"), "{}", run.told());
    assert_eq!(office.machine.state(), before);
}

fn dead(desk: &Desk, number: u8) {
    let office = by_hand(desk, number, Manner::Silent);
    taken_from_the_network(&office, "servers-dead");
}

fn one_dead(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let router = office.lease().router;
    let text = format!("nameserver 192.0.2.53\nnameserver {router}\noptions timeout:1\n");
    office.machine.write("/etc/resolv.conf", &text);
    taken_from_the_network(&office, "one-dead");
}

fn slow(desk: &Desk, number: u8) {
    let office = by_hand(desk, number, Manner::Slow(Duration::from_millis(800)));
    taken_from_the_network(&office, "slow-server");
}

/// A line of `/etc/hosts` leads elsewhere.
fn diverted_by_file(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let hosts = office.machine.read("/etc/hosts");
    office.machine.write("/etc/hosts", &format!("{hosts}10.66.6.6 check.example other.example\n"));
    let before = office.machine.state();

    let run = office.helped("net.slow-dns", &[]);

    run.mended("hosts-override", "hosts.entry_disable");
    assert!(office.machine.read("/etc/hosts").contains("other.example"));
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// The name server that was entered by hand leads everything to itself.
fn lied_to(desk: &Desk, number: u8) {
    let office = by_hand(desk, number, Manner::Lying(Ipv4Addr::new(10, 66, 6, 6)));
    taken_from_the_network(&office, "answers-wrong");
}

/// Behind the router large packets vanish without a word, so that pages begin and then hang.
fn black_hole(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, "[targets.tcp]\nweb = \"203.0.113.80:80\"");
    office.router().does(
        "nft add table inet way
         nft 'add chain inet way forward { type filter hook forward priority 0; }'
         nft add rule inet way forward meta length gt 1400 drop",
    );
    let before = office.machine.state();

    // The controller's own words are too large as well: the person helps themselves.
    let run = office.fixes("net.slow-dns");

    run.mended("packets-vanish", "net.mtu_set");
    assert!(
        office.machine.space().says("ip link show eth0").contains("mtu 1400"),
        "{}",
        run.told()
    );
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// Every fifth packet is lost on the cable, until it is changed for another.
fn lost(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, "[targets.tcp]\nweb = \"203.0.113.80:80\"");
    let before = office.machine.state();
    office.router().does(
        "nft add table inet way
         nft 'add chain inet way input { type filter hook prerouting priority -300; }'
         nft add rule inet way input iifname lan0 icmp type echo-request numgen inc mod 5 == 0 drop",
    );
    let begun = office.begins("net.slow-dns", &[]);
    begun.terminal.wait_for("try another cable");
    office.router().does("nft delete table inet way");
    let run = begun.ends();
    run.mended("packets-lost", "user.instruct");
    assert_eq!(run.last(), Some(("user.instruct", AttemptEnd::Verified)));
    office.settles_to(&before);
}
