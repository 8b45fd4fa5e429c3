//! `net.proxy`: proxies, and the scripts that name them.

use std::net::IpAddr;
use std::time::Duration;

use befund_tests::laboratory::network::pages::Pages;
use befund_tests::laboratory::network::{Desk, Office};

use crate::internet::{ask_for_a_sign_in, set_dead_proxy, sign_in};
use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.proxy/no-network", Takes::Seconds, pulled_cable),
    scenario("net.proxy/captive-portal", Takes::Seconds, portal),
    scenario("net.proxy/dead-proxy", Takes::Seconds, dead_proxy),
    scenario("net.proxy/script-dead", Takes::Seconds, dead_script),
    scenario("net.proxy/script-slow", Takes::Seconds, slow_script),
    scenario("net.proxy/script-proxy-dead", Takes::Seconds, dead_proxy_of_script),
    scenario("net.proxy/settings-differ", Takes::Seconds, settings_differ),
];

fn pulled_cable(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let before = office.machine.state();
    office.router().does("ip link set lan0 down");
    office.machine.space().does("ip neigh flush dev eth0");
    let begun = office.begins("net.proxy", &[]);
    begun.terminal.wait_for("plug in the network cable");
    office.router().does("ip link set lan0 up");
    begun.ends().mended("no-network", "user.instruct");
    office.settles_to(&before);
}

fn portal(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    ask_for_a_sign_in(&office);
    set_dead_proxy(&office);
    let before = office.machine.state();
    let begun = office.begins("net.proxy", &[]);
    begun.terminal.wait_for("Open it in your browser?");
    sign_in(&office);
    let run = begun.ends();
    assert_eq!(run.found()[0], "captive-portal", "{}", run.told());
    assert!(run.is_accepted(), "{}", run.told());
    office.undo();
    assert_eq!(office.machine.state(), before);
}

fn dead_proxy(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    set_dead_proxy(&office);
    let before = office.machine.state();
    office.fixes("net.proxy").mended("dead-proxy", "proxy.clear_system");
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// A desktop that takes its proxies from a script of a server of the office's own.
fn scripted<'a>(desk: &'a Desk, number: u8, script: &str) -> (Office<'a>, Pages) {
    let office = Office::open(desk, number);
    let at = office.outside(2);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n\r\n";
    let pages = Pages::serve(&desk.world.space, IpAddr::V4(at), 80, &format!("{head}{script}"));
    let settings =
        format!("[Proxy Settings]\nProxyType=2\nProxy Config Script=http://{at}/proxy.pac\n");
    office.machine.write("/etc/xdg/kioslaverc", &settings);
    (office, pages)
}

const DIRECT: &str = "function FindProxyForURL(url, host) { return \"DIRECT\"; }";

/// What is only told, and changes nothing.
fn told(office: &Office<'_>, cause: &str) {
    let before = office.machine.state();
    office.helped("net.proxy", &[]).only_found(cause);
    assert_eq!(office.machine.state(), before);
}

fn dead_script(desk: &Desk, number: u8) {
    let (office, pages) = scripted(desk, number, DIRECT);
    pages.says("HTTP/1.1 404 Not Found\r\n\r\n");
    told(&office, "script-dead");
}

fn slow_script(desk: &Desk, number: u8) {
    let (office, pages) = scripted(desk, number, DIRECT);
    pages.takes(Duration::from_millis(3_400));
    told(&office, "script-slow");
}

fn dead_proxy_of_script(desk: &Desk, number: u8) {
    let script = "function FindProxyForURL(url, host) { return \"PROXY 203.0.113.80:3128\"; }";
    let (office, _) = scripted(desk, number, script);
    told(&office, "script-proxy-dead");
}

/// Two places name two proxies, both of which take connections.
fn settings_differ(desk: &Desk, number: u8) {
    let office = Office::open(desk, number);
    let (one, other) = (office.outside(2), office.outside(3));
    for at in [one, other] {
        let _ = Pages::serve(&desk.world.space, IpAddr::V4(at), 3128, "HTTP/1.1 200 OK\r\n\r\n");
    }
    let there = office.machine.read("/etc/environment");
    office.machine.write("/etc/environment", &format!("{there}http_proxy=http://{one}:3128\n"));
    office
        .machine
        .write("/etc/profile.d/proxy.sh", &format!("export http_proxy=http://{other}:3128\n"));
    told(&office, "settings-differ");
}
