//! `time.wrong`, and what else a wrong clock looks like. The machine's clock is one of its own.

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::clock::{Kept, ahead, set};
use befund_tests::laboratory::network::secure::{Authority, Secure};
use befund_tests::laboratory::network::{Desk, Office};
use befund_tests::process::run;

use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("time.wrong/servers-silent", Takes::Seconds, silent),
    scenario("time.wrong/clock-off ahead", Takes::Seconds, fast),
    scenario("time.wrong/clock-off false server", Takes::Seconds, lied_to),
    scenario("time.wrong/battery-empty", Takes::Seconds, empty_battery),
    scenario("time.wrong/clock-off beyond the catalogue", Takes::Seconds, years_ahead),
    scenario("time.wrong/other-zone", Takes::Seconds, other_zone),
    scenario("net.tls/clock-wrong", Takes::Seconds, safe_pages),
];

/// Nothing comes back from port 123. Nothing is done but told.
fn silent(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    office.router().does(
        "nft add table inet way
         nft 'add chain inet way forward { type filter hook forward priority 0; }'
         nft add rule inet way forward udp dport 123 drop",
    );
    let run = office.helped("time.wrong", &[]);
    run.only_found("servers-silent");
    assert_eq!(run.result.escalate_to.as_deref(), Some("L2-network"), "{}", run.told());
}

/// The clock is twenty minutes fast, and two servers agree on it.
fn fast(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    set(&office.machine, 1_200, Kept::Right);
    let run = office.fixes("time.wrong");
    run.mended("clock-off", "time.resync");
    assert_eq!(ahead(&office.machine), 0, "{}", run.told());
    office.undo();
    assert_eq!(ahead(&office.machine), 0, "a right clock is not made wrong again");
}

/// One of two servers lies: nobody knows which, and the clock is left alone.
fn lied_to(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    office.lies_about_the_time(3_600);
    set(&office.machine, 1_200, Kept::Right);
    let run = office.fixes("time.wrong");
    assert_eq!(run.found(), ["clock-off"], "{}", run.told());
    assert!(
        matches!(run.last(), Some(("time.resync", AttemptEnd::Failed | AttemptEnd::NotVerified))),
        "{}",
        run.told()
    );
    assert_eq!(ahead(&office.machine), 1_200, "{}", run.told());
}

/// Three days behind, hours after the start: the machine refuses everything but setting the clock.
fn empty_battery(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    set(&office.machine, -3 * 86_400, Kept::Right);
    let run = office.fixes("time.wrong");
    assert_eq!(run.found(), ["clock-off", "battery-empty"], "{}", run.told());
    assert_eq!(run.tried(), [("time.resync", AttemptEnd::Verified)], "{}", run.told());
    assert!(run.is_accepted(), "{}", run.told());
    assert_eq!(ahead(&office.machine), 0, "{}", run.told());
}

/// The clock is so far ahead that by it all that was signed has expired: nothing can be done but to set it.
fn years_ahead(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    set(&office.machine, 400 * 86_400, Kept::Right);
    let other = run(&mut office.as_person(&["fix", "net.slow-dns", "--yes"]));
    let said = String::from_utf8_lossy(&[other.stdout, other.stderr].concat()).into_owned();
    assert!(said.contains("“net.slow-dns” cannot be started here"), "{said}");
    assert!(said.contains("time.wrong") && !said.contains("disk.full"), "what can be: {said}");

    let run = office.fixes("time.wrong");

    assert_eq!(run.tried(), [("time.resync", AttemptEnd::Verified)], "{}", run.told());
    assert!(run.is_accepted(), "{}", run.told());
    assert_eq!(ahead(&office.machine), 0, "{}", run.told());
    let healthy = office.fixes("net.slow-dns");
    assert!(healthy.is_accepted(), "{}", healthy.told());
}

/// The machine is in another part of the world than it is set to, until whoever is there sets it.
fn other_zone(desk: &Desk, number: u8) {
    let office = Office::with_clock(desk, number, "");
    let zone = |name: &str| {
        office.machine.space().does(&format!(
            "ln -sf /usr/share/zoneinfo/{name} /etc/localtime; echo {name} > /etc/timezone"
        ));
    };
    zone("America/New_York");
    let begun = office.begins("time.wrong", &["zone=Berlin"]);
    begun.terminal.wait_for("choose your time zone");
    zone("Europe/Berlin");
    begun.ends().mended("other-zone", "user.instruct");
}

/// A certificate is good, and looks expired to a clock that is twenty days ahead.
fn safe_pages(desk: &Desk, number: u8) {
    let name = format!("shop{number}.example");
    let office = Office::with_clock(desk, number, &format!("[targets.tls]\nshop = \"{name}:443\""));
    office.knows(&name, office.outside(4));
    let authority = Authority::named("Well Known Root");
    let bundle = "/etc/ssl/certs/ca-certificates.crt";
    let known = office.machine.read(bundle);
    office.machine.write(bundle, &format!("{known}{}", authority.pem));
    let shown = authority.shows(&name, -30, 15);
    let _ = Secure::serve(&desk.world.space, office.outside(4).into(), shown);
    set(&office.machine, 20 * 86_400, Kept::Right);

    let run = office.fixes("net.tls");

    run.mended("clock-wrong", "time.resync");
    assert_eq!(ahead(&office.machine), 0, "{}", run.told());
}
