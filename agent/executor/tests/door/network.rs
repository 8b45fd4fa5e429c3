//! Broken networks: the shipped runbook `net.no-internet`, signed here, in a network namespace of its own, whose
//! gateway is another namespace that the test breaks in one way at a time. It only looks: each is a dry run.
//!
//! Needs root and `ip`; without them each story says that it was skipped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use befund_executor::ExecutorClient;
use befund_executor::activate::{Activator, ExecutorCommand};
use befund_executor::door::client::Told;
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobNews, JobState, Order, Outcome, RunbookOrder, Said, Work};
use befund_model::runbook::{CauseVerdict, Mode, RunbookResult};
use befund_runtime::clock::random;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::common::{agent, child, is_root, skipped, write};
use crate::organisation::{self, Files};

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

    /// What the runbook finds on the machine, and would do.
    async fn diagnose(&self) -> RunbookResult {
        let keep = self.folder.path().join("keep");
        organisation::pin(&keep);
        let text = include_bytes!("../../../../runbooks/net.no-internet.yaml");
        let files = Files::from([("net.no-internet.yaml".to_owned(), text.to_vec())]);
        let (client, executor) = self.executor(Some(&keep));
        let catalogue = organisation::offer(&client, 1, &files).await;
        let runbook = Some(RunbookOrder { mode: Mode::Dry, catalogue });
        let work = Work::Runbook("net.no-internet".into());
        let order = Order { within_ms: 120_000, runbook, ..self.order(work, Value::Null) };
        let (outcome, told) = follow(&client, order).await;
        executor.end().await;
        let causes = |news: &&JobNews| matches!(news, JobNews::Cause { .. });
        let count = told.iter().filter(causes).count();
        assert_eq!((outcome.state, count), (JobState::Done, 11), "{}: {told:#?}", outcome.reason);
        serde_json::from_value(outcome.result).expect("a runbook's result")
    }

    /// Runs a probe on the machine.
    pub(crate) async fn run(&self, work: Work, parameters: Value) -> Outcome {
        let (client, executor) = self.executor(None);
        let (outcome, _) = follow(&client, self.order(work, parameters)).await;
        executor.end().await;
        outcome
    }

    fn order(&self, work: Work, parameters: Value) -> Order {
        Order {
            job: JobId::new(Timestamp::UNIX_EPOCH, random()),
            agent: self.agent,
            work,
            parameters,
            ticket: None,
            within_ms: 30_000,
            runbook: None,
        }
    }

    /// The machine's executor, which keeps things here if anywhere.
    fn executor(&self, keep: Option<&Path>) -> (ExecutorClient, Serving) {
        let folder = self.folder.path();
        let text = |path: std::path::PathBuf| path.into_os_string();
        let mut arguments: Vec<std::ffi::OsString> =
            vec!["netns".into(), "exec".into(), self.machine.clone().into()];
        arguments.extend(self.started_by.iter().map(Into::into));
        arguments.extend([text(child(&[]).program), "executor".into(), text(folder.join("root"))]);
        arguments.extend([text(folder.join("policy.toml")), self.agent.to_string().into()]);
        arguments.extend(keep.map(Into::into));
        let command = ExecutorCommand { program: "ip".into(), arguments };
        let socket = folder.join("executor.sock");
        let activator = Activator::bind(&socket, command).expect("a socket");
        let stop = CancellationToken::new();
        let task = tokio::spawn(activator.serve(stop.clone()));
        (ExecutorClient::new(&socket), Serving { stop, task })
    }
}

/// An executor that is started when somebody asks.
struct Serving {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Serving {
    async fn end(self) {
        self.stop.cancel();
        self.task.await.expect("no panic");
    }
}

/// Follows an order to its end, and answers what is asked: what came of it, and what was told.
async fn follow(client: &ExecutorClient, order: Order) -> (Outcome, Vec<JobNews>) {
    let id = order.job;
    let mut job = client.run(order, 0).await.expect("an executor");
    let mut told = Vec::new();
    loop {
        match job.next().await.expect("an answer") {
            Told::Outcome(outcome) => return (outcome, told),
            Told::Event(event) => {
                if let JobNews::Asked(question) = &event.what {
                    let (question, answer) = (question.name.clone(), question.default.clone());
                    let said = Said::Answer { question, answer, by: "tina".to_owned() };
                    client.say(id, said).await.expect("an executor");
                }
                told.push(event.what);
            }
        }
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
    assert_eq!(found(&result), [""; 0], "{:#?}", result.causes);
    assert_eq!(result.accepted, Some(true), "{result:#?}");
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
