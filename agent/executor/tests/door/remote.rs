//! Probes of what is beyond the machine, against servers of the test's own on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use befund_model::job::JobState;
use befund_model::probe::network::ProxyFacts;
use befund_model::probe::remote::{ClockFacts, HttpFacts, PortState, Portal, TcpFacts, TlsFacts};
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::snapshot::Status;
use befund_runtime::clock::Clock;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::common::{Fixture, free_port};

pub(crate) fn with_policy(text: &str) -> Fixture {
    Fixture::start(|_, config| std::fs::write(&config.policy, text).expect("a policy"))
}

pub(crate) async fn measure<T: DeserializeOwned>(
    fixture: &Fixture,
    probe: &str,
) -> (ProbeResult, T) {
    let (_, outcome) = fixture.probe(probe, Value::Null).await;
    assert_eq!(outcome.state, JobState::Done, "{}", outcome.reason);
    let result: ProbeResult = serde_json::from_value(outcome.result).expect("a probe's result");
    let facts = result.facts().unwrap_or_else(|| panic!("facts: {result:?}"));
    (result, facts)
}

/// Answers every connection with these bytes, whatever it asks.
pub(crate) fn answering(bytes: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let at = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let asked = stream.read(&mut [0; 1024]).expect("a question");
            assert!(asked > 0);
            stream.write_all(bytes.as_bytes()).expect("answered");
        }
    });
    at
}

#[tokio::test]
async fn ports_are_open_or_closed() {
    let open = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let at = open.local_addr().expect("bound");
    let closed = free_port();
    let fixture =
        with_policy(&format!("[targets.tcp]\na = \"{at}\"\nb = \"127.0.0.1:{closed}\"\n"));
    let (result, facts) = measure::<TcpFacts>(&fixture, "net.tcp").await;
    let states: Vec<_> = facts.targets.iter().map(|target| target.state).collect();
    assert_eq!(states, [PortState::Open, PortState::Closed]);
    assert_eq!(result.verdict, Verdict::Fail);
    assert!(result.summary.contains("closed"), "{}", result.summary);
}

#[tokio::test]
async fn a_portal_is_told_from_the_open_internet_and_from_silence() {
    let open = answering("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsuccess\n");
    let redirect =
        answering("HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/x?y\r\n\r\n");
    let page = answering("HTTP/1.1 200 OK\r\n\r\n<html>Please sign in</html>");
    let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
    for (at, result, verdict, host) in [
        (open, Portal::Open, Verdict::Pass, None),
        (redirect, Portal::Redirect, Verdict::Warn, Some("login.hotel.example")),
        (page, Portal::Redirect, Verdict::Warn, None),
        (nobody, Portal::None, Verdict::Fail, None),
    ] {
        let fixture = with_policy(&format!(
            "[targets.http.check]\nurl = \"http://{at}/check.txt\"\nbody = \"success\"\n"
        ));
        let (measured, facts) = measure::<HttpFacts>(&fixture, "net.http").await;
        assert_eq!((facts.result, measured.verdict), (result, verdict), "{}", measured.summary);
        assert_eq!(facts.portal_host.as_deref(), host);
    }
}

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

pub(crate) fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let certificate = params.self_signed(&key).expect("a root");
    Authority { pem: certificate.pem(), issuer: Issuer::new(params, key) }
}

/// A TLS server whose certificate is for this name and ends in so many days.
pub(crate) fn tls_server(authority: &Authority, name: &str, days: i64) -> SocketAddr {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let now = Clock::system().now().as_second();
    let at = |seconds| {
        std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).expect("positive"))
    };
    params.not_before = at(now - 90 * 86_400).into();
    params.not_after = at(now + days * 86_400 + 3_600).into();
    let certificate = params.signed_by(&key, &authority.issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a configuration");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let at = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut connection =
                rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
            while connection.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
        }
    });
    at
}

#[tokio::test]
async fn a_chain_is_read_and_judged_by_this_machines_roots() {
    let ours = authority("Our Root");
    let strangers = authority("Strange Root");
    for (signer, name, days, problem, verdict) in [
        (&ours, "127.0.0.1", 60, None, Verdict::Pass),
        (&ours, "127.0.0.1", 13, None, Verdict::Warn),
        (&ours, "127.0.0.1", -2, Some("has expired"), Verdict::Fail),
        (&ours, "other.example", 60, Some("for another name"), Verdict::Fail),
        (&strangers, "127.0.0.1", 60, Some("does not lead to a root"), Verdict::Fail),
    ] {
        let at = tls_server(signer, name, days);
        let fixture = with_policy(&format!("[targets.tls]\nweb = \"{at}\"\n"));
        fixture.write("/etc/ssl/certs/ca-certificates.crt", &ours.pem);

        let (result, facts) = measure::<TlsFacts>(&fixture, "net.tls").await;

        let [target] = facts.targets.as_slice() else { panic!("one target: {facts:?}") };
        assert_eq!(result.verdict, verdict, "{}", result.summary);
        assert_eq!(target.verified, problem.is_none());
        assert_eq!(target.days_left, Some(days), "{target:?}");
        assert_eq!(target.chain[0].names, [name]);
        assert!(target.chain[0].issuer.contains("Root"), "{target:?}");
        assert_eq!(target.protocol.as_deref(), Some("TLSv1_3"));
        if let Some(problem) = problem {
            assert!(
                target.problem.as_deref().is_some_and(|told| told.contains(problem)),
                "{target:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_tls_is_told() {
    let at = answering("SSH-2.0-nothing\r\n");
    let fixture = with_policy(&format!("[targets.tls]\nweb = \"{at}\"\n"));
    let (result, facts) = measure::<TlsFacts>(&fixture, "net.tls").await;
    assert_eq!(result.verdict, Verdict::Fail);
    let error = facts.targets[0].error.as_deref().expect("an error");
    assert!(error.contains("handshake with 127.0.0.1 failed"), "{error}");
}

/// Answers one question with a clock that is off by so much.
fn time_server(off: i64) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let at = socket.local_addr().expect("bound");
    std::thread::spawn(move || {
        let mut packet = [0; 64];
        let (length, from) = socket.recv_from(&mut packet).expect("a question");
        assert_eq!((length, packet[0]), (48, 0x23));
        let now = Clock::system().now().as_microsecond() + off * 1_000_000;
        let seconds = u32::try_from(now / 1_000_000 + 2_208_988_800).expect("before 2036");
        let fraction = u32::try_from(((now % 1_000_000) << 32) / 1_000_000).expect("a fraction");
        let mut reply = [0; 48];
        (reply[0], reply[1]) = (0x24, 2);
        reply[24..32].copy_from_slice(&packet[40..48]);
        for at in [32, 40] {
            reply[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
            reply[at + 4..at + 8].copy_from_slice(&fraction.to_be_bytes());
        }
        // First one that answers another question: it must not be believed.
        let mut forged = reply;
        forged[24] ^= 1;
        forged[32] ^= 0x40;
        socket.send_to(&forged, from).expect("sent");
        socket.send_to(&reply, from).expect("sent");
    });
    at
}

#[tokio::test]
async fn a_wrong_clock_is_seen() {
    for (off, verdict) in [(0, Verdict::Pass), (60, Verdict::Warn), (-3_600, Verdict::Fail)] {
        let at = time_server(off);
        let fixture = with_policy(&format!("[targets]\nntp = [\"{at}\"]\n"));
        let (result, facts) = measure::<ClockFacts>(&fixture, "clock.offset").await;
        assert_eq!(result.verdict, verdict, "{}", result.summary);
        let us = facts.offset_us.expect("an offset");
        let round_trip = facts.servers[0].round_trip_us.expect("a round trip");
        assert!((us - off * 1_000_000).abs() <= round_trip.max(1_000), "{facts:?}");
    }
}

#[tokio::test]
async fn no_time_is_unknown_and_not_fine() {
    let fixture = with_policy(&format!("[targets]\nntp = [\"127.0.0.1:{}\"]\n", free_port()));
    let (result, facts) = measure::<ClockFacts>(&fixture, "clock.offset").await;
    assert_eq!((result.status, result.verdict), (Status::Partial, Verdict::Unknown));
    assert!(facts.servers[0].error.is_some());
}

#[tokio::test]
async fn a_dead_proxy_is_found_without_its_password() {
    let fixture = with_policy("");
    let dead = free_port();
    let text = format!("https_proxy=\"http://user:s3cret@127.0.0.1:{dead}/\"\nLANG=C\n");
    fixture.write("/etc/environment", &text);
    let (result, facts) = measure::<ProxyFacts>(&fixture, "net.proxy").await;
    assert_eq!(result.verdict, Verdict::Fail);
    assert_eq!(facts.effective, format!("127.0.0.1:{dead}"));
    assert_eq!(facts.reachable, Some(false));
    let all = serde_json::to_string(&result).expect("JSON");
    assert!(!all.contains("s3cret"), "{all}");
}
