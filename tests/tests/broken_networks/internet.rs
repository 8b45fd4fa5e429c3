//! `net.no-internet`: from the plug outwards.

use std::net::IpAddr;

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::names::{Manner, Names, Nothing};
use befund_tests::laboratory::network::pages::{PORTAL, Pages};
use befund_tests::laboratory::network::{Desk, Office};

use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.no-internet/link-down cable", Takes::Seconds, pulled_cable),
    scenario("net.no-internet/link-down switched off", Takes::Seconds, switched_off),
    scenario("net.no-internet/no-lease", Takes::Seconds, no_lease),
    scenario("net.no-internet/no-route", Takes::Seconds, no_route),
    scenario("net.no-internet/gateway-dead", Takes::Seconds, moved_router),
    scenario("net.no-internet/firewall-blocks", Takes::Seconds, shut_in),
    scenario("net.no-internet/dns-dead", Takes::Seconds, dead_servers),
    scenario("net.no-internet/names-unknown", Takes::Seconds, servers_of_elsewhere),
    scenario("net.no-internet/captive-portal", Takes::Seconds, portal),
    scenario("net.no-internet/dead-proxy", Takes::Seconds, dead_proxy),
    scenario("net.no-internet/line-dead", Takes::Seconds, dead_line),
    scenario("net.no-internet healthy", Takes::Seconds, healthy),
];

/// Nothing is broken, and nothing is found.
fn healthy(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    let run = office.helped("net.no-internet", &[]);
    assert!(
        run.found().is_empty() && run.tried().is_empty() && run.is_accepted(),
        "{}",
        run.told()
    );
    assert_eq!(office.machine.state(), before);
}

/// The cable is out; whoever is there plugs it in when they are told.
fn pulled_cable(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    office.router().does("ip link set lan0 down");

    let begun = office.begins("net.no-internet", &[]);
    begun.terminal.wait_for("network cable is plugged in");
    office.router().does("ip link set lan0 up");

    begun.ends().mended("link-down", "user.instruct");
    office.settles_to(&before);
}

/// Somebody has switched the card off, and the way out has gone with it.
fn switched_off(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    office.machine.space().does("ip link set eth0 down");
    let before = office.machine.state();

    let run = office.fixes("net.no-internet");

    assert!(run.tried().contains(&("net.adapter_enable", AttemptEnd::Verified)), "{}", run.told());
    // The kernel takes the default route along, and nobody else brings it back.
    assert_eq!(
        run.last(),
        Some(("net.route_default_restore", AttemptEnd::Verified)),
        "{}",
        run.told()
    );
    assert!(run.is_accepted(), "{}", run.told());
    office.undo_into_the_dark(&before, "ip link set eth0 up; ip route add default via $ROUTER");
}

/// There was nobody to give an address when the machine asked, and now there is.
fn no_lease(desk: &Desk, number: u8) {
    let mut office = Office::open(desk, number);
    let before = office.machine.state();
    let lease = office.lease();
    office.hands_out_nothing();
    office.machine.space().does(
        "kill $(cat /run/dhclient.eth0.pid); rm /run/dhclient.eth0.pid /var/lib/dhcp/*
         ip addr flush dev eth0 scope global; : > /etc/resolv.conf",
    );
    office.hands_out(&lease);

    let run = office.fixes("net.no-internet");

    run.mended("no-lease", "net.dhcp_renew");
    office.undo();
    // The address may be another of the same network.
    let after = office.machine.state();
    assert_eq!((after.files, after.routes.len()), (before.files, before.routes.len()));
}

/// The default route was removed; the lease knows it.
fn no_route(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    office.machine.space().does("ip route del default");
    let before = office.machine.state();

    let run = office.fixes("net.no-internet");

    run.mended("no-route", "net.route_default_restore");
    office.undo_into_the_dark(&before, "ip route add default via $ROUTER");
}

/// Another router has come, with another address, and the machine still goes to the old one.
fn moved_router(desk: &Desk, number: u8) {
    let mut office = Office::open(desk, number);
    let mut lease = office.lease();
    let [a, b, c] = lease.network;
    lease.router = [a, b, c, 2].into();
    lease.names = vec![lease.router];
    office.router().does(&format!("ip addr replace {}/24 dev lan0", lease.router));
    let _ = Names::serve(&office.router(), IpAddr::V4(lease.router), &desk.world.zone);
    office.router().does(&format!(
        "ip addr del {a}.{b}.{c}.1/24 dev lan0; ip addr replace {}/24 dev lan0",
        lease.router
    ));
    office.hands_out(&lease);
    office.machine.space().does("ip neigh flush dev eth0");

    let run = office.fixes("net.no-internet");

    run.mended("gateway-dead", "net.dhcp_renew");
    assert!(
        office.machine.space().says("ip route").contains(&format!("default via {}", lease.router))
    );
    office.undo();
}

/// This machine's own firewall lets nothing out. Nothing is done but told, and nothing else is blamed.
fn shut_in(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    office.machine.space().does(
        "nft add table inet shut
         nft 'add chain inet shut output { type filter hook output priority 0; policy drop; }'
         ip neigh flush dev eth0",
    );
    let mut begun = office.begins("net.no-internet", &[]);
    let _ = begun.terminal.end();
    office.machine.space().does("nft delete table inet shut");
    let run = begun.ends();
    run.only_found("firewall-blocks");
    assert_eq!(run.result.escalate_to.as_deref(), Some("L2-desktop"), "{}", run.told());
    office.settles_to(&before);
}

/// Name servers were entered by hand, and are gone.
fn dead_servers(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let handed_out = office.machine.read("/etc/resolv.conf");
    office
        .machine
        .write("/etc/resolv.conf", "# by hand\nnameserver 192.0.2.53\noptions timeout:1\n");
    let before = office.machine.state();

    let run = office.fixes("net.no-internet");

    run.mended("dns-dead", "dns.use_dhcp_servers");
    assert_eq!(servers(&office.machine.read("/etc/resolv.conf")), servers(&handed_out));
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// The servers of a resolv.conf(5).
pub(crate) fn servers(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with("nameserver")).map(str::to_owned).collect()
}

/// Name servers of another network were entered, which know nothing from here.
fn servers_of_elsewhere(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let elsewhere = office.outside(1);
    let names = Names::serve(&desk.world.space, IpAddr::V4(elsewhere), &desk.world.zone);
    names.answers(Manner::Knowing(Nothing::NoSuchName));
    office.machine.write("/etc/resolv.conf", &format!("nameserver {elsewhere}\n"));
    let before = office.machine.state();

    let run = office.helped("net.no-internet", &[]);

    run.mended("names-unknown", "dns.use_dhcp_servers");
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// The router answers web pages with its own until somebody signs in.
pub(crate) fn ask_for_a_sign_in(office: &Office<'_>) {
    let _ = Pages::serve(&office.router(), IpAddr::V4(office.lease().router), 80, PORTAL);
    office.router().does(
        "nft add table ip portal
         nft 'add chain ip portal way { type nat hook prerouting priority -100; }'
         nft add rule ip portal way iifname lan0 tcp dport 80 redirect to :80",
    );
}

pub(crate) fn sign_in(office: &Office<'_>) {
    office.router().does("nft delete table ip portal");
}

fn portal(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    ask_for_a_sign_in(&office);

    let begun = office.begins("net.no-internet", &[]);
    begun.terminal.wait_for("Open it in your browser?");
    sign_in(&office);

    begun.ends().mended("captive-portal", "user.open_url");
    assert_eq!(office.machine.state(), before);
}

/// A proxy that is set for all programs takes no connections, and pages come without it.
pub(crate) fn set_dead_proxy(office: &Office<'_>) {
    let router = office.lease().router;
    let there = office.machine.read("/etc/environment");
    office.machine.write(
        "/etc/environment",
        &format!(
            "{there}# by hand\nhttp_proxy=http://{router}:3128\nhttps_proxy=http://{router}:3128\n"
        ),
    );
}

fn dead_proxy(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    set_dead_proxy(&office);
    let before = office.machine.state();

    let run = office.helped("net.no-internet", &[]);

    run.mended("dead-proxy", "proxy.clear_system");
    assert!(
        !office.machine.read("/etc/environment").lines().any(|line| line.starts_with("http_proxy"))
    );
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// The router is there, and its own line is dead until whoever is there starts it anew.
fn dead_line(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    office.router().does("ip link set wan0 down");

    let begun = office.begins("net.no-internet", &[]);
    begun.terminal.wait_for("Your router answers, but nothing beyond it does");
    office.router().does("ip link set wan0 up; ip route add default via 10.70.0.1");

    begun.ends().mended("line-dead", "user.instruct");
    office.settles_to(&before);
}
