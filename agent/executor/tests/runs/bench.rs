//! An executor with a catalogue, in this process or in one of its own that can be killed, and whoever asks it.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use befund_executor::activate::Listeners;
use befund_executor::door::client::{ExecutorError, Job, Told};
use befund_executor::door::server::Ended;
use befund_executor::people::SOCKET;
use befund_executor::people::signed_in::SignedIn;
use befund_executor::{ChildCommand, Config, ExecutorClient};
use befund_model::Timestamp;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{JobEvent, JobNews, Order, Outcome, RunbookOrder, Said, Work};
use befund_model::runbook::{FixRef, Mode, RunbookResult};
use befund_runtime::clock::random;
use befund_runtime::peer::Account;
use befund_trust::signature::Namespace;

use crate::organisation::{self, Files, sign};

const PROGRAM: &str = env!("CARGO_BIN_EXE_executor-fixture");

/// Where the executor lives.
enum Host {
    Inside(CancellationToken, tokio::task::JoinHandle<std::io::Result<Ended>>),
    Process(Child),
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) client: ExecutorClient,
    pub(crate) agent: AgentId,
    pub(crate) catalogue: String,
    host: Host,
}

/// What nobody signed in agrees to is what the policy says.
pub(crate) const UNATTENDED: &str = "[runbooks]\nunattended = \"disruptive\"\n";

pub(crate) fn root_of(folder: &Path) -> PathBuf {
    folder.join("root")
}

/// A folder with a machine whose one interface has no signal, and a policy.
pub(crate) fn machine(policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let card = root_of(folder.path()).join("sys/class/net/eth0");
    std::fs::create_dir_all(card.join("device")).expect("folders");
    for (name, text) in [
        ("type", "1\n"),
        ("operstate", "down\n"),
        ("carrier", "0\n"),
        ("device/vendor", "0x8086\n"),
    ] {
        std::fs::write(card.join(name), text).expect("a file");
    }
    std::fs::write(folder.path().join("policy.toml"), policy).expect("a policy");
    organisation::pin(&folder.path().join("keep"));
    folder
}

impl Bench {
    /// An executor in this process.
    pub(crate) async fn inside(
        folder: tempfile::TempDir,
        files: &Files,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::behind(folder, files, None, change).await
    }

    /// One with a people's door, at which this account is signed in.
    pub(crate) async fn with_people(folder: tempfile::TempDir, files: &Files) -> Self {
        let door = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let signed_in = SignedIn::These(vec![Account::own()]);
        Self::behind(folder, files, Some(door), |config| config.signed_in = signed_in).await
    }

    async fn behind(
        folder: tempfile::TempDir,
        files: &Files,
        people: Option<UnixListener>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let agent = AgentId::new(Timestamp::UNIX_EPOCH, random());
        let child = ChildCommand { program: PROGRAM.into(), arguments: vec!["collect".into()] };
        let mut config = Config::new(child);
        config.agent = Some(agent);
        config.policy = folder.path().join("policy.toml");
        config.root = root_of(folder.path());
        config.keep = folder.path().join("keep");
        config.judge = config.child.sibling("cel");
        change(&mut config);
        let socket = folder.path().join("executor.sock");
        let link = UnixListener::bind(&socket).expect("a socket");
        let stop = CancellationToken::new();
        let listeners = Listeners { link, people };
        let task = tokio::spawn(befund_executor::run(listeners, config, stop.clone()));
        let host = Host::Inside(stop, task);
        let client = ExecutorClient::new(socket);
        let mut bench = Self { client, folder, agent, catalogue: String::new(), host };
        bench.offer(1, files).await;
        bench
    }

    /// An executor in a process of its own, over the machine that is a folder.
    pub(crate) async fn process(folder: tempfile::TempDir, files: &Files) -> Self {
        let root = root_of(folder.path());
        Self::started(folder, files, Command::new(PROGRAM), root).await
    }

    /// An executor in a process of its own within a network of its own, over the running system.
    pub(crate) async fn in_network(
        folder: tempfile::TempDir,
        files: &Files,
        namespace: &str,
    ) -> Self {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, PROGRAM]);
        Self::started(folder, files, command, "/".into()).await
    }

    async fn started(
        folder: tempfile::TempDir,
        files: &Files,
        command: Command,
        root: PathBuf,
    ) -> Self {
        let agent = AgentId::new(Timestamp::UNIX_EPOCH, random());
        let socket = folder.path().join("executor.sock");
        let host = Host::Process(spawn(command, &folder, &root, &socket, agent));
        let client = ExecutorClient::new(socket);
        let mut bench = Self { client, folder, agent, catalogue: String::new(), host };
        bench.offer(1, files).await;
        bench
    }

    /// Kills the executor's process as a power cut would, and starts another one.
    pub(crate) fn kill(&mut self) {
        let Host::Process(child) = &mut self.host else { panic!("it is in this process") };
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        let socket = self.folder.path().join("executor.sock");
        std::fs::remove_file(&socket).expect("a socket");
        let root = root_of(self.folder.path());
        let command = Command::new(PROGRAM);
        self.host = Host::Process(spawn(command, &self.folder, &root, &socket, self.agent));
    }

    /// Hands it a catalogue of this version, for which orders are from now on.
    pub(crate) async fn offer(&mut self, version: u64, files: &Files) {
        self.catalogue = organisation::offer(&self.client, version, files).await;
    }

    /// An order of the same ticket for something else.
    pub(crate) fn order_for(&self, work: Work) -> Order {
        Order { work, ..self.order(Mode::Run) }
    }

    pub(crate) fn order(&self, mode: Mode) -> Order {
        let catalogue = self.catalogue.clone();
        Order {
            job: JobId::new(Timestamp::UNIX_EPOCH, random()),
            agent: self.agent,
            work: Work::Runbook("test.link".to_owned()),
            parameters: serde_json::Value::Null,
            ticket: Some(ticket()),
            within_ms: 120_000,
            runbook: Some(RunbookOrder { mode, catalogue }),
        }
    }

    pub(crate) async fn run(&self, order: &Order) -> Following<'_> {
        let job = self.client.run(order.clone(), 0).await.expect("an executor");
        Following { bench: self, id: order.job, job, events: Vec::new() }
    }

    pub(crate) async fn attach(&self, job: JobId, after: u32) -> Following<'_> {
        let following = self.client.attach(job, after).await.expect("an executor");
        Following { bench: self, id: job, job: following, events: Vec::new() }
    }

    /// What the card's file says.
    pub(crate) fn card(&self, name: &str) -> Option<String> {
        let path = root_of(self.folder.path()).join("sys/class/net/eth0").join(name);
        std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    }

    pub(crate) async fn stop(self) {
        match self.host {
            Host::Inside(stop, task) => {
                stop.cancel();
                task.await.expect("no panic").expect("no error");
            }
            Host::Process(mut child) => {
                child.kill().expect("it runs");
                child.wait().expect("it ends");
            }
        }
    }
}

fn spawn(
    mut command: Command,
    folder: &tempfile::TempDir,
    root: &Path,
    socket: &Path,
    agent: AgentId,
) -> Child {
    let listener = UnixListener::bind(socket).expect("a socket");
    let folder = folder.path();
    command
        .arg("executor")
        .args([root, &folder.join("policy.toml")])
        .arg(agent.to_string())
        .args([folder.join("keep"), folder.join("restarted"), folder.join("boot")])
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
        .spawn()
        .expect("it starts")
}

pub(crate) fn ticket() -> TicketNumber {
    TicketNumber(7)
}

/// A run that is followed.
pub(crate) struct Following<'a> {
    bench: &'a Bench,
    pub(crate) id: JobId,
    job: Job,
    pub(crate) events: Vec<JobEvent>,
}

impl Following<'_> {
    async fn next(&mut self) -> Result<Option<Outcome>, ExecutorError> {
        let next = tokio::time::timeout(Duration::from_secs(60), self.job.next());
        match next.await.unwrap_or_else(|_| panic!("nothing came after {:#?}", self.events))? {
            Told::Event(event) => {
                self.events.push(event);
                Ok(None)
            }
            Told::Outcome(outcome) => Ok(Some(outcome)),
        }
    }

    /// Follows until this is told.
    pub(crate) async fn until<T>(&mut self, is_it: impl Fn(&JobNews) -> Option<T>) -> T {
        loop {
            let ended = self.next().await.expect("the run goes on");
            assert_eq!(ended, None, "it ended before: {:#?}", self.events);
            if let Some(found) = self.events.last().and_then(|event| is_it(&event.what)) {
                return found;
            }
        }
    }

    /// The statement that is to be signed.
    pub(crate) async fn statement(&mut self) -> (FixRef, String) {
        self.until(|news| match news {
            JobNews::ApprovalAsked { fix, statement, .. } => Some((fix.clone(), statement.clone())),
            _ => None,
        })
        .await
    }

    pub(crate) async fn say(&self, said: Said) {
        self.bench.client.say(self.id, said).await.expect("an executor");
    }

    /// Signs the next statement with this key.
    pub(crate) async fn approve(&mut self, seed: u8) {
        let (fix, statement) = self.statement().await;
        let signatures = sign(seed, Namespace::Approval, statement.as_bytes());
        self.say(Said::Approval { fix, signatures }).await;
    }

    /// Waits for a line of output with these words.
    pub(crate) async fn output(&mut self, words: &str) {
        self.until(|news| match news {
            JobNews::Output(text) if text.contains(words) => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn outcome(&mut self) -> Outcome {
        loop {
            if let Some(outcome) = self.next().await.expect("the run goes on") {
                return outcome;
            }
        }
    }

    /// Whether this line was told, alone or among others.
    pub(crate) fn told(&self, words: &str) -> bool {
        self.events.iter().any(|event| match &event.what {
            JobNews::Output(text) => text.contains(words),
            _ => false,
        })
    }
}

pub(crate) fn result(outcome: &Outcome) -> RunbookResult {
    serde_json::from_value(outcome.result.clone())
        .unwrap_or_else(|error| panic!("{error}: {outcome:#?}"))
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
pub(crate) fn is_gone(pid: &str) -> bool {
    match std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')),
    }
}

/// Says that a story was not told, past the test runner, which swallows what passing tests print.
pub(crate) fn skipped(story: &str, why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "SKIPPED {story}: {why}").expect("standard error");
}
