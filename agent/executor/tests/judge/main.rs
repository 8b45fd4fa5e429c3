//! Stories of judging: whatever an expression does to the child, as many answers come as were asked for, and
//! the next question is answered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use befund_executor::ChildCommand;
use befund_executor::judge::{Judge, Question};
use befund_model::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(60);

fn judge(part: &str) -> Judge {
    Judge::new(ChildCommand {
        program: PathBuf::from(env!("CARGO_BIN_EXE_executor-fixture")),
        arguments: vec![part.into()],
    })
}

fn question(expressions: &[&str]) -> Question {
    Question {
        expressions: expressions.iter().map(|text| (*text).to_owned()).collect(),
        scope: json!({"dns": {"servers": []}}),
        missing: BTreeMap::from([("web".to_owned(), "the probe timed out".to_owned())]),
        now: Timestamp::UNIX_EPOCH,
    }
}

async fn ask(
    judge: &mut Judge,
    expressions: &[&str],
    within: Duration,
) -> Vec<Result<Value, String>> {
    let cancel = CancellationToken::new();
    judge.ask(&question(expressions), Instant::now() + within, &cancel).await
}

/// The number of the child that answers now.
async fn pid(judge: &mut Judge) -> Value {
    ask(judge, &["pid"], LONG).await.remove(0).expect("a number")
}

fn is_gone(pid: &Value) -> bool {
    !std::path::Path::new("/proc").join(pid.to_string()).exists()
}

#[tokio::test]
async fn one_child_answers_all_of_a_run() {
    let mut judge = judge("judge");
    let first = pid(&mut judge).await;

    let values = ask(&mut judge, &["scope", "web", "now"], LONG).await;

    assert_eq!(
        values,
        [
            Ok(json!({"dns": {"servers": []}})),
            Err("the probe timed out".to_owned()),
            Ok(json!("1970-01-01T00:00:00Z")),
        ]
    );
    assert_eq!(pid(&mut judge).await, first);
}

#[tokio::test]
async fn what_takes_too_long_is_unknown_with_all_that_was_asked_and_the_next_is_answered() {
    let mut judge = judge("judge");
    let first = pid(&mut judge).await;

    let values = ask(&mut judge, &["scope", "hang"], Duration::from_millis(200)).await;

    assert_eq!(values.len(), 2);
    for value in values {
        assert!(value.as_ref().is_err_and(|why| why.contains("too long")), "{value:?}");
    }
    let second = pid(&mut judge).await;
    assert_ne!(first, second);
    drop(judge);
    // The runtime reaps what was killed; what is killed runs no more.
    while !is_gone(&first) || !is_gone(&second) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_child_that_breaks_down_answers_nothing_and_is_replaced() {
    let mut judge = judge("judge");
    for breaks in ["die", "hog", "miscount"] {
        let values = ask(&mut judge, &[breaks, "scope"], LONG).await;
        assert!(values.len() == 2 && values.iter().all(Result::is_err), "{breaks}: {values:?}");
    }
    assert!(ask(&mut judge, &["scope"], LONG).await[0].is_ok());
}

#[tokio::test]
async fn a_cancel_ends_it_at_once() {
    let mut judge = judge("judge");
    let cancel = CancellationToken::new();
    cancel.cancel();

    let values = judge.ask(&question(&["hang"]), Instant::now() + LONG, &cancel).await;

    assert_eq!(values, [Err("cancelled before it was judged".to_owned())]);
}

#[tokio::test]
async fn a_child_that_is_none_is_told_as_such() {
    for part in ["garble", "nonsense"] {
        let values = ask(&mut judge(part), &["scope"], LONG).await;
        assert!(values.len() == 1 && values[0].is_err(), "{part}: {values:?}");
    }
}

#[tokio::test]
async fn more_facts_than_can_be_handed_over_are_unknown() {
    let mut question = question(&["scope"]);
    question.scope = json!({"packages": "x".repeat(17 << 20)});
    let cancel = CancellationToken::new();

    let values = judge("judge").ask(&question, Instant::now() + LONG, &cancel).await;

    assert!(
        values[0].as_ref().is_err_and(|why| why.contains("more than can be judged")),
        "{values:?}"
    );
}
