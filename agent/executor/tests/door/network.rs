//! Broken networks: the runbook `net.no-internet` in a network namespace of its own, whose gateway
//! is another namespace that the test breaks in one way at a time.
//!
//! Needs root and `ip`; without them each story says that it was skipped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use befund_executor::ExecutorClient;
use befund_executor::activate::{Activator, ExecutorCommand};
use befund_executor::door::client::Told;
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobNews, JobState, Order, Outcome, Work};
use befund_model::runbook::{CauseVerdict, RunbookResult};
use befund_runtime::clock::random;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::common::{agent, child, is_root, skipped, write};

/// A machine and its gateway, joined by a cable. Both go with it, and what was set up behind them.
pub(crate) struct Network {
    pub(crate) machine: String,
    pub(crate) gateway: String,
    pub(crate) folder: tempfile::TempDir,
    agent: AgentId,
    services: Vec<Child>,
    /// More namespaces, which go with it.
    pub(crate) others: Vec<String>,
    /// What the executor is started by, for one with fewer rights.
    pub(crate) started_by: Vec<&'static str>,
}

pub(crate) fn ip(line: &str) -> bool {
    let status = Command::new("ip")
        .args(line.split(" "))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

impl Network {
    /// None, and a word on standard error, where there can be none.
    pub(crate) fn make(story: &str) -> Option<Self> {
        if !is_root() || !ip("-Version") {
            skipped(story, "it needs root and the command `ip`");
            return None;
        }
        let id = u32::from_be_bytes(random());
        let network = Self {
            machine: format!("bfm{id:08x}"),
            gateway: format!("bfg{id:08x}"),
            folder: tempfile::tempdir().expect("a folder"),
            agent: agent(),
            services: Vec::new(),
            others: Vec::new(),
            started_by: Vec::new(),
        };
        let (machine, gateway) = (&network.machine, &network.gateway);
        if !ip(&format!("netns add {machine}")) {
            skipped(story, "this system gives no network namespaces");
            return None;
        }
        for line in [
            format!("netns add {gateway}"),
            format!("link add e{id:08x} type veth peer name g{id:08x}"),
            format!("link set e{id:08x} netns {machine} name eth0"),
            format!("link set g{id:08x} netns {gateway} name lan0"),
            format!("-n {machine} link set lo up"),
            format!("-n {machine} addr add 10.77.0.2/24 dev eth0"),
            format!("-n {machine} link set eth0 up"),
            format!("-n {gateway} addr add 10.77.0.1/24 dev lan0"),
            format!("-n {gateway} link set lan0 up"),
            format!("-n {machine} route add default via 10.77.0.1"),
        ] {
            assert!(ip(&line), "ip {line}");
        }
        let root = network.folder.path().join("root");
        write(&root, "/etc/resolv.conf", "nameserver 10.77.0.1\n");
        for folder in ["proc", "sys"] {
            std::os::unix::fs::symlink(format!("/{folder}"), root.join(folder)).expect("a link");
        }
        let policy =
            "[targets.http.check]\nurl = \"http://10.77.0.1/check.txt\"\nbody = \"success\"\n";
        std::fs::write(network.folder.path().join("policy.toml"), policy).expect("a policy");
        Some(network)
    }

    /// Lets the gateway answer names, and web pages in this way.
    fn serve(&mut self, web: &str) {
        self.serve_at(&self.gateway.clone(), &[web]);
    }

    /// Lets a namespace do so.
    pub(crate) fn serve_at(&mut self, namespace: &str, how: &[&str]) {
        let fixture = child(&[]).program;
        let mut services = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(fixture)
            .arg("gateway")
            .args(how)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a gateway");
        let mut line = String::new();
        let from = services.stdout.take().expect("a pipe");
        BufReader::new(from).read_line(&mut line).expect("a word");
        assert_eq!(line, "ready\n");
        self.services.push(services);
    }

    pub(crate) fn gateway(&self, line: &str) {
        let line = format!("-n {} {line}", self.gateway);
        assert!(ip(&line), "ip {line}");
    }

    /// Runs the runbook on the machine.
    async fn diagnose(&self) -> RunbookResult {
        let work = Work::Runbook("net.no-internet".into());
        let (outcome, steps, causes) = self.run(work, Value::Null).await;
        assert_eq!((outcome.state, steps, causes), (JobState::Done, 6, 6), "{}", outcome.reason);
        serde_json::from_value(outcome.result).expect("a runbook's result")
    }

    /// Runs a probe or a runbook on the machine; tells how many steps and causes were told.
    pub(crate) async fn run(&self, work: Work, parameters: Value) -> (Outcome, usize, usize) {
        let folder = self.folder.path();
        let text = |path: std::path::PathBuf| path.into_os_string();
        let mut arguments: Vec<std::ffi::OsString> =
            vec!["netns".into(), "exec".into(), self.machine.clone().into()];
        arguments.extend(self.started_by.iter().map(Into::into));
        arguments.extend([text(child(&[]).program), "executor".into(), text(folder.join("root"))]);
        arguments.extend([text(folder.join("policy.toml")), self.agent.to_string().into()]);
        let command = ExecutorCommand { program: "ip".into(), arguments };
        let socket = folder.join("executor.sock");
        let activator = Activator::bind(&socket, command).expect("a socket");
        let stop = CancellationToken::new();
        let serving = tokio::spawn(activator.serve(stop.clone()));
        let order = Order {
            job: JobId::new(Timestamp::UNIX_EPOCH, random()),
            agent: self.agent,
            work,
            parameters,
            ticket: None,
            within_ms: 30_000,
        };
        let mut job = ExecutorClient::new(&socket).run(order, 0).await.expect("an executor");
        let (mut steps, mut causes) = (0, 0);
        let outcome = loop {
            match job.next().await.expect("an answer") {
                Told::Outcome(outcome) => break outcome,
                Told::Event(event) => match event.what {
                    JobNews::StepEnded { .. } => steps += 1,
                    JobNews::Cause { .. } => causes += 1,
                    JobNews::Started
                    | JobNews::Output(_)
                    | JobNews::StepStarted { .. }
                    | JobNews::State(_)
                    | JobNews::Asked(_)
                    | JobNews::Answered(_)
                    | JobNews::Predicted { .. }
                    | JobNews::Consent { .. }
                    | JobNews::ApprovalAsked { .. }
                    | JobNews::Approved { .. }
                    | JobNews::Acting { .. }
                    | JobNews::Acted { .. }
                    | JobNews::Verified { .. }
                    | JobNews::Undone { .. }
                    | JobNews::Resumed { .. } => {}
                },
            }
        };
        stop.cancel();
        serving.await.expect("no panic");
        (outcome, steps, causes)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for services in &mut self.services {
            services.kill().expect("killed");
            services.wait().expect("gone");
        }
        for namespace in [&self.machine, &self.gateway].into_iter().chain(&self.others) {
            ip(&format!("netns del {namespace}"));
        }
        // What `ip netns exec` lays over /etc there.
        let _ = std::fs::remove_dir_all(format!("/etc/netns/{}", self.machine));
    }
}

/// The causes found.
fn found(result: &RunbookResult) -> Vec<&str> {
    let found = result.causes.iter().filter(|cause| cause.verdict == CauseVerdict::Found);
    found.map(|cause| cause.id.as_str()).collect()
}

#[tokio::test]
async fn a_healthy_network_has_no_cause() {
    let Some(mut network) = Network::make("a_healthy_network_has_no_cause") else { return };
    network.serve("open");
    let result = network.diagnose().await;
    let all = result.causes.iter().all(|cause| cause.verdict == CauseVerdict::Excluded);
    assert!(all, "{:#?}", result.causes);
    assert!(result.conclusion.starts_with("The Internet is open"), "{}", result.conclusion);
}

#[tokio::test]
async fn a_pulled_cable_is_found() {
    let Some(network) = Network::make("a_pulled_cable_is_found") else { return };
    network.gateway("link set lan0 down");
    let result = network.diagnose().await;
    assert_eq!(found(&result), ["link-down"], "{:#?}", result.causes);
    assert!(result.conclusion.contains("eth0 is"), "{}", result.conclusion);
}

#[tokio::test]
async fn a_dead_gateway_is_found_and_explains_the_rest() {
    let Some(network) = Network::make("a_dead_gateway_is_found") else { return };
    network.gateway("addr flush dev lan0");
    let result = network.diagnose().await;
    assert_eq!(found(&result), ["gateway-dead"], "{:#?}", result.causes);
    let dns = result.causes.iter().find(|cause| cause.id == "dns-dead").expect("a cause");
    assert_eq!(dns.verdict, CauseVerdict::Explained);
}

#[tokio::test]
async fn dead_name_servers_are_found() {
    let Some(network) = Network::make("dead_name_servers_are_found") else { return };
    let result = network.diagnose().await;
    assert_eq!(found(&result), ["dns-dead"], "{:#?}", result.causes);
}

#[tokio::test]
async fn a_captive_portal_is_found() {
    let Some(mut network) = Network::make("a_captive_portal_is_found") else { return };
    network.serve("portal");
    let result = network.diagnose().await;
    assert_eq!(found(&result), ["captive-portal"], "{:#?}", result.causes);
    assert!(result.conclusion.contains("login.hotel.example"), "{}", result.conclusion);
}
