//! Doing a fix, predicting it, undoing it: INTENT, then the child, then EXIT. The driver hears of it only afterwards.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use befund_act::{Purpose, Told, Work};
use befund_model::action::{self, Acted, Holds, Prediction, Repeat};
use befund_model::job::JobNews;
use befund_model::language::Text;
use befund_model::snapshot::Status;
use befund_runbook::document::{Act, Script, UndoBy};
use befund_runbook::machine::{FixOrder, Heard, Step};

use super::child::{self, Done, Live, Unanswered};
use super::scene::{Scene, Word, forbidden, wall};
use crate::admit;
use crate::journal::{ChangeRef, Doing, Entry, Intent};

/// How long predicting and asking whether something was done may take.
const LOOKING: Duration = Duration::from_secs(30);
/// What looking may print.
const LOOKING_OUTPUT: u64 = 64 << 10;
/// How long it may take until a machine that was told to restart does.
const RESTART: Duration = Duration::from_secs(5 * 60);

/// Tells what a fix would change.
pub(super) async fn predict(scene: Arc<Scene>, step: Step, fix: FixOrder) {
    let prediction = match &fix.act {
        Act::Reboot => Prediction {
            known: true,
            changes: true,
            lines: vec!["the machine is restarted".to_owned()],
        },
        Act::Instruct | Act::OpenUrl | Act::Action(_) | Act::Script(_) => {
            predicted(&scene, &fix).await
        }
    };
    scene.hear(Heard::Predicted { step, prediction }).await;
}

async fn predicted(scene: &Scene, fix: &FixOrder) -> Prediction {
    let why = match child::work(scene, &fix.act, &fix.parameters) {
        Err(why) => why,
        Ok(work) => {
            let cancel = &scene.cancelled;
            let done = child::run(
                scene,
                work,
                Purpose::Predict,
                LOOKING,
                LOOKING_OUTPUT,
                Live::Silent,
                cancel,
            );
            match done.await.answer {
                Ok(Told::Predicted(prediction)) => return prediction,
                Ok(_) => "the child answered something else".to_owned(),
                Err(unanswered) => words(&unanswered, LOOKING).1,
            }
        }
    };
    Prediction { known: false, changes: true, lines: vec![format!("cannot predict: {why}")] }
}

/// Does a fix; `known` is what undoing needs, where that was noted before an interruption.
pub(super) async fn act(scene: Arc<Scene>, step: Step, fix: FixOrder, known: Value) {
    match &fix.act {
        Act::Instruct | Act::OpenUrl => {
            let acted = Box::new(to_person(&scene, &fix).await);
            scene.hear(Heard::Acted { step, acted, output: 0 }).await;
        }
        Act::Action(_) | Act::Script(_) | Act::Reboot => change(&scene, step, fix, known).await,
    }
}

/// What the person does themselves: nothing is changed, so that there is no intent.
async fn to_person(scene: &Scene, fix: &FixOrder) -> Acted {
    let person = &scene.shared.config.person;
    let text = fix.text.clone().unwrap_or(Text { en: String::new(), de: String::new() });
    let url = fix.parameters.get("url").and_then(Value::as_str);
    let (shown, line) = match (&fix.act, url) {
        (Act::OpenUrl, Some(url)) => {
            (person.open_url(&scene.about, url, fix.text.as_ref()), format!("{} {url}", text.en))
        }
        _ => (person.instruct(&scene.about, &text), text.en.clone()),
    };
    let line = crate::events::cut(line.trim(), 2 << 10);
    scene.tell(JobNews::Output(line.clone())).await;
    let shown = scene.cancelled.run_until_cancelled(timeout(fix.within, shown)).await;
    // Who is shown something and does not look is not told.
    let there = shown.is_some_and(|shown| shown.unwrap_or(false));
    let summary = if there {
        format!("the person was told: {line}")
    } else {
        format!("nobody is signed in to be told: {line}")
    };
    done_well(summary)
}

async fn change(scene: &Scene, step: Step, fix: FixOrder, known: Value) {
    // Whoever waits here for another run's change may be cancelled meanwhile.
    let Some(Ok(_acting)) = scene.cancelled.run_until_cancelled(scene.runs.acting.acquire()).await
    else {
        return scene.hear(Heard::NotBegun { step }).await;
    };
    if let Some(why) = barred(scene, &fix) {
        let acted = Box::new(not_done(Status::Denied, why));
        return scene.hear(Heard::Acted { step, acted, output: 0 }).await;
    }
    let (doing, repeat) = match &fix.act {
        // To ask twice for a restart that has not come about is to ask once.
        Act::Reboot => (Doing::Restart, Repeat::Idempotent),
        act => (Doing::Act, repeat(act)),
    };
    let restart = doing == Doing::Restart;
    let intent = intent(scene, &step, doing, &fix, repeat, known.clone());
    if !begin(scene, &intent).await {
        return;
    }
    if restart {
        let acted = self::restart(scene).await;
        return end(scene, step, acted, 0, Did::Act).await;
    }
    match child::work(scene, &fix.act, &fix.parameters) {
        Err(why) => end(scene, step, not_done(Status::Unsupported, why), 0, Did::Act).await,
        Ok(work) => {
            let live = Live::Told(scene, &intent);
            let done = child::run(
                scene,
                work,
                Purpose::Perform,
                fix.within,
                fix.output,
                live,
                &scene.cancelled,
            );
            let mut done = done.await;
            if !known.is_null() {
                // Done for the second time, it finds what it did the first time.
                if let Ok(Told::Acted(acted)) = &mut done.answer {
                    acted.before = known.clone();
                }
                done.before = known;
            }
            finish(scene, step, done, fix.within, Did::Act).await;
        }
    }
}

/// Why a fix that was agreed to and signed may still not be done now.
pub(super) fn barred(scene: &Scene, fix: &FixOrder) -> Option<String> {
    use befund_model::runbook::Mode;
    match scene.mode {
        Mode::Run => {}
        Mode::Dry => return Some("a dry run changes nothing".to_owned()),
    }
    let policy = match scene.policy() {
        Ok(policy) => policy,
        Err(why) => return Some(why),
    };
    if let Some(why) = forbidden(&policy, fix) {
        return Some(why);
    }
    let keep = scene.keep();
    if let Some(why) = admit::unvouched(&keep, fix) {
        return Some(why);
    }
    admit::time_for(&keep, wall(), &fix.act, scene.expired()).err()
}

/// Undoes a fix of this run, by the step that did it.
pub(super) async fn undo(scene: Arc<Scene>, step: Step, acted: Step, fix: FixOrder, before: Value) {
    let Ok(_acting) = scene.runs.acting.acquire().await else { return };
    let change = ChangeRef { job: scene.run.order.job, step: acted };
    let by = |script: &Script| child::bytes(&scene, script);
    undo_change(&scene, step, change, &fix, before, by).await;
}

/// Undoes a change that some run made, where it is a script by the bytes that `by` has for it. The caller holds what lets
/// one run at a time change something.
pub(super) async fn undo_change(
    scene: &Scene,
    step: Step,
    change: ChangeRef,
    fix: &FixOrder,
    before: Value,
    by: impl FnOnce(&Script) -> Result<Vec<u8>, String>,
) {
    let (repeat, wanted) = match &fix.undo {
        UndoBy::Auto => {
            let work = child::work(scene, &fix.act, &fix.parameters);
            (Repeat::Idempotent, work.map(|work| (work, Purpose::Undo { before: before.clone() })))
        }
        UndoBy::Action(name) => {
            let parameters = parameters_for(name, &fix.parameters);
            let work = Work::Action { name: name.clone(), parameters };
            let act = Act::Action(name.clone());
            (self::repeat(&act), Ok(((work, Vec::new()), Purpose::Perform)))
        }
        UndoBy::Script(script) => {
            let work = by(script).map(|bytes| child::of_script(script, &fix.parameters, bytes));
            let purpose = Purpose::Undo { before: before.clone() };
            (script.repeat, work.map(|work| (work, purpose)))
        }
        UndoBy::None => (Repeat::Idempotent, Err("there is nothing that undoes it".to_owned())),
    };
    // What undoes is done by whoever had the fix done: it is asked again, since the fix may have changed nothing.
    let unvouched = admit::unvouched(&scene.keep(), fix);
    let wanted = unvouched.map_or(wanted, Err);
    let intent = intent(scene, &step, Doing::Undo(change), fix, repeat, before);
    if !begin(scene, &intent).await {
        return;
    }
    match wanted {
        Err(why) => end(scene, step, not_done(Status::Unsupported, why), 0, Did::Undo).await,
        Ok((work, purpose)) => {
            // An undo is let end, whoever cancels the run.
            let never = CancellationToken::new();
            let output = fix.output.max(LOOKING_OUTPUT);
            let live = Live::Told(scene, &intent);
            let done = child::run(scene, work, purpose, fix.within, output, live, &never).await;
            finish(scene, step, done, fix.within, Did::Undo).await;
        }
    }
}

/// Asks the machine whether a fix was done that was interrupted.
pub(super) async fn holds(scene: &Scene, fix: &FixOrder) -> (Holds, String) {
    let Ok(work) = child::work(scene, &fix.act, &fix.parameters) else {
        return (Holds::Unknown, "it cannot be asked for".to_owned());
    };
    let cancel = &scene.cancelled;
    let done =
        child::run(scene, work, Purpose::Holds, LOOKING, LOOKING_OUTPUT, Live::Silent, cancel);
    match done.await.answer {
        Ok(Told::Holds { holds, reason }) => (holds, reason),
        Ok(_) => (Holds::Unknown, "the child answered something else".to_owned()),
        Err(unanswered) => (Holds::Unknown, words(&unanswered, LOOKING).1),
    }
}

/// What an undoing action takes of the parameters that the action took.
fn parameters_for(name: &str, parameters: &Value) -> Value {
    let Some(spec) = action::find(name) else { return json!({}) };
    let known = |key: &String| spec.parameters.iter().any(|known| known.name == key);
    let taken = parameters.as_object().into_iter().flatten().filter(|(key, _)| known(key));
    Value::Object(taken.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn repeat(act: &Act) -> Repeat {
    match act {
        Act::Action(name) => action::find(name).map_or(Repeat::Never, |spec| spec.repeat),
        Act::Script(script) => script.repeat,
        Act::Instruct | Act::OpenUrl | Act::Reboot => Repeat::Idempotent,
    }
}

fn intent(
    scene: &Scene,
    step: &Step,
    doing: Doing,
    fix: &FixOrder,
    repeat: Repeat,
    before: Value,
) -> Intent {
    Intent {
        step: step.clone(),
        doing,
        fix: fix.clone(),
        repeat,
        boot: scene.shared.config.boot.clone(),
        before,
        turn: 0,
    }
}

/// Writes the intent down; whether it may be done now.
async fn begin(scene: &Scene, intent: &Intent) -> bool {
    let job = scene.run.order.job;
    match scene.runs.ledger.append(job, Entry::Intent(Box::new(intent.clone()))).await {
        Ok(()) => true,
        Err(error) => {
            scene.say(Word::Broken(crate::told(&error))).await;
            false
        }
    }
}

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    Act,
    Undo,
}

async fn finish(scene: &Scene, step: Step, done: Done, within: Duration, did: Did) {
    let Done { answer, before, output } = done;
    let acted = match answer {
        Ok(Told::Acted(acted)) => *acted,
        Ok(_) => not_done(Status::Failed, "the child answered something else".to_owned()),
        // The journal keeps the intent alone: nobody can tell.
        Err(Unanswered::Lost) => return scene.hear(Heard::Indeterminate { step }).await,
        Err(unanswered) => {
            let (status, why) = words(&unanswered, within);
            Acted { before, ..not_done(status, why) }
        }
    };
    end(scene, step, acted, output, did).await;
}

/// Writes down how it ended, and tells the driver.
async fn end(scene: &Scene, step: Step, acted: Acted, output: u64, did: Did) {
    let job = scene.run.order.job;
    let acted = Box::new(acted);
    let exit = Entry::Exit { step: step.clone(), acted: acted.clone(), output };
    if let Err(error) = scene.runs.ledger.append(job, exit).await {
        return scene.say(Word::Broken(crate::told(&error))).await;
    }
    scene
        .hear(match did {
            Did::Act => Heard::Acted { step, acted, output },
            Did::Undo => Heard::Undone { step, acted },
        })
        .await;
}

/// Restarts the machine: comes back only if it does not come about.
async fn restart(scene: &Scene) -> Acted {
    let command = &scene.shared.config.restart;
    let mut child = tokio::process::Command::new(&command.program);
    child.args(&command.arguments).stdin(std::process::Stdio::null());
    let failed = |why: String| not_done(Status::Failed, format!("it was not restarted: {why}"));
    match child.status().await {
        Err(error) => failed(format!("could not start {}: {error}", command.program.display())),
        Ok(status) if !status.success() => {
            failed(format!("{} ended with {status}", command.program.display()))
        }
        Ok(_) => {
            // Goes with this process, if the machine does as it was told.
            let passed = scene.cancelled.run_until_cancelled(tokio::time::sleep(RESTART)).await;
            failed(match passed {
                Some(()) => format!("nothing came of it within {} minutes", RESTART.as_secs() / 60),
                None => "cancelled, after the system had been told to".to_owned(),
            })
        }
    }
}

fn words(unanswered: &Unanswered, within: Duration) -> (Status, String) {
    match unanswered {
        Unanswered::NotStarted(why) => (Status::Denied, format!("it was not begun: {why}")),
        Unanswered::Cancelled => (Status::Failed, "it was cancelled and stopped".to_owned()),
        Unanswered::Late => {
            let within = within.as_secs();
            (Status::Timeout, format!("it did not end within {within} s and was stopped"))
        }
        Unanswered::Broken(why) => (Status::Failed, why.clone()),
        Unanswered::Lost => (Status::Failed, "it was killed from outside".to_owned()),
    }
}

fn done_well(summary: String) -> Acted {
    Acted {
        status: Status::Ok,
        reason: String::new(),
        summary,
        commands: Vec::new(),
        before: Value::Null,
        took_us: 0,
    }
}

/// What came of something that was not done, or not to its end.
pub(super) fn not_done(status: Status, reason: String) -> Acted {
    Acted {
        status,
        summary: format!("not done: {reason}"),
        reason,
        commands: Vec::new(),
        before: Value::Null,
        took_us: 0,
    }
}
