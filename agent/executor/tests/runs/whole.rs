//! The whole way of a fix: found, agreed to, signed, done, verified.

use befund_model::job::{JobNews, JobState, Said};
use befund_model::runbook::{AttemptEnd, Mode};
use befund_model::snapshot::Status;

use crate::bench::{Bench, UNATTENDED, machine, result, root_of};
use crate::book::{files, link};

#[tokio::test]
async fn a_cause_is_found_its_fix_signed_done_and_verified() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let order = bench.order(Mode::Run);

    let mut run = bench.run(&order).await;
    run.approve(1).await;
    let outcome = run.outcome().await;

    assert_eq!((outcome.state, outcome.status), (JobState::Done, Status::Ok), "{outcome:#?}");
    let result = result(&outcome);
    assert_eq!(result.accepted, Some(true), "{result:#?}");
    let [attempt] = result.attempts.as_slice() else { panic!("{result:#?}") };
    assert_eq!(attempt.end, AttemptEnd::Verified, "{attempt:#?}");
    assert_eq!(attempt.approval.as_deref(), Some("Ada (ada)"));
    assert_eq!(bench.card("operstate").as_deref(), Some("up"));
    assert!(run.events.iter().map(|event| event.seq).eq(1..=run.events.len() as u32));
    assert_eq!(run.events[0].what, JobNews::Started);
    assert!(run.told("raising"), "{:#?}", run.events);

    // It is there until it was reported, for whoever asks, from wherever they were.
    let mut again = bench.attach(order.job, 3).await;
    assert_eq!(again.outcome().await, outcome);
    assert_eq!(again.events, run.events[3..]);
    let unreported = bench.client.unreported().await.expect("an executor");
    assert_eq!(unreported.iter().map(|one| one.order.job).collect::<Vec<_>>(), [order.job]);
    bench.client.reported(order.job).await.expect("it has ended");
    assert!(bench.client.unreported().await.expect("an executor").is_empty());
    let mut twice = bench.run(&order).await;
    assert_eq!(twice.outcome().await.state, JobState::Refused);
    bench.stop().await;
}

#[tokio::test]
async fn runs_that_wait_for_people_keep_no_place_from_others() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut run = bench.run(&bench.order(Mode::Run)).await;
        run.statement().await;
        waiting.push(run);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_technician_answers_and_what_is_none_of_the_choices_is_told() {
    let folder = machine(UNATTENDED);
    let ask = r#"ask:
  lamp:
    to: technician
    text: {en: "Does the lamp burn?", de: "Brennt die Lampe?"}
    choice: ["yes", "no"]
    timeout: 10m
    default: "no"
escalate: {to: "ask.lamp == 'yes' ? 'L3' : 'L2'"}
"#;
    let runbook = link("").replace("escalate: {to: \"'L2'\"}\n", ask);
    let files = files(&root_of(folder.path()), runbook, "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let mut run = bench.run(&bench.order(Mode::Dry)).await;
    run.until(|news| matches!(news, JobNews::Asked(_)).then_some(())).await;
    let answer = |answer: &str| Said::Answer {
        question: "lamp".to_owned(),
        answer: answer.to_owned(),
        by: "tina".to_owned(),
    };
    run.say(answer("maybe")).await;
    run.output("none of the choices").await;
    run.say(answer("yes")).await;
    let result = result(&run.outcome().await);
    assert_eq!(result.answers[0].answer, "yes", "{result:#?}");
    assert_eq!(result.answers[0].by, "tina");
    bench.stop().await;
}
