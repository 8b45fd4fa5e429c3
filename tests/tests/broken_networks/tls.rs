//! `net.tls`: what servers show, and who stands behind it.

use std::net::IpAddr;

use befund_model::runbook::AttemptEnd;
use befund_tests::laboratory::network::pages::Pages;
use befund_tests::laboratory::network::secure::{Authority, Secure};
use befund_tests::laboratory::network::{Desk, Office};

use crate::internet::{ask_for_a_sign_in, sign_in};
use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("net.tls healthy", Takes::Seconds, healthy),
    scenario("net.tls/captive-portal", Takes::Seconds, portal),
    scenario("net.tls/unknown-root missing", Takes::Seconds, missing_root),
    scenario("net.tls/unknown-root interception", Takes::Minutes, intercepted),
    scenario("net.tls/other-issuer", Takes::Seconds, other_issuer),
    scenario("net.tls/expired", Takes::Seconds, expired),
    scenario("net.tls/not-yet-valid", Takes::Seconds, not_yet_valid),
    scenario("net.tls/other-name", Takes::Seconds, other_name),
    scenario("net.tls/no-handshake", Takes::Seconds, no_handshake),
    scenario("net.tls/expires-soon", Takes::Seconds, expires_soon),
];

/// A shop in the Internet, whose authority the machine knows.
struct Shop<'a> {
    office: Office<'a>,
    name: String,
    authority: Authority,
}

impl<'a> Shop<'a> {
    fn new(desk: &'a Desk, number: u8) -> Self {
        Self::with(desk, number, "")
    }

    fn with(desk: &'a Desk, number: u8, policy: &str) -> Self {
        let name = format!("shop{number}.example");
        let targets = format!("[targets.tls]\nshop = \"{name}:443\"\n{policy}");
        let office = Office::with_targets(desk, number, &targets);
        office.knows(&name, office.outside(4));
        let authority = Authority::named("Well Known Root");
        let bundle = "/etc/ssl/certs/ca-certificates.crt";
        let known = office.machine.read(bundle);
        office.machine.write(bundle, &format!("{known}{}", authority.pem));
        Self { office, name, authority }
    }

    fn at(&self) -> IpAddr {
        IpAddr::V4(self.office.outside(4))
    }

    /// Opens, with a certificate of the authority from one day until another.
    fn opens(&self, desk: &Desk, from: i64, until: i64) -> Secure {
        let shown = self.authority.shows(&self.name, from, until);
        Secure::serve(&desk.world.space, self.at(), shown)
    }

    /// What is only told, and changes nothing.
    fn told(&self, cause: &str) {
        let before = self.office.machine.state();
        self.office.helped("net.tls", &[]).only_found(cause);
        assert_eq!(self.office.machine.state(), before);
    }
}

fn healthy(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = shop.opens(desk, -30, 90);
    let run = shop.office.helped("net.tls", &[]);
    assert!(
        run.found().is_empty() && run.tried().is_empty() && run.is_accepted(),
        "{}",
        run.told()
    );
}

/// The network wants a sign-in, and answers in the shop's place.
fn portal(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = shop.opens(desk, -30, 90);
    let office = &shop.office;
    let before = office.machine.state();
    let hotel = Authority::named("Hotel").shows("login.hotel.example", -30, 90);
    let router = office.lease().router;
    let _ = Secure::serve(&office.router(), IpAddr::V4(router), hotel);
    ask_for_a_sign_in(office);
    office.router().does("nft add rule ip portal way iifname lan0 ip daddr 198.51.0.0/16 tcp dport 443 redirect to :443");
    let begun = office.begins("net.tls", &[]);
    begun.terminal.wait_for("Open it in your browser?");
    sign_in(office);
    begun.ends().mended("captive-portal", "user.open_url");
    assert_eq!(office.machine.state(), before);
}

/// The organisation's root lies where its owner put it, and the system's list was not built anew since.
fn missing_root(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let organisation = Authority::named("Example Works Root");
    let shown = organisation.shows(&shop.name, -30, 90);
    let _ = Secure::serve(&desk.world.space, shop.at(), shown);
    shop.office.machine.space().does(
        "mkdir -p /usr/local/share/ca-certificates
         mount -t tmpfs tmpfs /usr/local/share/ca-certificates",
    );
    shop.office.machine.write("/usr/local/share/ca-certificates/works.crt", &organisation.pem);
    let run = shop.office.helped("net.tls", &[]);
    run.mended("unknown-root", "certificates.refresh");
    shop.office.undo();
}

/// Somebody on the way signs for the shop. What the machine trusts is built anew, which does not help, and the people
/// for security hear of it.
fn intercepted(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let shown = Authority::named("Somebody in Between").shows(&shop.name, -30, 90);
    let _ = Secure::serve(&desk.world.space, shop.at(), shown);
    let run = shop.office.helped("net.tls", &[]);
    assert_eq!(run.found(), ["unknown-root"], "{}", run.told());
    assert_eq!(
        run.last(),
        Some(("certificates.refresh", AttemptEnd::NotVerified)),
        "{}",
        run.told()
    );
    assert_eq!(run.result.escalate_to.as_deref(), Some("L2-security"), "{}", run.told());
}

/// A root that the machine trusts signs for the shop, and the policy expects another.
fn other_issuer(desk: &Desk, number: u8) {
    let shop = Shop::with(desk, number, "[targets.issuers]\nshop = \"Another Root\"");
    let _ = shop.opens(desk, -30, 90);
    shop.told("other-issuer");
}

/// The shop's certificate has run out, until whoever runs the shop is told.
fn expired(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let server = shop.opens(desk, -90, -3);
    let begun = shop.office.begins("net.tls", &[]);
    begun.terminal.wait_for("The server's certificate has run out");
    server.shows(shop.authority.shows(&shop.name, -1, 90));
    begun.ends().mended("expired", "user.instruct");
}

fn not_yet_valid(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = shop.opens(desk, 2, 90);
    shop.told("not-yet-valid");
}

/// What remembers names on the machine remembers where the shop was before it moved; another is there now.
fn other_name(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = shop.opens(desk, -30, 90);
    let office = &shop.office;
    let other = shop.authority.shows("other.example", -30, 90);
    let _ = Secure::serve(&desk.world.space, IpAddr::V4(office.outside(5)), other);
    let router = office.lease().router;
    office.machine.space().does(&format!(
        "dnsmasq --conf-file=/dev/null --user=root --no-resolv --server={router} --min-cache-ttl=3600 \
         --listen-address=127.0.0.1 --bind-interfaces --pid-file=/run/dnsmasq.pid"
    ));
    office.knows(&shop.name, office.outside(5));
    office.machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    assert!(
        office.machine.space().says(&format!("getent ahostsv4 {}", shop.name)).contains("198.51.")
    );
    office.knows(&shop.name, office.outside(4));
    let before = office.machine.state();
    let run = office.helped("net.tls", &[]);
    run.mended("other-name", "dns.flush_cache");
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// Something takes connections there, and is no server of TLS.
fn no_handshake(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = Pages::serve(&desk.world.space, shop.at(), 443, "HTTP/1.1 400 Bad Request\r\n\r\n");
    shop.told("no-handshake");
}

fn expires_soon(desk: &Desk, number: u8) {
    let shop = Shop::new(desk, number);
    let _ = shop.opens(desk, -80, 5);
    shop.told("expires-soon");
}
