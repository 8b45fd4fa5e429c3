//! The link's side of runbooks: catalogues brought, runs followed, words passed on.

use befund_agent::door::protocol::{Answer, Ask};
use befund_executor::door::TrustReport;
use befund_model::Timestamp;
use befund_model::id::JobId;
use befund_model::job::{JobEvent, JobNews, JobState, Order, Outcome, RunbookOrder, Said, Work};
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_proto::convert::{id, json};
use befund_proto::v1;
use befund_proto::v1::agent_message::Body as In;
use befund_proto::v1::catalogue_head::Kind;
use befund_proto::v1::catalogue_part::Body as Part;
use befund_proto::v1::controller_message::Body as Out;
use befund_runtime::frame;
use befund_runtime::local;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::door::{Asked, Door, Journaled};
use crate::gate::{Gate, Heard};
use crate::{Machine, PATIENCE, enrolled, hello, until};

/// A machine with an executor of the test's own; its link is not started yet.
async fn with_door() -> (Machine, Gate, UnboundedReceiver<Heard>, Door, UnboundedReceiver<Asked>) {
    let (machine, gate, heard) = enrolled().await;
    let (door, asked) = Door::open(&machine.folder.path().join("run/executor.sock"));
    (machine, gate, heard, door, asked)
}

fn start(machine: &mut Machine) {
    machine.start_with("[schedule]\nhours = 0\n", &["--system-executor"]);
}

async fn next(asked: &mut UnboundedReceiver<Asked>) -> Asked {
    let next = tokio::time::timeout(PATIENCE, asked.recv()).await;
    next.expect("the executor is asked").expect("the executor lives")
}

/// What comes that this picks.
async fn said<T>(
    heard: &mut UnboundedReceiver<Heard>,
    what: &str,
    mut pick: impl FnMut(In) -> Option<T>,
) -> T {
    until(heard, what, |heard| match heard {
        Heard::Said(said) => pick(said),
        _ => None,
    })
    .await
}

fn thing(kind: Kind, path: &str, bytes: &[u8]) -> Vec<v1::CataloguePart> {
    let length = bytes.len().try_into().unwrap();
    let head = Part::Head(v1::CatalogueHead { kind: kind.into(), path: path.into(), length });
    let chunks = bytes.chunks(befund_proto::CHUNK_BYTES);
    let chunks = chunks.map(|chunk| Part::Chunk(bytes::Bytes::copy_from_slice(chunk)));
    std::iter::once(head).chain(chunks).map(|body| v1::CataloguePart { body: Some(body) }).collect()
}

fn wake() -> v1::ControllerMessage {
    let reason = v1::wake::Reason::Catalogue.into();
    v1::ControllerMessage { body: Some(Out::Wake(v1::Wake { reason })) }
}

fn trust(heard: In) -> Option<v1::TrustState> {
    match heard {
        In::Trust(state) => Some(state),
        _ => None,
    }
}

#[tokio::test]
async fn a_catalogue_is_brought_thing_by_thing_and_only_what_is_wanted() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    let file = vec![7; 9_000];
    {
        let mut answers = gate.answers.lock().unwrap();
        answers.current = (vec![0xcd; 32], 2);
        answers.catalogue = [
            thing(Kind::Root, "", b"root 2"),
            thing(Kind::RootSignature, "", b"by anna"),
            thing(Kind::RootSignature, "", b"by tina"),
            thing(Kind::Manifest, "", b"manifest"),
            thing(Kind::Signature, "", b"by anna"),
            thing(Kind::File, "had.yaml", b"had"),
            thing(Kind::File, "net/a.yaml", &file),
            thing(Kind::File, "empty.sh", b""),
        ]
        .concat();
    }
    door.with(|has| {
        has.trust = TrustReport {
            root_version: 1,
            pinned: true,
            files: vec!["ee".repeat(32)],
            ..TrustReport::default()
        };
        has.wants = vec!["net/a.yaml".into(), "empty.sh".into()];
        has.then = TrustReport {
            root_version: 2,
            pinned: true,
            catalogue_version: 5,
            catalogue: "cd".repeat(32),
            ..TrustReport::default()
        };
    });
    start(&mut machine);
    let request = until(&mut heard, "a request", asked_catalogue).await;
    assert_eq!((request.root_version, &request.catalogue[..]), (1, &b""[..]));
    assert_eq!(request.files, [bytes::Bytes::from(vec![0xee; 32])]);
    let Asked::Root(root, signatures) = next(&mut asked).await else { panic!("no root") };
    assert_eq!((root, signatures), (b"root 2".to_vec(), vec!["by anna".into(), "by tina".into()]));
    let Asked::Catalogue(manifest, signatures) = next(&mut asked).await else { panic!("none") };
    assert_eq!((manifest, signatures), (b"manifest".to_vec(), vec!["by anna".to_owned()]));
    let Asked::File(path, bytes) = next(&mut asked).await else { panic!("no file") };
    assert_eq!((path.as_str(), bytes), ("net/a.yaml", file));
    let Asked::File(path, bytes) = next(&mut asked).await else { panic!("no file") };
    assert_eq!((path.as_str(), bytes.len()), ("empty.sh", 0));
    let told = said(&mut heard, "what the machine trusts", trust).await;
    let whole = v1::TrustState {
        root_version: 2,
        pinned: true,
        catalogue_version: 5,
        catalogue: vec![0xcd; 32].into(),
        ..v1::TrustState::default()
    };
    assert_eq!(told, whole);

    // The controller's word: another catalogue.
    gate.answers.lock().unwrap().catalogue = thing(Kind::Manifest, "", b"another");
    door.with(|has| {
        (has.then.catalogue_version, has.then.catalogue) = (6, "ab".repeat(32));
    });
    gate.say(wake()).await;
    let request = until(&mut heard, "a request", asked_catalogue).await;
    assert_eq!((request.root_version, request.catalogue), (2, vec![0xcd; 32].into()));
    assert!(matches!(next(&mut asked).await, Asked::Catalogue(bytes, _) if bytes == b"another"));
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert_eq!(told.catalogue_version, 6);

    // What is known is told with the next hello, and nothing is fetched that the machine has.
    gate.answers.lock().unwrap().current = (vec![0xab; 32], 2);
    gate.break_off().await;
    let hello = until(&mut heard, "another session", hello).await;
    assert_eq!(hello.trust.unwrap(), told);
    assert_nothing_is_fetched(&gate, &mut heard).await;
}

fn asked_catalogue(heard: Heard) -> Option<v1::CatalogueRequest> {
    match heard {
        Heard::AskedCatalogue(request) => Some(request),
        _ => None,
    }
}

/// A word to a job that is not at hand goes to and fro: whatever was to be asked before it was asked.
async fn assert_nothing_is_fetched(gate: &Gate, heard: &mut UnboundedReceiver<Heard>) {
    gate.say(word(JobId::new(Timestamp::UNIX_EPOCH, [99; 10]), 1)).await;
    until(heard, "an acknowledgement", |heard| match heard {
        Heard::AskedCatalogue(request) => panic!("asked once more: {request:?}"),
        Heard::Said(In::SaidAck(_)) => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_or_makes_no_sense_is_told_and_not_fetched_over_and_over() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    {
        let mut answers = gate.answers.lock().unwrap();
        answers.current = (vec![0xcd; 32], 2);
        answers.catalogue = thing(Kind::File, "net/a.yaml", b"before its manifest");
    }
    start(&mut machine);
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert!(told.refusal.contains("where it does not belong"), "{}", told.refusal);
    gate.break_off().await;
    let hello = until(&mut heard, "another session", hello).await;
    assert_eq!(hello.trust.unwrap(), told);
    assert_nothing_is_fetched(&gate, &mut heard).await;

    gate.answers.lock().unwrap().catalogue =
        [thing(Kind::Manifest, "", b"old"), thing(Kind::File, "a", b"a")].concat();
    door.with(|has| has.refuses = Some("it is older than the one before".into()));
    gate.say(wake()).await;
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert!(told.refusal.contains("it is older than the one before"), "{}", told.refusal);
    assert!(matches!(next(&mut asked).await, Asked::Catalogue(..)));
    assert!(asked.try_recv().is_err(), "nothing is offered after a refusal");

    let short = thing(Kind::Manifest, "", &[1; 5_000])[..2].to_vec();
    gate.answers.lock().unwrap().catalogue = short;
    gate.say(wake()).await;
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert!(told.refusal.contains("left 1200 bytes out"), "{}", told.refusal);

    // What is mended is taken at once.
    gate.answers.lock().unwrap().catalogue = thing(Kind::Manifest, "", b"new");
    door.with(|has| has.refuses = None);
    gate.say(wake()).await;
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert_eq!(told.refusal, "");
}

#[tokio::test]
async fn a_file_that_is_not_whole_any_more_is_fetched_although_it_was_named() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    {
        let mut answers = gate.answers.lock().unwrap();
        answers.current = (vec![0xcd; 32], 0);
        answers.catalogue = thing(Kind::Manifest, "", b"manifest");
    }
    door.with(|has| {
        has.trust.files = vec!["ee".repeat(32)];
        has.wants = vec!["a".into()];
    });
    start(&mut machine);
    let request = until(&mut heard, "a request", asked_catalogue).await;
    assert_eq!(request.files.len(), 1);
    let request = until(&mut heard, "a request", asked_catalogue).await;
    assert_eq!(request.files.len(), 0, "nothing is named");
    for _ in 0..2 {
        assert!(matches!(next(&mut asked).await, Asked::Catalogue(..)));
    }
    let told = said(&mut heard, "what the machine trusts", trust).await;
    assert!(told.refusal.contains("did not send the file a"), "{}", told.refusal);
}

fn run(gate: &Gate, n: u8) -> Order {
    let catalogue = "ab".repeat(32);
    Order {
        job: JobId::new(Timestamp::UNIX_EPOCH, [n; 10]),
        agent: gate.agent,
        work: Work::Runbook("net.no-internet".into()),
        parameters: serde_json::json!({}),
        ticket: None,
        within_ms: 600_000,
        runbook: Some(RunbookOrder { mode: Mode::Run, catalogue }),
    }
}

fn ordered(order: &Order) -> v1::ControllerMessage {
    let job = id::bytes(order.job.as_bytes());
    let body = Out::Order(v1::Order { job, body: json::write(order) });
    v1::ControllerMessage { body: Some(body) }
}

fn word(job: JobId, seq: u32) -> v1::ControllerMessage {
    let answer = Said::Answer { question: "scope".into(), answer: "no".into(), by: "tina".into() };
    let body = json::write(&answer);
    let said = v1::Said { job: id::bytes(job.as_bytes()), seq, body };
    v1::ControllerMessage { body: Some(Out::Said(said)) }
}

fn acknowledged(job: JobId, seq: u32) -> v1::ControllerMessage {
    let ack = v1::EventAck { job: id::bytes(job.as_bytes()), seq };
    v1::ControllerMessage { body: Some(Out::EventAck(ack)) }
}

fn event(seq: u32, line: &str) -> JobEvent {
    let what = if seq == 1 { JobNews::Started } else { JobNews::Output(line.to_owned()) };
    JobEvent { seq, at: Timestamp::UNIX_EPOCH, what }
}

fn done() -> Outcome {
    Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: serde_json::json!({ "conclusion": "it works again" }),
        took_us: 7,
    }
}

/// The next event's number; what the executor journaled comes as it was.
async fn next_event(heard: &mut UnboundedReceiver<Heard>) -> u32 {
    said(heard, "an event", |said| match said {
        In::Event(told) => {
            let body: JobEvent = json::read("body", &told.body).unwrap();
            assert_eq!((told.seq, &body), (body.seq, &event(body.seq, "a line")));
            Some(told.seq)
        }
        _ => None,
    })
    .await
}

async fn accepted(heard: &mut UnboundedReceiver<Heard>) {
    said(heard, "the acceptance", |said| match said {
        In::OrderAccepted(_) => Some(()),
        In::Event(event) => panic!("{event:?} before the acceptance"),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_run_is_followed_over_a_reconnect_and_a_restart_and_hears_what_is_said_to_it() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    let order = run(&gate, 8);
    let job = order.job;
    door.with(|has| has.begins_with = vec![event(1, ""), event(2, "a line")]);
    gate.answers.lock().unwrap().after_welcome = vec![ordered(&order), ordered(&order)];
    start(&mut machine);
    accepted(&mut heard).await;
    assert_eq!([next_event(&mut heard).await, next_event(&mut heard).await], [1, 2]);
    assert!(matches!(next(&mut asked).await, Asked::Run(given) if *given == order));

    // Nothing was acknowledged: all of it comes again.
    gate.answers.lock().unwrap().after_welcome.clear();
    gate.break_off().await;
    accepted(&mut heard).await;
    assert_eq!([next_event(&mut heard).await, next_event(&mut heard).await], [1, 2]);
    gate.say(acknowledged(job, 2)).await;
    gate.say(word(job, 1)).await;
    let Asked::Say(to, Said::Answer { answer, .. }) = next(&mut asked).await else { panic!() };
    assert_eq!((to, answer.as_str()), (job, "no"));
    let ack = said(&mut heard, "an acknowledgement", |said| match said {
        In::SaidAck(ack) => Some(ack),
        _ => None,
    })
    .await;
    assert_eq!((&ack.job[..], ack.seq), (&job.as_bytes()[..], 1));

    // The link is killed; the run goes on.
    machine.link.take().unwrap().kill().await.unwrap();
    let kept: Vec<_> = std::fs::read_dir(machine.state().join("spool/jobs")).unwrap().collect();
    assert!(kept.is_empty(), "the executor keeps it: {kept:?}");
    door.with(|has| has.runs.get_mut(&job).unwrap().events.push(event(3, "a line")));
    start(&mut machine);
    assert!(matches!(next(&mut asked).await, Asked::Attach(of, 0) if of == job));
    accepted(&mut heard).await;
    for seq in 1..=3 {
        assert_eq!(next_event(&mut heard).await, seq);
    }
    door.with(|has| has.runs.get_mut(&job).unwrap().outcome = Some(done()));
    let part = said(&mut heard, "the result", |said| match said {
        In::Result(part) => Some(part),
        _ => None,
    })
    .await;
    let outcome: Outcome = json::read("body", &part.body).unwrap();
    assert_eq!(outcome, done());
    gate.say(acknowledged(job, 3)).await;
    assert!(matches!(next(&mut asked).await, Asked::Reported(of) if of == job));
}

#[tokio::test]
async fn a_run_is_cancelled_by_the_executor() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    let order = run(&gate, 8);
    door.with(|has| has.begins_with = vec![event(1, "")]);
    let cancel = Out::Cancel(v1::Cancel { job: id::bytes(order.job.as_bytes()) });
    let cancel = v1::ControllerMessage { body: Some(cancel) };
    gate.answers.lock().unwrap().after_welcome = vec![ordered(&order), cancel];
    start(&mut machine);
    accepted(&mut heard).await;
    assert!(matches!(next(&mut asked).await, Asked::Run(_)));
    assert!(matches!(next(&mut asked).await, Asked::Cancel(job) if job == order.job));
}

#[tokio::test]
async fn a_run_of_the_machines_own_is_introduced_before_its_events() {
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    let own = |n| Journaled {
        order: run(&gate, n),
        begun_by: Some("anna".into()),
        events: vec![event(1, ""), event(2, "a line")],
        outcome: Some(done()),
        reported: false,
    };
    let introduced = |said| match said {
        In::OwnJob(own) => Some(own),
        In::Event(event) => panic!("{event:?} before its job"),
        _ => None,
    };
    // One that ended while no link ran.
    let first = own(1);
    let job = first.order.job;
    door.with(|has| has.runs.insert(job, first.clone()));
    start(&mut machine);
    let told = said(&mut heard, "the job", introduced).await;
    assert_eq!((&told.job[..], told.begun_by.as_str()), (&job.as_bytes()[..], "anna"));
    assert_eq!(json::read::<Order>("body", &told.body).unwrap(), first.order);
    assert_eq!([next_event(&mut heard).await, next_event(&mut heard).await], [1, 2]);
    gate.say(acknowledged(job, 2)).await;
    assert!(matches!(next(&mut asked).await, Asked::Attach(of, 0) if of == job));
    assert!(matches!(next(&mut asked).await, Asked::Reported(of) if of == job));

    // One that is begun while it runs: whoever begins it says so at the link's door.
    let second = own(2);
    let job = second.order.job;
    door.with(|has| has.runs.insert(job, second));
    let path = machine.folder.path().join("run/link.sock");
    let mut stream = local::connect(&path, "befund-link").await.unwrap();
    frame::send(&mut stream, &Ask::RunBegun, &[]).await.unwrap();
    let answer = frame::receive::<Answer>(&mut stream).await.unwrap().unwrap().header;
    assert!(matches!(answer, Answer::Status(_)), "{answer:?}");
    let told = said(&mut heard, "the job", introduced).await;
    assert_eq!(&told.job[..], &job.as_bytes()[..]);
}

#[tokio::test]
async fn who_waits_at_the_links_door_is_told_that_something_is_asked() {
    let (mut machine, gate, mut heard, door, _asked) = with_door().await;
    let order = run(&gate, 9);
    let state =
        |seq, state| JobEvent { seq, at: Timestamp::UNIX_EPOCH, what: JobNews::State(state) };
    door.with(|has| has.begins_with = vec![state(1, JobState::Running)]);
    gate.answers.lock().unwrap().after_welcome = vec![ordered(&order)];
    start(&mut machine);
    let number = |said| match said {
        In::Event(event) => Some(event.seq),
        _ => None,
    };
    said(&mut heard, "an event", number).await;
    let path = machine.folder.path().join("run/link.sock");
    let mut stream = local::connect(&path, "befund-link").await.unwrap();
    frame::send(&mut stream, &Ask::Watch, &[]).await.unwrap();
    // The door hears one connection after the other, and this one comes later.
    let mut later = local::connect(&path, "befund-link").await.unwrap();
    frame::send(&mut later, &Ask::Status, &[]).await.unwrap();
    frame::receive::<Answer>(&mut later).await.unwrap().unwrap();
    let mut byte = [0];
    let silent = stream.try_read(&mut byte).map_err(|error| error.kind());
    assert_eq!(silent, Err(std::io::ErrorKind::WouldBlock), "nothing is asked yet");

    let asks = state(2, JobState::Asking);
    door.with(|has| has.runs.get_mut(&order.job).unwrap().events.push(asks));
    let answer = frame::receive::<Answer>(&mut stream).await.unwrap().unwrap().header;
    assert!(matches!(answer, Answer::Asking), "{answer:?}");
}

#[tokio::test]
async fn no_more_is_read_than_may_wait_for_its_acknowledgement() {
    const LINE: usize = 8_000;
    const WINDOW: usize = 256 << 10;
    let (mut machine, gate, mut heard, door, mut asked) = with_door().await;
    let order = run(&gate, 8);
    let job = order.job;
    let line = "x".repeat(LINE);
    let events: Vec<_> = (1..=120).map(|seq| event(seq, &line)).collect();
    let weights: Vec<usize> = events.iter().map(|event| json::write(event).len()).collect();
    let last = events.last().unwrap().seq;
    door.with(|has| has.begins_with = events);
    gate.answers.lock().unwrap().after_welcome = vec![ordered(&order)];
    start(&mut machine);
    let number = |said| match said {
        In::Event(event) => Some(event.seq),
        _ => None,
    };
    let (mut seen, mut acknowledged_to) = (0, 0);
    while seen < last {
        seen = said(&mut heard, "an event", number).await;
        let waiting =
            |to: u32| weights[acknowledged_to as usize..to as usize].iter().sum::<usize>();
        assert!(waiting(seen) <= WINDOW, "{seen} after {acknowledged_to}");
        if seen < last && waiting(seen + 1) <= WINDOW {
            continue;
        }
        // There is no room for one more. A word goes to the executor and back: what is read meanwhile would
        // come before it is acknowledged.
        gate.say(word(job, seen)).await;
        said(&mut heard, "an acknowledgement", |said| match said {
            In::SaidAck(_) => Some(()),
            In::Event(event) => {
                seen = event.seq;
                assert!(waiting(seen) <= WINDOW, "{seen} after {acknowledged_to}");
                None
            }
            _ => None,
        })
        .await;
        gate.say(acknowledged(job, seen)).await;
        acknowledged_to = seen;
    }
    assert!(matches!(next(&mut asked).await, Asked::Run(_)));
}
