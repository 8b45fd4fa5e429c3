//! Broken ways to others: the probes of names, loss, packet sizes and IPv6 on a machine whose gateway
//! leads to a server, and each thing between them broken in one way at a time.
//!
//! Needs root, `ip` and `nft`; without them each story says that it was skipped.

use std::process::Command;
use std::time::{Duration, Instant};

use befund_model::job::{JobState, Work};
use befund_model::probe::names::{DnsTruthFacts, OverridesFacts, Truth};
use befund_model::probe::network::DnsFacts;
use befund_model::probe::path::{Ipv6Facts, LossFacts, MtuFacts};
use befund_model::probe::trust::{ClientCertFacts, InterceptionFacts, PacFacts, Root};
use befund_model::probe::{ProbeResult, Verdict};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::common::{skipped, write};
use crate::network::{Network, ip};
use crate::remote::{authority, measure, tls_server, with_policy};

/// A machine, its gateway, and a server behind that: 10.77.0.2 - 10.77.0.1 | 10.78.0.1 - 10.78.0.2,
/// and fd77::/64, fd78::/64 likewise.
fn beyond(story: &str, policy: &str) -> Option<Network> {
    let mut network = Network::make(story)?;
    if !nft(&network.gateway, "add table inet t") {
        skipped(story, "it needs the command `nft`");
        return None;
    }
    let server = format!("{}s", network.machine);
    let link = format!("s{}", &network.machine[3..]);
    let (machine, gateway) = (network.machine.clone(), network.gateway.clone());
    for line in [
        format!("netns add {server}"),
        format!("link add w{link} type veth peer name {link}"),
        format!("link set w{link} netns {gateway} name wan0"),
        format!("link set {link} netns {server} name eth0"),
        format!("-n {gateway} link set lo up"),
        format!("-n {gateway} addr add 10.78.0.1/24 dev wan0"),
        format!("-n {gateway} addr add fd78::1/64 dev wan0 nodad"),
        format!("-n {gateway} addr add fd77::1/64 dev lan0 nodad"),
        format!("-n {gateway} link set wan0 up"),
        format!("-n {server} link set lo up"),
        format!("-n {server} addr add 10.78.0.2/24 dev eth0"),
        format!("-n {server} addr add fd78::2/64 dev eth0 nodad"),
        format!("-n {server} link set eth0 up"),
        format!("-n {server} route add default via 10.78.0.1"),
        format!("-n {server} route add default via fd78::1"),
        format!("-n {machine} addr add fd77::2/64 dev eth0 nodad"),
    ] {
        assert!(ip(&line), "ip {line}");
    }
    for option in ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] {
        let (name, value) = option.split_once('=').expect("an option");
        let file = format!("/proc/sys/{}", name.replace('.', "/"));
        let set = format!("netns exec {gateway} sh -c echo${{IFS}}{value}>{file}");
        assert!(ip(&set), "{set}");
    }
    // Neighbours are not looked for before the links' own addresses are known to be nobody else's.
    for namespace in [&machine, &gateway, &server] {
        let pending = || {
            let mut ip = Command::new("ip");
            let told = ip.args(["-n", namespace, "-6", "addr", "show", "tentative"]).output();
            !told.expect("ip runs").stdout.is_empty()
        };
        let until = Instant::now() + Duration::from_secs(10);
        while pending() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(nft(&gateway, "add chain inet t way { type filter hook forward priority 0 ; }"));
    let policy = format!("[targets.tcp]\nweb = \"10.78.0.2:80\"\n{policy}");
    std::fs::write(network.folder.path().join("policy.toml"), policy).expect("a policy");
    network.others.push(server);
    Some(network)
}

fn nft(namespace: &str, line: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, "nft"]).args(line.split(' '));
    command.output().is_ok_and(|output| output.status.success())
}

/// Lays a file over the machine's own /etc, for the system's resolver, and into its tree.
fn lay_over(network: &Network, name: &str, text: &str) {
    let folder = format!("/etc/netns/{}", network.machine);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(format!("{folder}/{name}"), text).expect("written");
    write(&network.folder.path().join("root"), &format!("/etc/{name}"), text);
}

async fn probe<T: DeserializeOwned>(
    network: &Network,
    probe: &str,
    parameters: Value,
) -> (ProbeResult, T) {
    let outcome = network.run(Work::Probe(probe.to_owned()), parameters).await;
    assert_eq!(outcome.state, JobState::Done, "{}", outcome.reason);
    let result: ProbeResult = serde_json::from_value(outcome.result).expect("a probe's result");
    let facts = result.facts().unwrap_or_else(|| panic!("facts: {result:?}"));
    (result, facts)
}

#[tokio::test]
async fn lost_packets_are_counted_where_they_are_lost() {
    let Some(mut network) = beyond("lost_packets_are_counted", "") else { return };
    let server = network.others[0].clone();
    network.serve_at(&server, &["open"]);
    let (result, facts) = probe::<LossFacts>(&network, "net.loss", Value::Null).await;
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);
    let told: Vec<_> = facts
        .hops
        .iter()
        .map(|hop| (hop.what.as_str(), hop.method.as_deref(), hop.received))
        .collect();
    assert_eq!(told, [("gateway", Some("icmp"), 20), ("target", Some("icmp"), 20)]);

    // Every fourth packet of a way is lost.
    assert!(nft(&network.gateway, "add rule inet t way iifname lan0 numgen inc mod 4 == 0 drop"));
    let (result, facts) = probe::<LossFacts>(&network, "net.loss", json!({"count": 40})).await;
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
    assert_eq!(facts.hops[1].loss_percent, Some(25.0), "{facts:?}");
    assert!(result.summary.contains("further out"), "{}", result.summary);
}

#[tokio::test]
async fn who_answers_no_echoes_is_asked_by_connections() {
    let Some(mut network) = beyond("who_answers_no_echoes", "") else { return };
    let server = network.others[0].clone();
    network.serve_at(&server, &["open"]);
    assert!(nft(&network.gateway, "add rule inet t way icmp type echo-request drop"));
    let (result, facts) = probe::<LossFacts>(&network, "net.loss", json!({"count": 8})).await;
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);
    let target = &facts.hops[1];
    assert_eq!((target.method.as_deref(), target.received), (Some("tcp"), 8), "{target:?}");

    assert!(nft(&network.gateway, "add rule inet t way drop"));
    let (result, _) = probe::<LossFacts>(&network, "net.loss", json!({"count": 5})).await;
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
    assert!(result.summary.contains("does not answer"), "{}", result.summary);
}

#[tokio::test]
async fn the_largest_packet_is_found_and_a_black_hole_told() {
    let Some(network) = beyond("the_largest_packet_is_found", "") else { return };
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!((facts.mtu, facts.black_hole), (Some(1_500), Some(false)), "{facts:?}");
    assert_eq!(facts.interface_mtu, Some(1_500));
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);

    // A router that says so: less than is usual, and no worse.
    network.gateway("link set wan0 mtu 1320");
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!((facts.mtu, facts.black_hole), (Some(1_320), Some(false)), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);

    // One that keeps it to itself.
    assert!(nft(&network.gateway, "add chain inet t own { type filter hook output priority 0 ; }"));
    assert!(nft(&network.gateway, "add rule inet t own icmp type destination-unreachable drop"));
    network.gateway("link set wan0 mtu 1450");
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!((facts.mtu, facts.black_hole), (Some(1_450), Some(true)), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);

    network.gateway("link set wan0 mtu 1000");
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!(facts.mtu, Some(1_000), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
}

/// Without the privilege for raw sockets.
const UNPRIVILEGED: &[&str] = &["setpriv", "--bounding-set=-net_raw"];

#[tokio::test]
async fn echoes_need_no_privilege_where_the_system_gives_them_to_all() {
    let Some(mut network) = beyond("echoes_need_no_privilege", "") else { return };
    let server = network.others[0].clone();
    network.serve_at(&server, &["open"]);
    network.started_by = UNPRIVILEGED.to_vec();
    // As the kernel sets it: nobody may.
    let (result, facts) = probe::<LossFacts>(&network, "net.loss", json!({"count": 5})).await;
    let told: Vec<_> = facts.hops.iter().map(|hop| hop.method.as_deref()).collect();
    assert_eq!(told, [Some("tcp"), Some("tcp")], "{facts:?}");
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!(facts.method.as_deref(), Some("kernel"), "{facts:?}");
    assert!(facts.error.is_some_and(|error| error.contains("echoes cannot be sent")));
    assert_eq!(result.verdict, Verdict::Unknown, "{}", result.summary);

    // As systemd sets it: everybody may.
    let range = "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range";
    let set =
        Command::new("ip").args(["netns", "exec", &network.machine, "sh", "-c", range]).status();
    assert!(set.expect("ip runs").success());
    network.gateway("link set wan0 mtu 1420");
    let (_, facts) = probe::<LossFacts>(&network, "net.loss", json!({"count": 5})).await;
    assert_eq!(facts.hops[1].method.as_deref(), Some("icmp"), "{facts:?}");
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!((facts.method.as_deref(), facts.mtu), (Some("icmp"), Some(1_420)), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);
}

#[tokio::test]
async fn packets_of_ipv6_are_measured_as_well() {
    for unprivileged in [false, true] {
        let Some(mut network) = beyond("packets_of_ipv6", "") else { return };
        let policy = "[targets.tcp]\nweb = \"[fd78::2]:80\"\n";
        std::fs::write(network.folder.path().join("policy.toml"), policy).expect("a policy");
        assert!(ip(&format!("-n {} route add default via fd77::1", network.machine)));
        if unprivileged {
            network.started_by = UNPRIVILEGED.to_vec();
            let range = "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range";
            let set = Command::new("ip")
                .args(["netns", "exec", &network.machine, "sh", "-c", range])
                .status();
            assert!(set.expect("ip runs").success());
        }
        let (_, facts) = probe::<LossFacts>(&network, "net.loss", json!({"count": 5})).await;
        assert_eq!(
            (facts.hops[1].method.as_deref(), facts.hops[1].received),
            (Some("icmp"), 5),
            "{facts:?}"
        );
        let (_, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
        assert_eq!((facts.mtu, facts.black_hole), (Some(1_500), Some(false)), "{facts:?}");
        network.gateway("link set wan0 mtu 1380");
        let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
        assert_eq!((facts.mtu, facts.black_hole), (Some(1_380), Some(false)), "{facts:?}");
        assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);
    }
}

#[tokio::test]
async fn a_target_without_echoes_leaves_what_the_system_knows() {
    let Some(mut network) = beyond("a_target_without_echoes", "") else { return };
    let server = network.others[0].clone();
    network.serve_at(&server, &["open"]);
    assert!(nft(&network.gateway, "add rule inet t way icmp type echo-request drop"));
    let (result, facts) = probe::<MtuFacts>(&network, "net.mtu", Value::Null).await;
    assert_eq!((facts.method.as_deref(), facts.mtu), (Some("kernel"), Some(1_500)), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Unknown, "{}", result.summary);
}

#[tokio::test]
async fn ipv6_that_leads_nowhere_is_told_from_ipv6_that_is_not_there() {
    let Some(mut network) = beyond("ipv6_that_leads_nowhere", "") else { return };
    let server = network.others[0].clone();
    let policy = "[targets.tcp]\ndual = \"dual.example:80\"\n";
    std::fs::write(network.folder.path().join("policy.toml"), policy).expect("a policy");
    lay_over(&network, "hosts", "10.78.0.2 dual.example\nfd78::2 dual.example\n");
    network.serve_at(&server, &["open"]);
    let (result, facts) = probe::<Ipv6Facts>(&network, "net.ipv6", Value::Null).await;
    assert!(!facts.route, "{facts:?}");
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);

    assert!(ip(&format!("-n {} route add default via fd77::1", network.machine)));
    let (result, facts) = probe::<Ipv6Facts>(&network, "net.ipv6", Value::Null).await;
    // The server listens on IPv4 only, and refuses: the way is there.
    assert!(facts.route && facts.address, "{facts:?}");
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);

    assert!(nft(&network.gateway, "add rule inet t way meta nfproto ipv6 drop"));
    let (result, _) = probe::<Ipv6Facts>(&network, "net.ipv6", Value::Null).await;
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
    assert!(result.summary.contains("IPv4 connects, IPv6 does not"), "{}", result.summary);
}

const NAMES: &str =
    "[targets]\ndns = [\"www.example.com\"]\n[targets.resolvers]\nthere = \"10.78.0.2\"\n";

#[tokio::test]
async fn lying_name_servers_are_caught_by_a_reference() {
    for (gateway, server, truth, verdict) in [
        ("203.0.113.7", "203.0.113.7", Truth::Same, Verdict::Pass),
        ("203.0.113.7", "203.0.113.8", Truth::Elsewhere, Verdict::Warn),
        ("10.77.0.1", "203.0.113.7", Truth::Diverted, Verdict::Fail),
        ("203.0.113.7", "none", Truth::Invented, Verdict::Fail),
        ("none", "203.0.113.7", Truth::Missing, Verdict::Fail),
    ] {
        let Some(mut network) = beyond("lying_name_servers_are_caught", "") else { return };
        std::fs::write(network.folder.path().join("policy.toml"), NAMES).expect("a policy");
        lay_over(&network, "resolv.conf", "nameserver 10.77.0.1\n");
        let (at_gateway, at_server) = (network.gateway.clone(), network.others[0].clone());
        network.serve_at(&at_gateway, &["open", gateway]);
        network.serve_at(&at_server, &["open", server]);
        let (result, facts) = probe::<DnsTruthFacts>(&network, "net.dns-truth", Value::Null).await;
        assert_eq!(facts.names[0].truth, truth, "{facts:?}");
        assert_eq!(result.verdict, verdict, "{}", result.summary);
    }
}

#[tokio::test]
async fn a_hosts_file_that_overrides_a_target_is_told_twice() {
    let Some(mut network) = beyond("a_hosts_file_that_overrides", "") else { return };
    std::fs::write(network.folder.path().join("policy.toml"), NAMES).expect("a policy");
    lay_over(&network, "resolv.conf", "nameserver 10.77.0.1\n");
    lay_over(&network, "hosts", "127.0.0.1 localhost\n10.9.9.9 www.example.com\n");
    let (at_gateway, at_server) = (network.gateway.clone(), network.others[0].clone());
    network.serve_at(&at_gateway, &["open", "203.0.113.7"]);
    network.serve_at(&at_server, &["open", "203.0.113.7"]);
    let (result, facts) = probe::<DnsTruthFacts>(&network, "net.dns-truth", Value::Null).await;
    assert_eq!(facts.names[0].truth, Truth::Overridden, "{facts:?}");
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
    let (result, facts) = probe::<OverridesFacts>(&network, "net.overrides", Value::Null).await;
    assert_eq!(facts.listed[0].address, "10.9.9.9");
    assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);
}

#[tokio::test]
async fn names_of_the_inside_are_not_told_to_the_reference() {
    let Some(mut network) = beyond("names_of_the_inside", "") else { return };
    std::fs::write(network.folder.path().join("policy.toml"), NAMES).expect("a policy");
    lay_over(&network, "resolv.conf", "search example.com\nnameserver 10.77.0.1\n");
    let at_gateway = network.gateway.clone();
    network.serve_at(&at_gateway, &["open", "10.77.0.9"]);
    let (result, facts) = probe::<DnsTruthFacts>(&network, "net.dns-truth", Value::Null).await;
    assert_eq!((facts.names[0].truth, &facts.names[0].reference), (Truth::Internal, &None));
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);
}

#[tokio::test]
async fn one_dead_server_of_two_is_told() {
    let Some(mut network) = beyond("one_dead_server_of_two", "") else { return };
    std::fs::write(network.folder.path().join("policy.toml"), NAMES).expect("a policy");
    lay_over(&network, "resolv.conf", "nameserver 10.77.0.1\nnameserver 10.78.0.2\n");
    let at_gateway = network.gateway.clone();
    network.serve_at(&at_gateway, &["open"]);
    let (result, facts) = probe::<DnsFacts>(&network, "net.dns", Value::Null).await;
    assert_eq!(facts.servers.iter().map(|one| one.answered).collect::<Vec<_>>(), [true, false]);
    assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);
}

#[tokio::test]
async fn a_proxy_script_is_fetched_and_looked_at() {
    for (web, verdict, word) in [
        ("pac", Verdict::Warn, "10.77.0.1:81"),
        ("page", Verdict::Fail, "a page"),
        ("portal", Verdict::Fail, "login.hotel"),
    ] {
        let Some(mut network) = Network::make("a_proxy_script_is_fetched") else { return };
        let text =
            "[system/proxy]\nmode='auto'\nautoconfig-url='http://10.77.0.1/proxy.pac?user=anna'\n";
        write(&network.folder.path().join("root"), "/etc/dconf/db/local.d/00-proxy", text);
        let gateway = network.gateway.clone();
        network.serve_at(&gateway, &[web]);
        let (result, facts) = probe::<PacFacts>(&network, "net.pac", Value::Null).await;
        assert_eq!(result.verdict, verdict, "{}", result.summary);
        assert!(result.summary.contains(word), "{}", result.summary);
        assert_eq!(facts.scripts[0].url, "http://10.77.0.1/proxy.pac");
        if web == "pac" {
            let proxies = &facts.scripts[0].proxies;
            assert_eq!(
                proxies.iter().map(|proxy| proxy.reachable).collect::<Vec<_>>(),
                [true, false]
            );
        }
    }
}

#[tokio::test]
async fn whoever_signs_for_a_server_is_placed() {
    let public = authority("Public Root");
    let corporate = authority("Corporate Inspection");
    let strange = authority("Strange Root");
    for (signer, issuer, root, verdict) in [
        (&public, None, Root::Public, Verdict::Pass),
        (&public, Some("Public Root"), Root::Public, Verdict::Pass),
        (&public, Some("Another Root"), Root::Public, Verdict::Warn),
        (&corporate, None, Root::Managed, Verdict::Warn),
        (&strange, None, Root::Unknown, Verdict::Fail),
    ] {
        let at = tls_server(signer, "127.0.0.1", 60);
        let expected = issuer.map(|issuer| format!("[targets.issuers]\nours = \"{issuer}\"\n"));
        let policy = format!("[targets.tls]\nweb = \"{at}\"\n{}", expected.unwrap_or_default());
        let fixture = with_policy(&policy);
        let bundle = format!("{}{}", public.pem, corporate.pem);
        fixture.write("/etc/ssl/certs/ca-certificates.crt", &bundle);
        fixture.write("/usr/local/share/ca-certificates/corp/proxy.crt", &corporate.pem);
        let parameters = if issuer.is_some() { json!({"issuer": "ours"}) } else { Value::Null };
        let (_, outcome) = fixture.probe("net.interception", parameters).await;
        let result: ProbeResult = serde_json::from_value(outcome.result).expect("a result");
        let facts: InterceptionFacts = result.facts().expect("facts");
        assert_eq!((facts.targets[0].root, result.verdict), (root, verdict), "{}", result.summary);
        assert_eq!(facts.managed_roots.len(), 1);
    }
}

#[tokio::test]
async fn a_client_certificate_that_ends_or_has_no_key_is_told() {
    let connection = |name: &str| {
        format!(
            "[connection]\nid={name}\n[802-1x]\nclient-cert=/etc/pki/{name}.pem\nprivate-key=/etc/pki/{name}.key\n"
        )
    };
    // A certificate of an authority lasts long.
    let pem = authority("Ours").pem;
    let fixture = with_policy("");
    for name in ["office", "lost"] {
        let at = format!("/etc/NetworkManager/system-connections/{name}.nmconnection");
        fixture.write(&at, &connection(name));
        fixture.write(&format!("/etc/pki/{name}.pem"), &pem);
    }
    fixture.write("/etc/pki/office.key", "no matter what");
    let (result, facts) = measure::<ClientCertFacts>(&fixture, "net.client-cert").await;
    let told: Vec<_> =
        facts.certificates.iter().map(|one| (one.used_by.as_str(), one.key)).collect();
    assert_eq!(
        told,
        [("NetworkManager: lost", Some(false)), ("NetworkManager: office", Some(true))]
    );
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
}
