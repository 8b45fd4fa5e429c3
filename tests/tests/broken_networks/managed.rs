//! A machine whose network a real NetworkManager looks after: what is changed is changed by way of it, and put back so.

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::manager::{Resolver, lacking};
use befund_tests::laboratory::network::{Desk, Office};

use crate::internet::servers;
use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.slow-dns/servers-dead NetworkManager", Takes::Seconds, dead_by_hand),
    scenario("net.slow-dns/servers-dead systemd-resolved", Takes::Seconds, dead_behind_the_stub),
    scenario("undone by the machine: NetworkManager", Takes::Seconds, dead_from_the_network),
];

/// An office whose machine has these name servers by hand; none where this system has no NetworkManager, which is told.
fn managed<'a>(
    desk: &'a Desk,
    number: u8,
    by_hand: &str,
    resolver: Resolver,
) -> Option<Office<'a>> {
    let missing = lacking(resolver);
    if !missing.is_empty() {
        println!("not run, because this system lacks {}: office {number}", missing.join(", "));
        return None;
    }
    let office = Office::open(desk, number);
    office.is_managed(by_hand, resolver);
    Some(office)
}

/// The name servers that were entered by hand are gone; the network's are taken, by way of the connection.
fn dead_by_hand(desk: &Desk, number: u8) {
    let Some(office) = managed(desk, number, "192.0.2.53", Resolver::None) else { return };
    assert_eq!(office.servers_by_hand(), "192.0.2.53 yes");

    let run = office.fixes("net.slow-dns");

    run.mended("servers-dead", "dns.use_dhcp_servers");
    let router = office.lease().router;
    let used = servers(&office.machine.read("/etc/resolv.conf"));
    assert_eq!(used, [format!("nameserver {router}")]);
    assert_eq!(office.servers_by_hand(), "no");
    office.undo();
    assert_eq!(office.servers_by_hand(), "192.0.2.53 yes");
    let used = servers(&office.machine.read("/etc/resolv.conf"));
    assert_eq!(used, ["nameserver 192.0.2.53"]);
}

/// The same, where programs ask systemd-resolved: it forgets what it knows, and asks those of the network.
fn dead_behind_the_stub(desk: &Desk, number: u8) {
    let Some(office) = managed(desk, number, "192.0.2.53", Resolver::Stub) else { return };
    let asked = || office.machine.space().says("resolvectl dns eth0");
    assert!(asked().contains("192.0.2.53"), "{}", asked());

    let run = office.fixes("net.slow-dns");

    run.mended("servers-dead", "dns.use_dhcp_servers");
    assert_eq!(run.tried()[0].0, "dns.flush_cache", "{}", run.told());
    let flushed = run.result.attempts[0].acted.as_ref().expect("it was done");
    assert!(flushed.summary.contains("systemd-resolved"), "{}", run.told());
    let router = office.lease().router.to_string();
    assert!(asked().contains(&router), "{}", asked());
    assert_eq!(office.servers_by_hand(), "no");
    office.undo();
    assert_eq!(office.servers_by_hand(), "192.0.2.53 yes");
    assert!(asked().contains("192.0.2.53"), "{}", asked());
}

/// The network's name server is dead, and one of those by hand is not: what was taken is given back.
fn dead_from_the_network(desk: &Desk, number: u8) {
    let Some(mut office) = managed(desk, number, "192.0.2.54", Resolver::None) else {
        return;
    };
    let mut lease = office.lease();
    lease.names = vec![[192, 0, 2, 53].into()];
    office.hands_out(&lease);

    let run = office.fixes("test.names");

    assert_eq!(run.tried(), [("dns.use_dhcp_servers", AttemptEnd::Reverted)], "{}", run.told());
    assert_eq!(office.servers_by_hand(), "192.0.2.54 yes");
    let used = servers(&office.machine.read("/etc/resolv.conf"));
    assert_eq!(used, ["nameserver 192.0.2.54"]);
}
