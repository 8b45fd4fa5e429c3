//! Who may ask, and what the policy says.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use befund_executor::door::client::ExecutorError;
use befund_executor::door::{Reply, Request};
use befund_executor::policy::{Policy, PolicyError};
use befund_model::job::{JobState, Work};
use befund_model::probe::List;
use befund_runtime::frame;
use serde_json::Value;

use crate::common::{Fixture, skipped};

/// Needs root: only root can become somebody else.
#[tokio::test]
async fn a_stranger_is_refused() {
    let fixture = Fixture::start(|_, _| {});
    if !crate::common::is_root() {
        skipped("a_stranger_is_refused", "only root can knock as another account");
        return;
    }
    // A stranger gets as far as the socket lets them: here, all the way.
    for path in [fixture.folder.path(), fixture.client.path()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).expect("a mode");
    }

    let mut stranger = tokio::process::Command::new(crate::common::child(&[]).program);
    stranger.arg("knock").arg(fixture.client.path()).uid(65_534).gid(65_534);
    let output = stranger.output().await.expect("a stranger");

    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("user 65534 may not use the executor"), "{said} {:?}", output.status);
}

#[tokio::test]
async fn a_request_that_is_none_is_answered_with_an_error() {
    let fixture = Fixture::start(|_, _| {});
    let mut stream = tokio::net::UnixStream::connect(fixture.client.path()).await.expect("a door");
    frame::send(&mut stream, &"open sesame", &[]).await.expect("sent");
    let reply = frame::receive::<Reply>(&mut stream).await.expect("readable").expect("a reply");
    assert!(matches!(reply.header, Reply::Error { .. }), "{reply:?}");

    // And the door is still there for others.
    let mut stream = tokio::net::UnixStream::connect(fixture.client.path()).await.expect("a door");
    frame::send(&mut stream, &Request::Describe, &[]).await.expect("sent");
    let reply = frame::receive::<Reply>(&mut stream).await.expect("readable").expect("a reply");
    assert!(matches!(reply.header, Reply::Description(_)), "{reply:?}");
}

#[tokio::test]
async fn an_executor_that_is_not_there_is_told_with_the_way_out() {
    let client = befund_executor::ExecutorClient::new("/nowhere/executor.sock");
    let error = client.describe().await.expect_err("nobody there");
    assert!(matches!(error, ExecutorError::Connect { .. }));
    assert!(error.to_string().contains("/nowhere/executor.sock"), "{error}");
}

#[tokio::test]
async fn a_policy_that_others_may_write_stops_every_order() {
    let fixture = Fixture::start(|_, config| {
        std::fs::write(&config.policy, "").expect("a policy");
        let mode = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(&config.policy, mode).expect("a mode");
    });
    let (_, outcome) = fixture.probe("net.link", Value::Null).await;
    assert_eq!(outcome.state, JobState::Refused);
    assert!(outcome.reason.contains("is not trusted: its mode is 666"), "{}", outcome.reason);
    let error = fixture.client.describe().await.expect_err("no description of it");
    assert!(error.to_string().contains("chmod"), "{error}");
}

#[tokio::test]
async fn a_machine_that_is_not_enrolled_runs_no_orders() {
    let fixture = Fixture::start(|_, config| config.agent = None);
    let order = fixture.order(Work::Probe("net.link".into()), Value::Null);
    let (_, outcome) = fixture.run(order).await;
    assert_eq!(outcome.state, JobState::Refused);
    assert!(outcome.reason.contains("befund-agent enroll"), "{}", outcome.reason);
}

/// Whoever orders a runbook and names no catalogue is told how runbooks come to machines.
#[tokio::test]
async fn a_runbook_that_nobody_signed_is_refused_and_it_is_said_what_to_do() {
    let fixture = Fixture::start(|_, _| {});
    let order = fixture.order(Work::Runbook("net.no-internet".into()), Value::Null);
    let (events, outcome) = fixture.run(order).await;
    assert_eq!((events.len(), outcome.state), (0, JobState::Refused));
    for word in ["befund runbook sign", "befund runbook publish"] {
        assert!(outcome.reason.contains(word), "{}", outcome.reason);
    }
}

#[tokio::test]
async fn the_policy_is_described() {
    let fixture = Fixture::start(|_, config| {
        let text = "[targets]\nntp = [\"time.example\"]\n[allow]\nworks = [\"net.link\", \"clock.offset\"]\n";
        std::fs::write(&config.policy, text).expect("a policy");
    });
    let described = fixture.client.describe().await.expect("a description");
    let works: Vec<_> = described.works.iter().map(|info| info.work.name()).collect();
    assert_eq!(works, ["clock.offset", "net.link"]);
    assert_eq!(described.targets.names(List::NtpServers), ["time.example"]);
    assert_eq!(described.targets.names(List::DnsNames), ["example.com"], "the rest are defaults");
}

#[test]
fn mistakes_in_a_policy_are_named() {
    for (text, expected) in [
        ("[targets]\ndsn = []\n", &["line 2", "dsn"][..]),
        ("[alow]\n", &["line 1", "alow"]),
        ("targets = 5\n", &["line 1", "targets"]),
        ("[targets]\ntcp = { web = \"a.example\" }\n", &["targets.tcp.web", "host:port"]),
        ("[targets.http.x]\nurl = \"https://a.example\"\n", &["targets.http.x", "http://"]),
        ("[logs]\nx = \"../../etc/shadow\"\n", &["logs.x", "absolute"]),
        ("services = [\"a/b\"]\n", &["services", "a/b"]),
        ("[allow]\nworks = [\"net.dsn\"]\n", &["allow.works", "net.dsn", "net.dns"]),
        ("[allow]\nworks = [\"net.no-internet\"]\n", &["allow.works", "under [runbooks]"]),
        ("[targets\n", &["line 1"]),
    ] {
        let error = Policy::parse(Path::new("/etc/befund/policy.toml"), text).expect_err(text);
        assert!(matches!(error, PolicyError::Syntax { .. } | PolicyError::Entry { .. }));
        let told = error.to_string();
        for word in expected.iter().chain(&["/etc/befund/policy.toml"]) {
            assert!(told.contains(word), "{word} in: {told}");
        }
    }
}

#[test]
fn the_example_that_is_shipped_is_valid() {
    let text = include_str!("../../../systemd/policy.example.toml");
    let policy = Policy::parse(Path::new("policy.example.toml"), text).expect("valid");
    assert_eq!(policy.targets.names(List::TcpTargets), ["files", "web"]);
    assert!(policy.allows("log.tail") && !policy.allows("process.top"));
}
