//! Runs that people start themselves, from end to end at the door: what is told, what is asked, how it ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use befund_executor::drive::person::{About, Person as _, Reply};
use befund_executor::people::client::{PeopleError, Person};
use befund_executor::people::protocol::{FromPerson, ToPerson, Who};
use befund_executor::people::{OwnRun, OwnRuns, People, Wish};
use befund_model::action::{Acted, Risk};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::JobNews;
use befund_model::runbook::{
    Attempt, AttemptEnd, Cause, CauseVerdict, FixRef, Mode, RunbookResult,
};
use befund_model::snapshot::Status;
use befund_runbook::document::Runbook;
use befund_runtime::peer::Account;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::common::{Fixture, about, flush};

/// A run that finds no name server, asks for consent to forget names, and tells what came of it.
#[derive(Debug, Default)]
struct Scripted {
    people: Mutex<Option<People>>,
    cancelled: CancellationToken,
    wishes: Mutex<Vec<Wish>>,
}

fn shipped() -> Arc<Runbook> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runbooks");
    let text = std::fs::read_to_string(folder.join("net.no-internet.yaml")).expect("shipped");
    Arc::new(befund_runbook::load(&text).expect("good").0)
}

fn fix() -> FixRef {
    FixRef { cause: "dns-dead".to_owned(), index: 0 }
}

fn acted() -> Acted {
    Acted {
        status: Status::Ok,
        reason: String::new(),
        summary: "42 names were forgotten".to_owned(),
        commands: Vec::new(),
        before: serde_json::Value::Null,
        took_us: 1,
    }
}

fn result(end: AttemptEnd) -> RunbookResult {
    let accepted = end == AttemptEnd::Verified;
    RunbookResult {
        runbook: "net.no-internet".to_owned(),
        version: 1,
        conclusion: "for a technician".to_owned(),
        causes: vec![Cause {
            id: "dns-dead".to_owned(),
            title: "for a technician".to_owned(),
            verdict: CauseVerdict::Found,
            evidence: String::new(),
            advice: String::new(),
        }],
        facts: BTreeMap::new(),
        before: BTreeMap::new(),
        mode: Mode::Run,
        answers: Vec::new(),
        attempts: vec![Attempt {
            fix: fix(),
            act: "dns.flush_cache".to_owned(),
            parameters: serde_json::json!({}),
            risk: Risk::Change,
            prediction: None,
            consent: None,
            approval: None,
            acted: accepted.then(acted),
            undone: None,
            end,
            reason: String::new(),
        }],
        accepted: Some(accepted),
        escalate_to: None,
        escalate_unknown: None,
    }
}

impl OwnRuns for Scripted {
    fn offers(&self) -> Reply<'_, Result<Vec<Arc<Runbook>>, String>> {
        Box::pin(async { Ok(vec![shipped()]) })
    }

    fn start<'a>(
        &'a self,
        job: JobId,
        wish: Wish,
        _: &'a Account,
    ) -> Reply<'a, Result<OwnRun, String>> {
        self.wishes.lock().expect("no panic").push(wish);
        let people = self.people.lock().expect("no panic").clone().expect("set");
        let (tell, news) = mpsc::channel(8);
        let (end, result) = oneshot::channel();
        let cancel = self.cancelled.clone();
        tokio::spawn(run(
            people,
            About { job, ticket: None, ..about() },
            tell,
            end,
            cancel.clone(),
        ));
        Box::pin(async move { Ok(OwnRun { runbook: shipped(), news, result, cancel }) })
    }
}

async fn run(
    people: People,
    about: About,
    tell: mpsc::Sender<JobNews>,
    end: oneshot::Sender<Result<RunbookResult, String>>,
    cancel: CancellationToken,
) {
    let found = JobNews::Cause {
        cause: "dns-dead".to_owned(),
        verdict: CauseVerdict::Found,
        summary: String::new(),
    };
    for news in [JobNews::StepStarted { step: "dns".to_owned() }, found] {
        let _ = tell.send(news).await;
    }
    let asked = flush(Risk::Change, Duration::from_secs(600));
    let consent = cancel.run_until_cancelled(people.consent(&about, &asked)).await;
    let came = match consent {
        Some(Ok(_)) => {
            let _ =
                tell.send(JobNews::Acting { fix: fix(), act: "dns.flush_cache".to_owned() }).await;
            let _ = tell.send(JobNews::Acted { fix: fix(), acted: Box::new(acted()) }).await;
            result(AttemptEnd::Verified)
        }
        Some(Err(_)) | None => result(AttemptEnd::Refused),
    };
    drop(tell);
    let _ = end.send(Ok(came));
}

fn open() -> (Fixture, Arc<Scripted>) {
    let scripted = Arc::new(Scripted::default());
    let fixture = Fixture::open(&[Account::own()], Arc::clone(&scripted) as Arc<dyn OwnRuns>);
    *scripted.people.lock().expect("no panic") = Some(fixture.people.clone());
    (fixture, scripted)
}

async fn fixing(fixture: &Fixture) -> Person {
    let mut person = Person::open(fixture.folder.path()).await.expect("a door");
    let wish = Wish {
        runbook: "net.no-internet".to_owned(),
        inputs: BTreeMap::new(),
        mode: Mode::Run,
        ticket: Some(TicketNumber(7)),
    };
    person.fix(wish, "en").await.expect("said");
    person
}

/// What comes until something is asked; its number.
async fn until_asked(person: &mut Person, told: &mut Vec<ToPerson>) -> u64 {
    loop {
        match person.next().await.expect("more") {
            ToPerson::ConsentAsked(asked) => {
                assert_eq!(asked.who, Who::Yourself);
                assert_eq!(asked.for_ticket, None, "there is no ticket");
                return asked.number;
            }
            other => told.push(other),
        }
    }
}

#[tokio::test]
async fn a_person_starts_a_run_agrees_and_is_told_how_it_went() {
    let (fixture, scripted) = open();
    let mut lister = Person::open(fixture.folder.path()).await.expect("a door");
    let offers = lister.list("de").await.expect("offers");
    assert_eq!((&*offers[0].runbook, &*offers[0].title), ("net.no-internet", "Kein Internet"));

    let mut person = fixing(&fixture).await;
    let mut told = Vec::new();
    let number = until_asked(&mut person, &mut told).await;
    assert!(fixture.people.is_busy(), "a run is a reason to stay");
    // One at a time.
    let mut second = fixing(&fixture).await;
    assert!(
        matches!(second.next().await, Err(PeopleError::Declined(why)) if why.contains("still"))
    );

    let yes = FromPerson::Consent { number, given: true, for_ticket: false };
    person.say(&yes).await.expect("said");
    let done = loop {
        match person.next().await.expect("more") {
            ToPerson::Done(done) => break done,
            other => told.push(other),
        }
    };
    assert_eq!(done.accepted, Some(true));
    assert_eq!(done.changes.len(), 1);
    let lines: Vec<&str> = told
        .iter()
        .filter_map(|said| match said {
            ToPerson::Tell { line } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        lines,
        [
            "Looking at: Internet names",
            "Found: No name server answers.",
            "Now: Remembered Internet names are forgotten and asked for again.",
            "That is done.",
        ]
    );
    assert!(
        told.iter()
            .any(|said| matches!(said, ToPerson::Begun { title, .. } if title == "No Internet"))
    );
    assert!(matches!(person.next().await, Err(PeopleError::Closed)));
    let wishes = scripted.wishes.lock().expect("no panic").clone();
    assert_eq!(wishes.len(), 1);
    assert_eq!(wishes[0].ticket, Some(TicketNumber(7)));
}

#[tokio::test]
async fn who_leaves_has_agreed_to_nothing_and_ends_the_run() {
    let (fixture, scripted) = open();
    let mut person = fixing(&fixture).await;
    until_asked(&mut person, &mut Vec::new()).await;
    drop(person);
    scripted.cancelled.cancelled().await;
    fixture.tasks.close();
    fixture.tasks.wait().await;
    assert!(!fixture.people.is_busy());
}

#[tokio::test]
async fn who_stops_a_run_is_still_told_what_came_of_it() {
    let (fixture, _) = open();
    let mut person = fixing(&fixture).await;
    until_asked(&mut person, &mut Vec::new()).await;
    person.say(&FromPerson::Cancel).await.expect("said");
    let done = loop {
        match person.next().await.expect("more") {
            ToPerson::Done(done) => break done,
            _ => continue,
        }
    };
    assert_eq!(done.accepted, Some(false));
    assert!(done.changes.is_empty());
}
