//! Whoever sits at the machine: agreeing, saying no, being asked, and helping themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use befund_act::SessionUser;
use befund_executor::drive::person::{About, Agreed, Asked, NoConsent, Person, Reply};
use befund_executor::people::Wish;
use befund_executor::people::client::{PeopleError, Person as Program};
use befund_executor::people::protocol::{FromPerson, ToPerson};
use befund_model::job::Question;
use befund_model::language::Text;
use befund_model::runbook::{AttemptEnd, Mode, RunbookResult};
use befund_runtime::peer::Account;

use crate::bench::{Bench, machine, result, root_of};
use crate::book::{files, link};

/// Anna, who is signed in and does as she is told to.
#[derive(Debug, Default)]
struct Anna {
    says_no: bool,
    agreed: Mutex<Vec<String>>,
}

impl Person for Anna {
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

/// A bench with a people's door, and a person's program at it.
async fn at_the_door(policy: &str) -> (Bench, Program) {
    let folder = machine(policy);
    let files = files(&root_of(folder.path()), link(""), "");
    let bench = Bench::with_people(folder, &files).await;
    let program = Program::open(bench.folder.path()).await.expect("a door");
    (bench, program)
}

async fn fixing(bench: &Bench) -> Program {
    let mut program = Program::open(bench.folder.path()).await.expect("a door");
    let (runbook, inputs) = ("test.link".to_owned(), BTreeMap::new());
    let wish = Wish { runbook, inputs, mode: Mode::Run, ticket: None };
    program.fix(wish, "en").await.expect("it is said");
    program
}

#[tokio::test]
async fn people_help_themselves_where_the_policy_lets_them_and_then_nobody_signs() {
    let (bench, mut program) = at_the_door("[runbooks]\nself_service = [\"test.*\"]\n").await;
    let offers = program.list("en").await.expect("a catalogue");
    assert_eq!(offers.iter().map(|one| one.runbook.as_str()).collect::<Vec<_>>(), ["test.link"]);

    let mut program = fixing(&bench).await;
    let mut began = None;
    let done = loop {
        match program.next().await.expect("more") {
            ToPerson::Begun { job, .. } => began = Some(job),
            ToPerson::ConsentAsked(asked) => {
                let yes =
                    FromPerson::Consent { number: asked.number, given: true, for_ticket: false };
                program.say(&yes).await.expect("it is said");
            }
            ToPerson::Done(done) => break done,
            _ => {}
        }
    };

    assert_eq!(done.accepted, Some(true), "{done:#?}");
    let outcome = bench.attach(began.expect("it was told"), 0).await.outcome().await;
    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::Verified, "{result:#?}");
    let own = Account::own().name();
    let approval = result.attempts[0].approval.clone();
    assert_eq!(approval, Some(format!("started at the machine itself by {own}")));
    let unreported = bench.client.unreported().await.expect("an executor");
    assert_eq!(unreported[0].begun_by, Some(own));
    bench.stop().await;
}

#[tokio::test]
async fn people_start_nothing_that_the_policy_does_not_list() {
    let (bench, mut program) = at_the_door("").await;
    assert_eq!(program.list("en").await.expect("a catalogue"), []);
    let told = fixing(&bench).await.next().await;
    let Err(PeopleError::Declined(declined)) = told else { panic!("{told:?}") };
    assert!(declined.contains("does not let test.link be started here"), "{declined}");
    assert_eq!(bench.card("arguments"), None);
    bench.stop().await;
}
