//! A machine whose network a real NetworkManager looks after: what is changed is changed by way of it, and put back so.

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::manager::lacking;
use befund_tests::laboratory::network::{Desk, Office};

use crate::internet::servers;
use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.slow-dns/servers-dead NetworkManager", Takes::Seconds, dead_by_hand),
    scenario("undone by the machine: NetworkManager", Takes::Seconds, dead_from_the_network),
];

/// An office whose machine has these name servers by hand; none where this system has no NetworkManager, which is told.
fn managed<'a>(desk: &'a Desk, number: u8, by_hand: &str) -> Option<Office<'a>> {
    let missing = lacking();
    if !missing.is_empty() {
        println!("not run, because this system lacks {}: office {number}", missing.join(", "));
        return None;
    }
    let office = Office::open(desk, number);
    office.is_managed(by_hand);
    Some(office)
}

/// The name servers that were entered by hand are gone; the network's are taken, by way of the connection.
fn dead_by_hand(desk: &Desk, number: u8) {
    let Some(office) = managed(desk, number, "192.0.2.53") else { return };
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

/// The network's name server is as dead as the one by hand: what was taken is given back.
fn dead_from_the_network(desk: &Desk, number: u8) {
    let Some(mut office) = managed(desk, number, "192.0.2.54") else { return };
    let mut lease = office.lease();
    lease.names = vec![[192, 0, 2, 53].into()];
    office.hands_out(&lease);

    let run = office.fixes("test.names");

    assert_eq!(run.tried(), [("dns.use_dhcp_servers", AttemptEnd::Reverted)], "{}", run.told());
    assert_eq!(office.servers_by_hand(), "192.0.2.54 yes");
    let used = servers(&office.machine.read("/etc/resolv.conf"));
    assert_eq!(used, ["nameserver 192.0.2.54"]);
}
