//! What the facts of each probe and section can look like. The page that says so, `docs/facts.txt`, is made from how
//! the types read themselves, for authors to read and for the linter, which goes onto every machine and so reads
//! the page: the types' readers would be a tenth of the agent's program. A test holds the page to the types.

use std::fmt::Write as _;

use befund_expression::Shape;
use befund_model::probe::{machine, names, network, path, remote, trust};
use befund_model::section::{
    devices, hardware, load, maintenance, network as net, people, reach, security, software,
    storage, trouble,
};

/// Tells a shape.
type Of = fn() -> Shape;

/// The probes: name, version, facts.
const PROBES: &[(&str, u32, Of)] = &[
    ("clock.offset", 1, Shape::of::<remote::ClockFacts>),
    ("disk.space", 1, Shape::of::<machine::DiskSpaceFacts>),
    ("log.tail", 1, Shape::of::<machine::LogTailFacts>),
    ("net.addr", 1, Shape::of::<network::AddrFacts>),
    ("net.client-cert", 1, Shape::of::<trust::ClientCertFacts>),
    ("net.dns", 1, Shape::of::<network::DnsFacts>),
    ("net.dns-truth", 1, Shape::of::<names::DnsTruthFacts>),
    ("net.gateway", 1, Shape::of::<network::GatewayFacts>),
    ("net.http", 1, Shape::of::<remote::HttpFacts>),
    ("net.interception", 1, Shape::of::<trust::InterceptionFacts>),
    ("net.ipv6", 1, Shape::of::<path::Ipv6Facts>),
    ("net.link", 1, Shape::of::<network::LinkFacts>),
    ("net.loss", 1, Shape::of::<path::LossFacts>),
    ("net.mtu", 1, Shape::of::<path::MtuFacts>),
    ("net.overrides", 1, Shape::of::<names::OverridesFacts>),
    ("net.pac", 1, Shape::of::<trust::PacFacts>),
    ("net.proxy", 1, Shape::of::<network::ProxyFacts>),
    ("net.tcp", 1, Shape::of::<remote::TcpFacts>),
    ("net.tls", 1, Shape::of::<remote::TlsFacts>),
    ("process.top", 1, Shape::of::<machine::ProcessTopFacts>),
    ("service.state", 1, Shape::of::<machine::ServiceFacts>),
];

/// The sections.
const SECTIONS: &[(&str, Of)] = &[
    ("autostart", Shape::of::<maintenance::Autostart>),
    ("batteries", Shape::of::<hardware::Batteries>),
    ("batteries.state", Shape::of::<hardware::BatteriesState>),
    ("boots", Shape::of::<maintenance::Boots>),
    ("browsers", Shape::of::<maintenance::Browsers>),
    ("browsers.extensions", Shape::of::<maintenance::BrowserExtensions>),
    ("certificates", Shape::of::<security::Certificates>),
    ("clock", Shape::of::<software::Clock>),
    ("cpu", Shape::of::<hardware::Cpu>),
    ("crashes", Shape::of::<trouble::Crashes>),
    ("devices", Shape::of::<devices::Devices>),
    ("directory", Shape::of::<people::Directory>),
    ("directory.state", Shape::of::<people::DirectoryState>),
    ("disks", Shape::of::<storage::Disks>),
    ("disks.health", Shape::of::<storage::DisksHealth>),
    ("displays", Shape::of::<devices::Displays>),
    ("drivers", Shape::of::<maintenance::Drivers>),
    ("encryption", Shape::of::<security::Encryption>),
    ("errors", Shape::of::<software::Errors>),
    ("filesystems", Shape::of::<storage::Filesystems>),
    ("filesystems.usage", Shape::of::<storage::FilesystemsUsage>),
    ("firmware", Shape::of::<hardware::Firmware>),
    ("groups", Shape::of::<people::Groups>),
    ("load", Shape::of::<load::Load>),
    ("media", Shape::of::<devices::Media>),
    ("media.state", Shape::of::<devices::MediaState>),
    ("memory", Shape::of::<hardware::Memory>),
    ("memory.usage", Shape::of::<hardware::MemoryUsage>),
    ("network.addresses", Shape::of::<net::Addresses>),
    ("network.connections", Shape::of::<reach::Connections>),
    ("network.counters", Shape::of::<net::Counters>),
    ("network.dns", Shape::of::<net::Dns>),
    ("network.firewall", Shape::of::<reach::Firewall>),
    ("network.interfaces", Shape::of::<net::Interfaces>),
    ("network.leases", Shape::of::<reach::Leases>),
    ("network.neighbours", Shape::of::<reach::Neighbours>),
    ("network.ports", Shape::of::<net::Ports>),
    ("network.proxy", Shape::of::<net::Proxy>),
    ("network.routes", Shape::of::<net::Routes>),
    ("network.vpn", Shape::of::<reach::Vpn>),
    ("os", Shape::of::<software::Os>),
    ("packages", Shape::of::<software::Packages>),
    ("printers", Shape::of::<devices::Printers>),
    ("printers.state", Shape::of::<devices::PrintersState>),
    ("processes", Shape::of::<software::Processes>),
    ("security", Shape::of::<security::Security>),
    ("sensors", Shape::of::<devices::Sensors>),
    ("services", Shape::of::<software::Services>),
    ("services.state", Shape::of::<software::ServicesState>),
    ("sessions", Shape::of::<software::Sessions>),
    ("system", Shape::of::<hardware::System>),
    ("tasks", Shape::of::<maintenance::Tasks>),
    ("tasks.state", Shape::of::<maintenance::TasksState>),
    ("updates", Shape::of::<maintenance::Updates>),
    ("updates.state", Shape::of::<maintenance::UpdatesState>),
    ("uptime", Shape::of::<software::Uptime>),
    ("users", Shape::of::<software::Users>),
    ("users.state", Shape::of::<people::UsersState>),
    ("wifi", Shape::of::<net::Wifi>),
    ("wifi.network", Shape::of::<net::WifiNetworks>),
];

/// The page, as it was made last.
const PAGE: &str = include_str!("../../../docs/facts.txt");

/// What stands on the page before the first shape.
const HEAD: &str = "\
# Every fact that an expression of a runbook may name: of each probe, then of each section of a snapshot.
# text, number, flag (true or false), (this|that) for words, [of a list], <of an object with any names>;
# a member with ? may be missing: ask has(facts.member) first.
# Made by: cargo run -p befund-runbook --example facts > docs/facts.txt
";

/// The page, made anew from the types.
#[must_use]
pub fn page() -> String {
    let probes = PROBES.iter().map(|(name, version, of)| (format!("{name}@{version}"), of));
    let sections = SECTIONS.iter().map(|(kind, of)| ((*kind).to_owned(), of));
    probes.chain(sections).fold(HEAD.to_owned(), |mut page, (name, of)| {
        write!(page, "\n{name}\n{:#}\n", of()).expect("writing to a text does not fail");
        page
    })
}

/// What a probe's facts look like; anything for one that is not known in this version.
pub(crate) fn of_probe(name: &str, version: u32) -> Shape {
    find(&format!("{name}@{version}"))
}

/// What a section looks like; anything for one that is not known.
pub(crate) fn of_section(kind: &str) -> Shape {
    find(kind)
}

fn find(name: &str) -> Shape {
    let found = PAGE.split("\n\n").find_map(|block| block.strip_prefix(name)?.strip_prefix('\n'));
    found.map_or(Shape::Any, |text| text.parse().expect("a test has read every shape of the page"))
}

#[cfg(test)]
mod tests {
    use befund_model::probe::spec;
    use befund_model::section;

    use super::*;

    #[test]
    fn the_page_is_what_the_types_make() {
        let how = "cargo run -p befund-runbook --example facts > docs/facts.txt";
        assert!(page() == PAGE, "docs/facts.txt is not what the types make; run {how}");
        for (name, version, of) in PROBES {
            assert_eq!(of_probe(name, *version), of(), "{name}");
        }
        for (kind, of) in SECTIONS {
            assert_eq!(of_section(kind), of(), "{kind}");
        }
    }

    #[test]
    fn every_probe_and_section_has_a_shape() {
        for spec in spec::PROBES {
            let shape = of_probe(spec.name, spec.version);
            assert!(matches!(shape, Shape::Object(_)), "{}: give it a row here", spec.name);
        }
        for known in section::ALL {
            let kind = known.kind.as_str();
            assert!(matches!(of_section(kind), Shape::Object(_)), "{kind}: give it a row here");
        }
    }
}
