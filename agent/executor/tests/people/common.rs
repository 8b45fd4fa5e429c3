//! A people's door within the test's own process, programs at it, and something to ask.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use befund_executor::drive::person::{About, Asked, Reply};
use befund_executor::people::door::{Host, serve};
use befund_executor::people::signed_in::{Sessions, SignedIn};
use befund_executor::people::{OwnRun, OwnRuns, People, SOCKET, Wish};
use befund_model::Timestamp;
use befund_model::action::{Prediction, Risk};
use befund_model::id::{JobId, TicketNumber};
use befund_model::language::Text;
use befund_runbook::document::{Act, OnInterrupt, Runbook, UndoBy};
use befund_runbook::machine::FixOrder;
use befund_runtime::clock::random;
use befund_runtime::local::{Callers, Listener};
use befund_runtime::peer::Account;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Accounts of nobody in particular.
pub(crate) const ANNA: u32 = 61_001;
pub(crate) const BERT: u32 = 61_002;
pub(crate) const EVE: u32 = 61_003;
pub(crate) const LINK: u32 = 61_004;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_executor-fixture");
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A door.
pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) people: People,
    pub(crate) tasks: TaskTracker,
    ending: CancellationToken,
}

/// What may not be started.
#[derive(Debug)]
pub(crate) struct NoRuns;

impl OwnRuns for NoRuns {
    fn offers(&self) -> Reply<'_, Result<Vec<Arc<Runbook>>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn start<'a>(&'a self, _: JobId, _: Wish, _: &'a Account) -> Reply<'a, Result<OwnRun, String>> {
        Box::pin(async { Err("nothing may be started here".to_owned()) })
    }
}

impl Fixture {
    /// A door at which these accounts are signed in, and the link's is known.
    pub(crate) fn open(signed_in: &[Account], runs: Arc<dyn OwnRuns>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // On the way to the door.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))
            .expect("a mode");
        let may_ask = [Account::own(), Account::of_uid(LINK)];
        let sessions = Sessions::new(SignedIn::These(signed_in.to_vec()), &may_ask);
        let people = People::new("Example AG".to_owned(), sessions, u64::from_be_bytes(random()));
        let listener =
            Listener::bind(&folder.path().join(SOCKET), &Callers::Everybody).expect("a socket");
        let (tasks, ending) = (TaskTracker::new(), CancellationToken::new());
        let host = Host { people: people.clone(), runs };
        tokio::spawn(serve(listener, host, tasks.clone(), ending.clone()));
        Self { folder, people, tasks, ending }
    }

    /// A program of this account.
    pub(crate) fn program(&self, account: u32) -> Program {
        let mut command = Command::new(PROGRAM);
        command.arg("attend").arg(self.folder.path()).uid(account).gid(account);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Program { _child: child, to, from: BufReader::new(from).lines() }
    }

    /// A program of this account that is taken for a person's.
    pub(crate) async fn person(&self, account: u32) -> Program {
        let mut program = self.program(account);
        program.say(r#"{"attend":{"language":"en"}}"#).await;
        assert_eq!(program.next().await, Some(Value::from("welcome")));
        program
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}

/// A person's program.
pub(crate) struct Program {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Says a frame; `N` in it is the number of the question that was put last.
    pub(crate) async fn say(&mut self, frame: &str) {
        // One that was turned away hears nothing.
        let _ = self.to.write_all(format!("{frame}\n").as_bytes()).await;
    }

    /// What comes; `None` once the door has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = tokio::time::timeout(PATIENCE, self.from.next_line());
        let line = line.await.expect("something comes").expect("readable")?;
        Some(serde_json::from_str(&line).expect("JSON"))
    }

    /// The next question or consent that is asked, or why it is not.
    pub(crate) async fn asked(&mut self, kind: &str) -> Value {
        let said = self.next().await.expect("a frame");
        said.get(kind).unwrap_or_else(|| panic!("{kind} instead of {said}")).clone()
    }
}

pub(crate) fn account(number: u32) -> Account {
    Account::of_uid(number)
}

pub(crate) fn text(en: &str) -> Text {
    Text { en: en.to_owned(), de: format!("{en} (de)") }
}

pub(crate) fn about() -> About {
    About {
        job: JobId::new(Timestamp::UNIX_EPOCH, random()),
        ticket: Some(TicketNumber(7)),
        runbook: "net.no-internet".to_owned(),
        title: text("No Internet"),
        begun_by: None,
    }
}

pub(crate) fn flush(risk: Risk, within: Duration) -> Asked {
    Asked {
        fix: FixOrder {
            cause: "dns-dead".to_owned(),
            index: 0,
            act: Act::Action("dns.flush_cache".to_owned()),
            parameters: serde_json::json!({}),
            risk,
            text: Some(text("Names are not found.")),
            within: Duration::from_secs(20),
            output: 1 << 20,
            on_interrupt: OnInterrupt::Recheck,
            undo: UndoBy::None,
        },
        prediction: Prediction {
            known: true,
            changes: true,
            lines: vec!["42 names are forgotten".to_owned()],
        },
        within,
        for_ticket: Duration::from_secs(8 * 3600),
    }
}

/// Whether stories with several accounts can be told.
pub(crate) fn is_root() -> bool {
    let root = Account::own().uid() == 0;
    if !root {
        use std::io::Write as _;
        let line = "SKIPPED stories of several accounts: only root can be somebody else";
        writeln!(std::io::stderr(), "{line}").expect("standard error");
    }
    root
}
