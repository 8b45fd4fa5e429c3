//! An executor inside the test's own process, and orders for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use befund_executor::door::client::Told;
use befund_executor::door::server::Ended;
use befund_executor::{ChildCommand, Config, ExecutorClient};
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobEvent, Order, Outcome, Work};
use befund_runtime::clock::random;

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) client: ExecutorClient,
    pub(crate) agent: AgentId,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<std::io::Result<Ended>>,
}

pub(crate) fn child(arguments: &[&str]) -> ChildCommand {
    ChildCommand {
        program: PathBuf::from(env!("CARGO_BIN_EXE_executor-fixture")),
        arguments: arguments.iter().map(Into::into).collect(),
    }
}

pub(crate) fn agent() -> AgentId {
    AgentId::new(Timestamp::UNIX_EPOCH, random())
}

impl Fixture {
    /// An executor with the real collect child over this tree.
    pub(crate) fn start(change: impl FnOnce(&Path, &mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = agent();
        let mut config = Config::new(child(&["collect"]));
        config.agent = Some(agent);
        config.policy = folder.path().join("policy.toml");
        config.keep = folder.path().join("keep");
        config.root = folder.path().join("root");
        std::fs::create_dir(&config.root).expect("a root");
        change(folder.path(), &mut config);
        let socket = folder.path().join("executor.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let stop = CancellationToken::new();
        let task = tokio::spawn(befund_executor::run(listener, config, stop.clone()));
        Self { client: ExecutorClient::new(socket), folder, agent, stop, task }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.folder.path().join("root"), path, text);
    }

    pub(crate) fn order(&self, work: Work, parameters: serde_json::Value) -> Order {
        Order {
            job: JobId::new(Timestamp::UNIX_EPOCH, random()),
            agent: self.agent,
            work,
            parameters,
            ticket: None,
            within_ms: 20_000,
            runbook: None,
        }
    }

    pub(crate) async fn run(&self, order: Order) -> (Vec<JobEvent>, Outcome) {
        let mut job = self.client.run(order, 0).await.expect("an executor");
        let mut events = Vec::new();
        loop {
            match job.next().await.expect("an answer") {
                Told::Event(event) => events.push(event),
                Told::Outcome(outcome) => return (events, outcome),
            }
        }
    }

    pub(crate) async fn probe(
        &self,
        name: &str,
        parameters: serde_json::Value,
    ) -> (Vec<JobEvent>, Outcome) {
        self.run(self.order(Work::Probe(name.to_owned()), parameters)).await
    }

    pub(crate) async fn stop(self) -> Ended {
        self.stop.cancel();
        self.task.await.expect("no panic").expect("no error")
    }
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

/// Waits until something is there, looking often; what it waits for happens in another process.
pub(crate) async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let look = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.expect("it did not happen")
}

/// Gone, or dead and waiting for whoever started it.
pub(crate) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')),
    }
}

/// Whether this test may become somebody else and make networks of its own.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|itself| itself.uid() == 0)
}

/// A port of loopback that nobody listens on: bound, and so reserved, but not listening.
pub(crate) fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
    socket.local_addr().expect("bound").port()
}

/// Says that a story was not told, past the test runner, which swallows what passing tests print.
pub(crate) fn skipped(story: &str, why: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "SKIPPED {story}: {why}").expect("standard error");
}
