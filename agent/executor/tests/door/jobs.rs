//! Orders through the door, with a real collect child over a recorded tree.

use befund_model::job::{JobNews, JobState, Work};
use befund_model::probe::ProbeResult;
use befund_model::probe::network::{DnsFacts, LinkFacts};
use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::{self, Fixture};

fn link(fixture: &Fixture, name: &str, kind: &str, state: &str, carrier: &str, device: bool) {
    let folder = format!("/sys/class/net/{name}");
    fixture.write(&format!("{folder}/type"), kind);
    fixture.write(&format!("{folder}/operstate"), state);
    fixture.write(&format!("{folder}/carrier"), carrier);
    if device {
        fixture.write(&format!("{folder}/device/vendor"), "0x8086");
    }
}

#[tokio::test]
async fn a_probe_runs_in_the_child_and_tells_as_it_goes() {
    let fixture = Fixture::start(|_, _| {});
    link(&fixture, "lo", "772\n", "unknown\n", "1\n", false);
    link(&fixture, "eth0", "1\n", "up\n", "1\n", true);
    link(&fixture, "docker0", "1\n", "down\n", "0\n", false);

    let (events, outcome) = fixture.probe("net.link", Value::Null).await;

    assert_eq!((outcome.state, outcome.status), (JobState::Done, Status::Ok), "{}", outcome.reason);
    let result: ProbeResult = serde_json::from_value(outcome.result).expect("a probe's result");
    assert_eq!(result.summary, "eth0 up");
    let facts: LinkFacts = result.facts().expect("facts");
    let physical: Vec<_> =
        facts.interfaces.iter().map(|link| (link.name.as_str(), link.physical)).collect();
    assert_eq!(physical, [("docker0", false), ("eth0", true)]);
    assert!(events.iter().map(|event| event.seq).eq(1..=3), "{events:?}");
    assert_eq!(events[0].what, JobNews::Started);
    assert_eq!(events[2].what, JobNews::Output("eth0: up".to_owned()));
}

#[tokio::test]
async fn each_configured_dns_server_is_asked_by_itself() {
    let fixture = Fixture::start(|_, _| {});
    let live = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let (live_at, closed_at) =
        (live.local_addr().expect("bound"), closed.local_addr().expect("bound"));
    drop(closed);
    // A server of its own: one address for A, none for AAAA.
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let mut bytes = [0; 512];
            let (length, from) = live.recv_from(&mut bytes).expect("a question");
            let mut reply = bytes[..length].to_vec();
            (reply[2], reply[3]) = (0x81, 0x80);
            if reply[length - 3] == 1 {
                reply[7] = 1;
                reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7]);
            }
            live.send_to(&reply, from).expect("sent");
        }
    });
    let servers = format!(
        "nameserver 127.0.0.1#{}\nnameserver 127.0.0.1#{}\n",
        live_at.port(),
        closed_at.port()
    );
    fixture.write("/etc/resolv.conf", &servers);

    let (_, outcome) = fixture.probe("net.dns", json!({"name": "example.com"})).await;

    server.join().expect("the server answered twice");
    let result: ProbeResult = serde_json::from_value(outcome.result).expect("a probe's result");
    let facts: DnsFacts = result.facts().expect("facts");
    let [good, bad] = facts.servers.as_slice() else { panic!("two servers: {facts:?}") };
    assert_eq!(good.lookups[0].addresses, [std::net::IpAddr::from([192, 0, 2, 7])]);
    assert_eq!(good.lookups[1].rcode.as_deref(), Some("NOERROR"));
    assert!(good.answered && !bad.answered);
    assert!(
        bad.lookups[0].error.as_deref().is_some_and(|error| error.contains("refused")),
        "{bad:?}"
    );
    assert_eq!(result.verdict, befund_model::probe::Verdict::Warn);
}

#[tokio::test]
async fn what_is_not_known_or_not_allowed_is_refused() {
    let fixture = Fixture::start(|folder, config| {
        let text = "[targets]\ndns = [\"a.example\"]\n[allow]\nworks = [\"net.dns\"]\n";
        std::fs::write(&config.policy, text).expect("a policy");
        assert!(config.policy.starts_with(folder));
    });
    let probe = |name: &str, parameters| fixture.order(Work::Probe(name.to_owned()), parameters);
    let mut other = probe("net.dns", Value::Null);
    other.agent = common::agent();
    for (order, expected) in [
        (probe("net.nothing", Value::Null), "no probe \"net.nothing\""),
        (probe("net.link", Value::Null), "does not allow net.link"),
        (probe("net.dns", json!({"name": "b.example"})), "it lists a.example"),
        (probe("net.dns", json!({"server": "192.0.2.1"})), "takes no parameter \"server\""),
        (other, "the order is for agent"),
    ] {
        let (events, outcome) = fixture.run(order).await;
        assert_eq!(outcome.state, JobState::Refused);
        assert!(outcome.reason.contains(expected), "{}", outcome.reason);
        assert!(events.is_empty(), "nothing may have started: {events:?}");
    }
}
