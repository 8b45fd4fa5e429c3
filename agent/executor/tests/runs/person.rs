//! Whoever sits at the machine: agreeing, saying no, being asked, and helping themselves.

use std::sync::{Arc, Mutex};

use befund_act::SessionUser;
use befund_executor::drive::person::{About, Agreed, Asked, Desk, NoConsent, Person, Reply};
use befund_model::job::{JobState, Question};
use befund_model::language::Text;
use befund_model::runbook::{AttemptEnd, Mode, RunbookResult};

use crate::bench::{Bench, machine, result, root_of};
use crate::book::{files, link};

/// Anna, who is signed in and does as she is told to.
#[derive(Debug, Default)]
struct Anna {
    says_no: bool,
    agreed: Mutex<Vec<String>>,
    desk: Mutex<Option<Desk>>,
}

impl Person for Anna {
    fn opened(&self, desk: Desk) {
        *self.desk.lock().expect("no panic") = Some(desk);
    }

    fn signed_in(&self) -> Reply<'_, Option<SessionUser>> {
        Box::pin(async { Some(SessionUser { name: "anna".to_owned(), id: "65534".to_owned() }) })
    }

    fn ask<'a>(
        &'a self,
        _: &'a About,
        question: &'a Question,
    ) -> Reply<'a, Option<(String, String)>> {
        let answer = question.choice[0].value.clone();
        Box::pin(async { Some((answer, "anna".to_owned())) })
    }

    fn consent<'a>(
        &'a self,
        about: &'a About,
        asked: &'a Asked,
    ) -> Reply<'a, Result<Agreed, NoConsent>> {
        let text = asked.fix.text.as_ref().map_or("", |text| text.en.as_str());
        self.agreed.lock().expect("no panic").push(format!("{}: {text}", about.runbook));
        let answer = if self.says_no {
            Err(NoConsent::Declined("anna".to_owned()))
        } else {
            Ok(Agreed { by: "anna".to_owned(), for_ticket: true })
        };
        Box::pin(async { answer })
    }

    fn instruct<'a>(&'a self, _: &'a About, _: &'a Text) -> Reply<'a, bool> {
        Box::pin(async { true })
    }

    fn open_url<'a>(&'a self, _: &'a About, _: &'a str, _: Option<&'a Text>) -> Reply<'a, bool> {
        Box::pin(async { true })
    }
}

async fn bench(policy: &str, anna: &Arc<Anna>) -> Bench {
    let folder = machine(policy);
    let files = files(&root_of(folder.path()), link(""), "");
    let person: Arc<dyn Person> = Arc::clone(anna) as Arc<dyn Person>;
    Bench::inside(folder, &files, |config| config.person = person).await
}

async fn approved(bench: &Bench) -> RunbookResult {
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    run.approve(1).await;
    result(&run.outcome().await)
}

#[tokio::test]
async fn who_says_no_is_heard_and_nobody_is_asked_to_sign() {
    let anna = Arc::new(Anna { says_no: true, ..Anna::default() });
    let bench = bench("", &anna).await;
    let outcome = bench.run(&bench.order(Mode::Run)).await.outcome().await;
    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::Refused, "{result:#?}");
    assert_eq!(result.attempts[0].reason, "the user (anna) said no");
    assert_eq!(
        *anna.agreed.lock().expect("no panic"),
        ["test.link: The interface is given its signal."]
    );
    assert_eq!(bench.card("arguments"), None);
    bench.stop().await;
}

#[tokio::test]
async fn consent_holds_for_the_ticket_as_long_as_the_policy_says() {
    for (policy, asked) in [("", 2), ("[runbooks]\nconsent_for_ticket = \"8h\"\n", 1)] {
        let anna = Arc::new(Anna::default());
        let bench = bench(policy, &anna).await;
        let first = approved(&bench).await;
        assert_eq!(first.attempts[0].consent.as_deref(), Some("the user (anna)"), "{first:#?}");
        let card = root_of(bench.folder.path()).join("sys/class/net/eth0");
        std::fs::write(card.join("operstate"), "down\n").expect("a file");
        std::fs::write(card.join("carrier"), "0\n").expect("a file");
        let second = approved(&bench).await;
        assert_eq!(second.attempts[0].end, AttemptEnd::Verified, "{second:#?}");
        assert_eq!(anna.agreed.lock().expect("no panic").len(), asked);
        bench.stop().await;
    }
}

#[tokio::test]
async fn people_help_themselves_where_the_policy_lets_them_and_then_nobody_signs() {
    let anna = Arc::new(Anna::default());
    let bench = bench("[runbooks]\nself_service = [\"test.*\"]\n", &anna).await;
    let desk = anna.desk.lock().expect("no panic").clone().expect("the executor serves");
    let offered = desk.offered().await.expect("a catalogue");
    assert_eq!(offered.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["test.link"]);

    let started = desk.start("anna", "test.link", serde_json::Value::Null, Mode::Run, None).await;
    let job = started.expect("it is taken on");
    let mut after = 0;
    let outcome = loop {
        let told = desk.follow("anna", job, after).await.expect("it is there");
        after += u32::try_from(told.events.len()).expect("few");
        if let Some(outcome) = told.outcome {
            break outcome;
        }
    };

    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::Verified, "{result:#?}");
    let approval = result.attempts[0].approval.as_deref();
    assert_eq!(approval, Some("started at the machine itself by anna"));
    assert!(desk.follow("bert", job, 0).await.is_err(), "it is none of Bert's business");
    let unreported = bench.client.unreported().await.expect("an executor");
    assert_eq!(unreported[0].begun_by.as_deref(), Some("anna"));
    bench.stop().await;
}

#[tokio::test]
async fn people_start_nothing_that_the_policy_does_not_list() {
    let anna = Arc::new(Anna::default());
    let bench = bench("", &anna).await;
    let desk = anna.desk.lock().expect("no panic").clone().expect("the executor serves");
    assert_eq!(desk.offered().await.expect("a catalogue"), []);
    let started = desk.start("anna", "test.link", serde_json::Value::Null, Mode::Run, None).await;
    assert_eq!(started.expect_err("it is not listed").state, JobState::Refused);
    bench.stop().await;
}
