//! `net.vpn`: what a tunnel needs, whether it stands, and what is behind it. The kernel here has no tunnel of its own
//! but that of `/dev/net/tun`: that is the tunnel, and a person's VPN program is what switches it on.

use std::net::IpAddr;

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::clock::{Kept, ahead, set};
use befund_tests::laboratory::network::pages::Pages;
use befund_tests::laboratory::network::secure::expired;
use befund_tests::laboratory::network::{Desk, Office};

use crate::internet::{ask_for_a_sign_in, sign_in};
use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.vpn/no-internet", Takes::Seconds, no_internet),
    scenario("net.vpn/captive-portal", Takes::Seconds, portal),
    scenario("net.vpn/clock-wrong", Takes::Seconds, wrong_clock),
    scenario("net.vpn/certificate-bad", Takes::Seconds, bad_certificate),
    scenario("net.vpn/tunnel-down", Takes::Seconds, down),
    scenario("share.unreachable/vpn-down", Takes::Seconds, share_behind),
];

/// What a machine has that knows a tunnel, which is up or down.
const TUNNEL: &str = "ip tuntap add tun0 mode tun; ip addr add 10.99.0.2/24 dev tun0";

fn targets() -> &'static str {
    "[targets.tcp]\nweb = \"203.0.113.80:80\""
}

fn no_internet(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, targets());
    office.machine.space().does(TUNNEL);
    office.router().does("ip link set wan0 down");
    let begun = office.begins("net.vpn", &[]);
    begun.terminal.wait_for("The VPN needs the Internet");
    office.machine.space().does("ip link set tun0 up");
    office.router().does("ip link set wan0 up; ip route add default via 10.70.0.1");
    begun.ends().mended("no-internet", "user.instruct");
}

fn portal(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, targets());
    office.machine.space().does(TUNNEL);
    ask_for_a_sign_in(&office);
    let begun = office.begins("net.vpn", &[]);
    begun.terminal.wait_for("Open it in your browser?");
    office.machine.space().does("ip link set tun0 up");
    sign_in(&office);
    begun.ends().mended("captive-portal", "user.open_url");
}

fn wrong_clock(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, targets());
    office.machine.space().does(TUNNEL);
    office.machine.space().does("ip link set tun0 up");
    set(&office.machine, 1_800, Kept::Right);
    office.fixes("net.vpn").mended("clock-wrong", "time.resync");
    assert_eq!(ahead(&office.machine), 0);
}

/// The certificate that OpenVPN shows has run out. Nothing is done but told.
fn bad_certificate(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, targets());
    office.machine.write("/etc/openvpn/works.crt", &expired("pc.works.example"));
    office.machine.write(
        "/etc/openvpn/works.conf",
        "client\ndev tun\nremote vpn.works.example 1194\ncert /etc/openvpn/works.crt\nkey /etc/openvpn/works.key\n",
    );
    office.helped("net.vpn", &[]).only_found("certificate-bad");
}

/// No tunnel stands. What is not a service cannot be connected anew from here: the person does it.
fn down(desk: &Desk, number: u8) {
    let office = Office::with_targets(desk, number, targets());
    office.machine.space().does(TUNNEL);
    std::thread::scope(|scope| {
        let helped = scope.spawn(|| office.helped("net.vpn", &[]));
        office.person_sees("Please open your VPN program");
        office.machine.space().does("ip link set tun0 up");
        let run = helped.join().expect("it ends");
        assert_eq!(run.tried()[0], ("net.vpn_reconnect", AttemptEnd::Failed), "{}", run.told());
        run.mended("tunnel-down", "user.instruct");
    });
}

/// The file server is behind a tunnel that does not stand.
fn share_behind(desk: &Desk, number: u8) {
    let targets = format!("[targets.tcp]\nfiles = \"10.98.{number}.6:445\"");
    let office = Office::with_targets(desk, number, &targets);
    office.machine.space().does(TUNNEL);
    office.router().does(
        "nft add table inet way
        nft 'add chain inet way forward { type filter hook forward priority 0; }'
        nft add rule inet way forward ip daddr 10.98.0.0/16 drop",
    );
    std::thread::scope(|scope| {
        let helped = scope.spawn(|| office.helped("share.unreachable", &[]));
        office.person_sees("Please open your VPN program");
        office
            .router()
            .does(&format!("nft delete table inet way; ip addr add 10.98.{number}.6/32 dev lan0"));
        let at = IpAddr::from([10, 98, number, 6]);
        let _ = Pages::serve(&office.router(), at, 445, "");
        office.machine.space().does("ip link set tun0 up");
        let run = helped.join().expect("it ends");
        assert_eq!(run.found(), ["vpn-down"], "{}", run.told());
        assert_eq!(run.last(), Some(("user.instruct", AttemptEnd::Verified)), "{}", run.told());
    });
}
