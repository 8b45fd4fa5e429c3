//! Whose word counts: programs of several accounts at one door, as the kernel tells them apart.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use befund_executor::drive::person::{Agreed, NoConsent, Person as _};
use befund_executor::people::SOCKET;
use befund_executor::people::client::{PeopleError, Person};
use befund_model::action::Risk;
use befund_model::job::{Choice, Question};
use serde_json::Value;

use crate::common::{
    ANNA, BERT, EVE, Fixture, LINK, NoRuns, PATIENCE, PROGRAM, about, account, flush, is_root, text,
};

const YES: &str = r#"{"consent":{"number":N,"given":true}}"#;
const NO: &str = r#"{"consent":{"number":N,"given":false}}"#;

fn here(accounts: &[u32]) -> Fixture {
    let accounts: Vec<_> = accounts.iter().copied().map(account).collect();
    Fixture::open(&accounts, Arc::new(NoRuns))
}

#[tokio::test]
async fn only_who_is_signed_in_is_a_person() {
    if !is_root() {
        return;
    }
    // The link's account has signed in as well, and stays nobody.
    let fixture = here(&[ANNA, LINK]);
    let mut anna = fixture.person(ANNA).await;
    for stranger in [EVE, LINK, 0] {
        let mut program = fixture.program(stranger);
        program.say(r#"{"attend":{"language":"de"}}"#).await;
        let declined = program.asked("declined").await;
        let why = declined["why"].as_str().expect("a text");
        assert!(why.contains("nicht angemeldet"), "{why}");
        assert_eq!(program.next().await, None, "nothing follows");
        let mut program = fixture.program(stranger);
        program.say(r#"{"fix":{"runbook":"x","inputs":{},"mode":"run","language":"en"}}"#).await;
        assert!(program.asked("declined").await["why"].is_string());
    }

    // Somebody else's program says yes to what Anna is asked, with and without having attended.
    let (people, about) = (fixture.people.clone(), about());
    let asked = flush(Risk::Change, Duration::from_secs(600));
    let consent = tokio::spawn(async move { people.consent(&about, &asked).await });
    let shown = anna.asked("consent_asked").await;
    let number = shown["number"].as_u64().expect("a number");
    for stranger in [EVE, LINK, 0] {
        for first in [r#"{"attend":{"language":"en"}}"#, r#"{"list":{"language":"en"}}"#, ""] {
            let mut program = fixture.program(stranger);
            if !first.is_empty() {
                program.say(first).await;
            }
            program.say(&YES.replace('N', &number.to_string())).await;
            // To its end, so that it has been heard.
            while program.next().await.is_some() {}
        }
    }
    assert!(!consent.is_finished(), "nobody has agreed yet");
    anna.say(NO).await;
    let consent = consent.await.expect("no panic");
    assert_eq!(consent, Err(NoConsent::Declined(format!("uid {ANNA}"))));
}

#[tokio::test]
async fn a_person_is_shown_what_why_by_whom_and_for_whom() {
    if !is_root() {
        return;
    }
    let fixture = here(&[ANNA]);
    let (people, run) = (fixture.people.clone(), about());
    let asked = flush(Risk::Change, Duration::from_secs(600));
    let consent = tokio::spawn(async move { people.consent(&run, &asked).await });
    // Whoever comes later is asked, too.
    let mut anna = fixture.program(ANNA);
    anna.say(r#"{"attend":{"language":"de-AT"}}"#).await;
    assert_eq!(anna.next().await, Some(Value::from("welcome")));
    let mut shown = anna.asked("consent_asked").await;
    let number = shown["number"].take();
    assert!(number.as_u64().is_some_and(|number| number > 0), "{number}");
    assert!(shown["seconds"].take().as_u64().is_some_and(|seconds| seconds <= 600));
    let expected = serde_json::json!({
        "number": null, "seconds": null,
        "organisation": "Example AG",
        "who": {"technician": {"name": null, "ticket": 7}},
        "title": "No Internet (de)",
        "what": "Gemerkte Internetnamen werden vergessen und neu erfragt.",
        "why": "Names are not found. (de)",
        "lines": ["42 names are forgotten"],
        "known": true, "undo": "needless", "risk": "change", "for_ticket": 8,
    });
    assert_eq!(shown, expected);
    anna.say(r#"{"consent":{"number":N,"given":true,"for_ticket":true}}"#).await;
    let agreed = Agreed { by: format!("uid {ANNA}"), for_ticket: true };
    assert_eq!(consent.await.expect("no panic"), Ok(agreed));
}

#[tokio::test]
async fn in_two_sessions_the_first_answer_counts_and_a_refusal_wins() {
    if !is_root() {
        return;
    }
    let fixture = here(&[ANNA, BERT]);
    let (mut anna, mut bert) = (fixture.person(ANNA).await, fixture.person(BERT).await);

    // A question: the first answer, of which the other is told.
    let (people, run) = (fixture.people.clone(), about());
    let choice = |value: &str| Choice { value: value.to_owned(), text: text(value) };
    let question = Question {
        name: "scope".to_owned(),
        user: true,
        text: text("Do others have Internet?"),
        choice: vec![choice("yes"), choice("no")],
        default: "no".to_owned(),
        within_ms: 600_000,
    };
    let answer = tokio::spawn(async move { people.ask(&run, &question).await });
    assert_eq!(anna.asked("question").await["text"], "Do others have Internet?");
    assert_eq!(bert.asked("question").await["choices"][0]["value"], "yes");
    bert.say(r#"{"answer":{"number":N,"choice":"yes"}}"#).await;
    let answer = answer.await.expect("no panic");
    assert_eq!(answer, Some(("yes".to_owned(), format!("uid {BERT}"))));
    assert_eq!(anna.asked("settled").await["how"]["answered"]["by"], format!("uid {BERT}"));
    bert.asked("settled").await;

    // A disruptive step: a yes waits for the other's no.
    let (people, run) = (fixture.people.clone(), about());
    let disruptive = flush(Risk::Disruptive, Duration::from_secs(600));
    let consent = tokio::spawn(async move { people.consent(&run, &disruptive).await });
    assert_eq!(anna.asked("consent_asked").await["for_ticket"], Value::Null);
    bert.asked("consent_asked").await;
    anna.say(YES).await;
    // Heard before what comes next, since it is asked about on the same connection in between.
    bert.say(NO).await;
    let consent = tokio::time::timeout(PATIENCE, consent).await.expect("in time");
    let declined = Err(NoConsent::Declined(format!("uid {BERT}")));
    assert_eq!(consent.expect("no panic"), declined);
}

#[tokio::test]
async fn where_nobody_answers_nobody_agrees() {
    if !is_root() {
        return;
    }
    let soon = Duration::from_millis(50);
    // Nobody is signed in: that is said at once.
    let fixture = here(&[]);
    let ages = flush(Risk::Change, Duration::from_secs(3600));
    assert_eq!(fixture.people.consent(&about(), &ages).await, Err(NoConsent::Nobody));
    // Somebody is, and no program of theirs comes.
    let fixture = here(&[ANNA]);
    let asked = flush(Risk::Change, soon);
    assert_eq!(fixture.people.consent(&about(), &asked).await, Err(NoConsent::Nobody));
    assert!(!fixture.people.is_busy());
    // One came, and says nothing; then too late, and to an older number.
    let mut anna = fixture.person(ANNA).await;
    assert_eq!(fixture.people.consent(&about(), &asked).await, Err(NoConsent::Late));
    anna.asked("consent_asked").await;
    assert_eq!(anna.asked("settled").await["how"], "timed_out");
    anna.say(YES).await;
    assert_eq!(fixture.people.consent(&about(), &asked).await, Err(NoConsent::Late));
    anna.asked("consent_asked").await;
    // Whoever wanted to know has gone.
    anna.asked("settled").await;
    let asking = fixture.people.clone();
    let (run, ages) = (about(), flush(Risk::Change, Duration::from_secs(3600)));
    let asking = tokio::spawn(async move { asking.consent(&run, &ages).await });
    anna.asked("consent_asked").await;
    assert!(fixture.people.is_busy(), "somebody is asked");
    asking.abort();
    assert_eq!(anna.asked("settled").await["how"], "withdrawn");
    assert!(!fixture.people.is_busy());
}

#[tokio::test]
async fn who_listens_and_is_not_the_agent_is_not_answered() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(SOCKET);
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), mode).expect("a mode");
    let mut impostor = tokio::process::Command::new(PROGRAM);
    impostor.arg("listen").arg(&path).uid(LINK).gid(LINK).kill_on_drop(true);
    let mut impostor = impostor.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    // It says so once it listens.
    let mut out = impostor.stdout.take().expect("piped");
    tokio::io::AsyncReadExt::read_u8(&mut out).await.expect("it listens");
    let told = Person::open(folder.path()).await.expect_err("that is not the agent");
    assert!(matches!(told, PeopleError::Impostor { .. }), "{told:?}");
}

#[tokio::test]
async fn what_is_to_be_done_is_shown_to_whoever_comes() {
    if !is_root() {
        return;
    }
    let fixture = here(&[ANNA]);
    let (people, run) = (fixture.people.clone(), about());
    let shown = tokio::spawn(async move { people.instruct(&run, &text("Plug it in.")).await });
    let mut anna = fixture.person(ANNA).await;
    assert_eq!(anna.asked("instruct").await["text"], "Plug it in.");
    assert!(shown.await.expect("no panic"));
    let url = "http://portal.example/in";
    let why = text("Sign in.");
    assert!(fixture.people.open_url(&about(), url, Some(&why)).await);
    let page = anna.asked("open_url").await;
    assert_eq!((&page["host"], &page["url"]), (&"portal.example".into(), &url.into()));
    assert_eq!(page["text"], "Sign in.");
    assert!(!fixture.people.open_url(&about(), "file:///etc/passwd", None).await);
    assert!(!fixture.people.open_url(&about(), "http://a@b/", None).await);
}
