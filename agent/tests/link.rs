//! The agent's program, as processes, against a gate of the test's own.

#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

#[path = "link/door.rs"]
mod door;
#[path = "link/gate.rs"]
mod gate;
#[path = "link/runbooks.rs"]
mod runbooks;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::JobId;
use befund_model::job::{Order, Work};
use befund_proto::convert::{id, json};
use befund_proto::v1;
use befund_proto::v1::agent_message::Body as In;
use befund_proto::v1::controller_message::Body as Out;
use gate::{Gate, Heard};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tonic::Status;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

struct Machine {
    folder: TempDir,
    link: Option<Child>,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), link: None }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self, part: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_befund-agent"));
        command
            .arg(part)
            .env("BEFUND_STATE", self.state())
            .env("BEFUND_RUN", self.folder.path().join("run"))
            .env("LANG", "C")
            .env_remove("LC_ALL")
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn enroll(&self, token: &str) -> Output {
        let mut command = self.command("enroll");
        tokio::time::timeout(PATIENCE, command.arg(token).output()).await.unwrap().unwrap()
    }

    fn start(&mut self, settings: &str) {
        self.start_with(settings, &[]);
    }

    fn start_with(&mut self, settings: &str, arguments: &[&str]) {
        let file = self.folder.path().join("agent.toml");
        std::fs::write(&file, settings).unwrap();
        let mut command = self.command("link");
        command.arg("--config").arg(&file).arg("--verbose").args(arguments);
        self.link = Some(command.spawn().unwrap());
    }
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

async fn until<T>(
    heard: &mut UnboundedReceiver<Heard>,
    what: &str,
    mut wanted: impl FnMut(Heard) -> Option<T>,
) -> T {
    let waiting = async {
        loop {
            let next = heard.recv().await.expect("the gate lives");
            if let Some(found) = wanted(next) {
                return found;
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("{what} did not come"))
}

async fn enrolled() -> (Machine, Gate, UnboundedReceiver<Heard>) {
    let (gate, heard) = Gate::start().await;
    let machine = Machine::new();
    let output = machine.enroll(&gate.token().encode().unwrap()).await;
    assert!(output.status.success(), "{}", text(&output));
    (machine, gate, heard)
}

fn hello(heard: Heard) -> Option<v1::Hello> {
    match heard {
        Heard::Hello(hello) => Some(hello),
        _ => None,
    }
}

#[tokio::test]
async fn enrolling_goes_wrong_in_plain_words() {
    let (gate, _heard) = Gate::start().await;
    let machine = Machine::new();
    let token = gate.token();
    let good = token.encode().unwrap();
    let wrong_pin = befund_model::token::CaPin([3; 32]);
    let wrong = befund_model::token::EnrollmentToken { ca_pin: wrong_pin, ..token.clone() };
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = befund_model::token::EnrollmentToken {
        addresses: vec![closed.to_string()],
        ..token.clone()
    };
    for (token, word) in [
        ("hunter2".to_owned(), "not an enrollment token"),
        (good[..good.len() - 3].to_owned(), "cut off or mistyped"),
        (wrong.encode().unwrap(), "not the one that the token names"),
        (unreachable.encode().unwrap(), "no controller could be reached"),
    ] {
        let output = machine.enroll(&token).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains(word), "{word}: {}", text(&output));
    }
    gate.answers.lock().unwrap().refuse_enroll =
        Some(Status::failed_precondition("the enrollment token has expired: ask for a new one"));
    let output = machine.enroll(&good).await;
    assert!(text(&output).contains("has expired"), "{}", text(&output));
    gate.answers.lock().unwrap().refuse_enroll = None;
    assert!(machine.enroll(&good).await.status.success());
    let again = machine.enroll(&good).await;
    assert!(text(&again).contains("already enrolled with Example Ltd"), "{}", text(&again));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_again_with_the_same_key() {
    let (gate, _heard) = Gate::start().await;
    let machine = Machine::new();
    let token = gate.token().encode().unwrap();
    gate.answers.lock().unwrap().refuse_enroll = Some(Status::unavailable("down"));
    assert!(!machine.enroll(&token).await.status.success());
    let kept = machine.state().join("identity/enrolling.json");
    let key = std::fs::read(&kept).unwrap();
    gate.answers.lock().unwrap().refuse_enroll = Some(Status::unavailable("still down"));
    assert!(!machine.enroll(&token).await.status.success());
    assert_eq!(std::fs::read(&kept).unwrap(), key);
    gate.answers.lock().unwrap().refuse_enroll = None;
    assert!(machine.enroll(&token).await.status.success());
    assert!(!kept.exists(), "an enrollment that is over leaves no key behind");
}

#[tokio::test]
async fn a_person_sends_and_gets_a_ticket_and_a_job_runs_once() {
    let (mut machine, gate, mut heard) = enrolled().await;
    let message = order(&gate);
    gate.answers.lock().unwrap().after_welcome = vec![message.clone(), message];
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a hello", hello).await;
    let (mut accepted, mut results) = (0, 0);
    until(&mut heard, "a result", |heard| {
        match heard {
            Heard::Said(In::OrderAccepted(_)) => accepted += 1,
            Heard::Said(In::Result(_)) => results += 1,
            _ => {}
        }
        (results > 0).then_some(())
    })
    .await;
    assert!(accepted >= 1);
    let mut send = machine.command("send");
    let sent = send.args(["-m", "my VPN drops every hour", "--yes"]).output();
    let sent = tokio::time::timeout(PATIENCE, sent).await.unwrap().unwrap();
    assert!(sent.status.success(), "{}", text(&sent));
    assert!(text(&sent).contains("#7"), "{}", text(&sent));
    assert!(text(&sent).contains("Example Ltd"), "{}", text(&sent));
    let (manifest, purpose, bytes) = until(&mut heard, "an upload", |heard| match heard {
        Heard::Uploaded { manifest, purpose, bytes } => Some((manifest, purpose, bytes)),
        Heard::Said(In::Result(_)) => panic!("the job ran twice"),
        _ => None,
    })
    .await;
    assert!(!manifest.sections.is_empty());
    let expanded: u64 = manifest.sections.iter().map(|section| section.size).sum();
    assert!(bytes > 0 && (bytes as u64) < expanded, "{bytes} of {expanded}");
    assert!(purpose.contains("my VPN drops every hour"), "{purpose}");
    let left: Vec<_> = std::fs::read_dir(machine.state().join("spool/jobs")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// An order for a probe that every machine can run.
fn order(gate: &Gate) -> v1::ControllerMessage {
    let job = JobId::new(Timestamp::UNIX_EPOCH, [8; 10]);
    let order = Order {
        job,
        agent: gate.agent,
        work: Work::Probe("system.disk-space".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 30_000,
        runbook: None,
    };
    let body = Out::Order(v1::Order { job: id::bytes(job.as_bytes()), body: json::write(&order) });
    v1::ControllerMessage { body: Some(body) }
}

#[tokio::test]
async fn an_outcome_survives_a_kill_until_the_controller_has_it() {
    let (mut machine, gate, mut heard) = enrolled().await;
    {
        let mut answers = gate.answers.lock().unwrap();
        answers.after_welcome = vec![order(&gate)];
        answers.acknowledge_results = false;
    }
    let result = |heard| match heard {
        Heard::Said(In::Result(part)) => Some(part.body),
        _ => None,
    };
    machine.start("[schedule]\nhours = 0\n");
    let first = until(&mut heard, "a result", result).await;
    // What only reads is sent before it is kept: killed in between, it would be read once more.
    let jobs = machine.state().join("spool/jobs");
    let kept = async {
        loop {
            let all = std::fs::read_dir(&jobs)
                .unwrap()
                .filter_map(|entry| Some(entry.ok()?.path()))
                // One that is being written still has another name.
                .filter(|path| path.extension().is_none())
                .filter_map(|path| std::fs::read(path).ok());
            if all.into_iter().any(|bytes| bytes.windows(7).any(|word| word == b"took_us")) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("the outcome is kept");
    machine.link.take().unwrap().kill().await.unwrap();
    {
        let mut answers = gate.answers.lock().unwrap();
        answers.after_welcome.clear();
        answers.acknowledge_results = true;
    }
    machine.start("[schedule]\nhours = 0\n");
    let again = until(&mut heard, "the result again", result).await;
    assert_eq!(again, first, "the same outcome, not that of a second run");
    let forgotten = async {
        loop {
            let status = machine.command("status").arg("--json").output().await.unwrap();
            let report: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
            if report["jobs"] == 0 && report["spool_bytes"] == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.expect("forgotten once acknowledged");
}

#[tokio::test]
async fn nobody_is_asked_without_a_terminal() {
    let (mut machine, _gate, mut heard) = enrolled().await;
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a hello", hello).await;
    let output = machine.command("send").args(["-m", "help"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("--yes"), "{}", text(&output));
}

#[tokio::test]
async fn a_certificate_is_renewed_and_the_next_session_uses_it() {
    let (gate, mut heard) = Gate::start().await;
    let mut machine = Machine::new();
    // Past its middle already: due at once.
    gate.answers.lock().unwrap().validity = (Duration::from_secs(3600), Duration::from_secs(600));
    assert!(machine.enroll(&gate.token().encode().unwrap()).await.status.success());
    gate.answers.lock().unwrap().validity = (Duration::from_secs(60), Duration::from_secs(86_400));
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a first session", hello).await;
    until(&mut heard, "a renewal", |heard| matches!(heard, Heard::Renewed).then_some(())).await;
    until(&mut heard, "a second session", hello).await;
}

#[tokio::test]
async fn a_machine_that_slept_too_long_recovers_by_its_key() {
    let (gate, mut heard) = Gate::start().await;
    let mut machine = Machine::new();
    // Ran out before it was ever used.
    let identity_of = |machine: &Machine| {
        let file = std::fs::read(machine.state().join("identity/identity.json")).unwrap();
        serde_json::from_slice::<befund_agent::identity::StoredIdentity>(&file).unwrap()
    };
    assert!(machine.enroll(&gate.token().encode().unwrap()).await.status.success());
    let mut identity = identity_of(&machine);
    identity.current.not_after = identity.current.not_before + 1;
    let file = machine.state().join("identity/identity.json");
    std::fs::write(&file, serde_json::to_vec(&identity).unwrap()).unwrap();
    machine.start("[schedule]\nhours = 0\n");
    let counter = until(&mut heard, "a recovery", |heard| match heard {
        Heard::Recovered(counter) => Some(counter),
        _ => None,
    })
    .await;
    assert_eq!(counter, 1);
    until(&mut heard, "a session", hello).await;
    assert_eq!(identity_of(&machine).recovery_counter, 1);
}

#[tokio::test]
async fn a_machine_with_a_wrong_clock_connects_and_says_so() {
    // Ten days ahead of this machine, which is the same to it as being ten days behind.
    let off_ms = 10 * 24 * 3600 * 1000;
    let (gate, mut heard) = Gate::start_at(off_ms).await;
    let mut machine = Machine::new();
    let output = machine.enroll(&gate.token().encode().unwrap()).await;
    assert!(output.status.success(), "{}", text(&output));
    machine.start("[schedule]\nhours = 0\n");
    let mut asked = 0;
    let hello = until(&mut heard, "a hello", |heard| {
        asked += usize::from(matches!(heard, Heard::AskedTime));
        hello(heard)
    })
    .await;
    assert!(asked >= 2, "by enroll and by link");
    assert!((hello.clock_correction - off_ms).abs() < 60_000, "{}", hello.clock_correction);
}

fn readdress(machine: &Machine, address: String) {
    let file = machine.state().join("identity/identity.json");
    let mut identity: befund_agent::identity::StoredIdentity =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    identity.addresses = vec![address];
    std::fs::write(&file, serde_json::to_vec(&identity).unwrap()).unwrap();
}

#[tokio::test]
async fn a_request_survives_a_kill_and_is_delivered_under_its_number() {
    let (mut machine, gate, mut heard) = enrolled().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    readdress(&machine, closed.to_string());
    machine.start("[schedule]\nhours = 0\n");
    // The door opens before the first try to connect ends.
    while !machine.folder.path().join("run/link.sock").exists() {
        tokio::task::yield_now().await;
    }
    let mut send = machine.command("send");
    let sent = send.args(["-m", "no network", "--yes", "--json"]).output().await.unwrap();
    assert_eq!(sent.status.code(), Some(3), "{}", text(&sent));
    let last: serde_json::Value = serde_json::from_slice(&sent.stdout).unwrap();
    assert_eq!(last["delivered"], false);
    let request = last["request"].as_str().unwrap().to_owned();
    machine.link.take().unwrap().kill().await.unwrap();
    readdress(&machine, gate.address.to_string());
    machine.start("[schedule]\nhours = 0\n");
    let purpose = until(&mut heard, "the request", |heard| match heard {
        Heard::Uploaded { purpose, .. } => Some(purpose),
        _ => None,
    })
    .await;
    assert!(purpose.contains(&request), "{request}: {purpose}");
}

/// A CONNECT proxy that wants a password, and tells whom it connected to.
async fn proxy(
    credentials: &'static str,
) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap();
                let target = request.split(' ').nth(1).unwrap().to_owned();
                if !request.contains(&format!("Proxy-Authorization: Basic {credentials}\r\n")) {
                    let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                    return;
                }
                let mut onward = TcpStream::connect(&target).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tell.send(target);
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    (address, told)
}

#[tokio::test]
async fn a_proxy_is_gone_through_and_its_refusal_is_told() {
    let (gate, mut heard) = Gate::start().await;
    let mut machine = Machine::new();
    let (address, mut connected) = proxy("bWU6c2VjcmV0").await;
    let token = gate.token().encode().unwrap();
    let through = |url: String| {
        let mut command = machine.command("enroll");
        command.arg(&token).env("HTTPS_PROXY", url);
        command
    };
    let refused = through(format!("http://{address}")).output().await.unwrap();
    assert!(text(&refused).contains("407"), "{}", text(&refused));
    let output = through(format!("http://me:secret@{address}")).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(connected.recv().await, Some(gate.address.to_string()));
    machine.start(&format!(
        "[schedule]\nhours = 0\n[proxy]\nurl = \"http://{address}\"\nuser = \"me\"\npassword = \"secret\"\n"
    ));
    until(&mut heard, "a hello", hello).await;
    assert_eq!(connected.recv().await, Some(gate.address.to_string()));
}

/// What `status` says of the connection, once it is what is waited for.
async fn connection(
    machine: &Machine,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let looking = async {
        loop {
            let status = machine.command("status").arg("--json").output().await.unwrap();
            if let Ok(report) = serde_json::from_slice::<serde_json::Value>(&status.stdout)
                && wanted(&report["connection"])
            {
                return report["connection"].clone();
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the status in time")
}

#[tokio::test]
async fn a_machine_that_is_not_known_tries_on_slowly_and_says_what_to_do() {
    let (mut machine, gate, mut heard) = enrolled().await;
    gate.answers.lock().unwrap().refuse_session =
        Some(Status::permission_denied("this controller does not know the machine"));
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a try", |heard| matches!(heard, Heard::Refused).then_some(())).await;
    let told = connection(&machine, |connection| connection["waiting"].is_object()).await;
    let until: Timestamp = told["waiting"]["until"].as_str().unwrap().parse().unwrap();
    let minutes = (until.as_second() - gate.clock.now().as_second()) / 60;
    assert!((25..=91).contains(&minutes), "the next try is in {minutes} minutes");
    assert!(told.to_string().contains("enroll it anew"), "{told}");
}

#[tokio::test]
async fn only_a_controller_that_says_so_has_revoked_a_machine() {
    let (mut machine, gate, mut heard) = enrolled().await;
    let mut revoked = Status::permission_denied("revoked");
    let reason = tonic::metadata::MetadataValue::from_static(befund_proto::REASON_REVOKED);
    revoked.metadata_mut().insert(befund_proto::REASON, reason);
    gate.answers.lock().unwrap().refuse_session = Some(revoked);
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a try", |heard| matches!(heard, Heard::Refused).then_some(())).await;
    connection(&machine, |connection| connection == "revoked").await;
    let status = machine.command("status").output().await.unwrap();
    assert!(text(&status).contains("enroll it anew"), "{}", text(&status));
}

#[tokio::test]
async fn two_links_do_not_share_a_spool() {
    let (mut machine, _gate, mut heard) = enrolled().await;
    machine.start("[schedule]\nhours = 0\n");
    until(&mut heard, "a hello", hello).await;
    let second = machine.command("link").output().await.unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second).contains("runs already"), "{}", text(&second));
}

#[tokio::test]
async fn a_wrong_setting_is_told_with_its_line() {
    let (mut machine, _gate, _heard) = enrolled().await;
    machine.start("[schedule]\nhuors = 1\n");
    let status = machine.link.as_mut().unwrap().wait().await.unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(Path::new(&machine.state()).exists());
}
