use befund_model::job::JobNews;
use serde_json::json;

use super::*;

fn told(news: Vec<JobNews>) -> Story {
    let events =
        (1..).zip(news).map(|(seq, what)| JobEvent { seq, at: Timestamp::UNIX_EPOCH, what });
    Story::of(&events.collect::<Vec<_>>())
}

fn fix(cause: &str) -> FixRef {
    FixRef { cause: cause.to_owned(), index: 0 }
}

fn cause(verdict: CauseVerdict, evidence: &str) -> JobNews {
    let summary = format!("“It is dead”: {evidence}");
    JobNews::Cause { cause: "dead".to_owned(), verdict, summary }
}

fn acted(status: Status) -> Box<Acted> {
    Box::new(Acted {
        status,
        reason: String::new(),
        summary: "done".to_owned(),
        commands: Vec::new(),
        before: json!(null),
        took_us: 1,
    })
}

fn predicted() -> JobNews {
    let prediction = Prediction { known: true, changes: true, lines: Vec::new() };
    JobNews::Predicted {
        fix: fix("dead"),
        act: "dns.flush_cache".to_owned(),
        risk: Risk::Change,
        prediction,
    }
}

#[test]
fn a_cause_that_was_found_stays_found_with_the_evidence_of_then() {
    let story = told(vec![
        cause(CauseVerdict::Found, "it is silent"),
        cause(CauseVerdict::Excluded, "it answers"),
    ]);
    let judged = &story.causes[0];
    assert_eq!(judged.verdict, CauseVerdict::Found);
    assert_eq!((judged.evidence.as_str(), judged.gone), ("it is silent", true));
    let story = told(vec![
        cause(CauseVerdict::Unknown, "not measured"),
        cause(CauseVerdict::Found, "it is silent"),
    ]);
    assert_eq!(story.causes[0].verdict, CauseVerdict::Found);
}

#[test]
fn a_signature_is_waited_for_until_the_machine_goes_on() {
    let asked = JobNews::ApprovalAsked { fix: fix("dead"), statement: "{}".to_owned(), people: 2 };
    let mut news = vec![predicted(), JobNews::State(JobState::NeedsApproval), asked];
    let story = told(news.clone());
    let (_, signing) = story.unsigned().expect("it is waited for");
    assert!(signing.statement.is_none(), "{signing:?} is nothing that may be signed");
    news.push(JobNews::State(JobState::Running));
    assert!(told(news).unsigned().is_none());
}

#[test]
fn a_fix_that_is_tried_once_more_is_another_try() {
    let once = vec![
        predicted(),
        JobNews::Acting { fix: fix("dead"), act: "dns.flush_cache".to_owned() },
        JobNews::Acted { fix: fix("dead"), acted: acted(Status::Ok) },
    ];
    let story = told([once.clone(), once.clone()].concat());
    assert_eq!(story.fixes.len(), 2);
    // Predicted anew before it was done, it is the same.
    assert_eq!(told(vec![predicted(), predicted()]).fixes.len(), 1);
}

#[test]
fn what_stands_is_what_was_done_and_not_undone() {
    let did = |status| JobNews::Acted { fix: fix("dead"), acted: acted(status) };
    let undid = |status| JobNews::Undone { fix: fix("dead"), acted: acted(status) };
    let stands = |news| told([vec![predicted()], news].concat()).fixes[0].stands();
    assert!(!stands(vec![]));
    assert!(stands(vec![did(Status::Ok)]));
    assert!(!stands(vec![did(Status::Failed)]));
    assert!(!stands(vec![did(Status::Ok), undid(Status::Ok)]));
    assert!(stands(vec![did(Status::Ok), undid(Status::Failed)]));
}

#[test]
fn a_question_that_is_asked_anew_after_an_interruption_stands_once() {
    let asked = JobNews::Asked(Box::new(Question {
        name: "scope".to_owned(),
        user: false,
        text: befund_model::language::Text { en: "?".to_owned(), de: "?".to_owned() },
        choice: Vec::new(),
        default: String::new(),
        within_ms: 1,
    }));
    let story = told(vec![asked.clone(), asked.clone()]);
    assert_eq!(story.questions.len(), 1);
    let answer =
        Answer { question: "scope".to_owned(), answer: "a".to_owned(), by: "b".to_owned() };
    let story = told(vec![asked.clone(), JobNews::Answered(answer), asked]);
    assert_eq!((story.questions.len(), story.open_questions().count()), (2, 1));
}
