//! Runs that are cancelled, killed in the middle of a change, and resumed.

use befund_model::job::{JobNews, JobState, Said, Work};
use befund_model::runbook::{AttemptEnd, Mode};
use befund_trust::signature::Namespace;

use crate::bench::{Bench, UNATTENDED, eventually, is_gone, machine, result, root_of, ticket};
use crate::book::{files, link, of_one};
use crate::organisation::{Files, sign};

/// The first time that it is run, the script begins and does not end.
const STUCK: &str = "n=$(cat CARD/times 2>/dev/null || echo 0)\necho $((n + 1)) >CARD/times\n\
    if [ $n = 0 ]; then setsid sleep 600 & echo $! >CARD/pid; echo begun; sleep 600; fi";

fn stuck(folder: &tempfile::TempDir, more: &str) -> Files {
    let root = root_of(folder.path());
    let card = root.join("sys/class/net/eth0").display().to_string();
    files(&root, link(more), &STUCK.replace("CARD", &card))
}

#[tokio::test]
async fn a_cancel_stops_the_change_with_all_that_it_started() {
    let folder = machine(UNATTENDED);
    let files = stuck(&folder, "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.approve(1).await;
    run.output("begun").await;
    let pid = bench.card("pid").expect("it was written before");
    assert!(!is_gone(&pid));

    bench.client.cancel(order.job).await.expect("an executor");
    let outcome = run.outcome().await;

    assert_eq!(outcome.state, JobState::Cancelled, "{outcome:#?}");
    assert!(is_gone(&pid), "its detached child lives on");
    let result = result(&outcome);
    let acted = result.attempts[0].acted.as_ref().expect("it was begun");
    assert!(acted.reason.contains("cancelled"), "{acted:?}");
    bench.stop().await;
}

#[tokio::test]
async fn a_cancel_ends_the_waiting_for_a_signature() {
    let folder = machine(UNATTENDED);
    let files = stuck(&folder, "");
    let bench = Bench::inside(folder, &files, |_| {}).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.statement().await;
    bench.client.cancel(order.job).await.expect("an executor");
    let outcome = run.outcome().await;
    assert_eq!(outcome.state, JobState::Cancelled);
    assert_eq!(outcome.reason, "cancelled by the help desk");
    assert_eq!(bench.card("times"), None);
    bench.stop().await;
}

#[tokio::test]
async fn what_may_be_repeated_is_done_again_after_a_crash_in_the_middle() {
    let folder = machine(UNATTENDED);
    let files = stuck(&folder, "        repeat: idempotent");
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.approve(1).await;
    run.output("begun").await;
    let told = run.events.clone();
    let pid = bench.card("pid").expect("it was written before");
    drop(run);

    bench.kill();
    let mut run = bench.attach(order.job, 0).await;
    let outcome = run.outcome().await;

    assert_eq!(run.events[..told.len()], told, "what was told is told the same again");
    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    assert_eq!(bench.card("times").as_deref(), Some("2"));
    let resumed = JobNews::Resumed { after: "a restart of the agent".to_owned() };
    assert_eq!(run.events.iter().filter(|event| event.what == resumed).count(), 1);
    let pids = pid.clone();
    eventually(move || is_gone(&pids).then_some(())).await;
    bench.stop().await;
}

#[tokio::test]
async fn what_may_not_be_repeated_is_not_and_nobody_can_tell() {
    let folder = machine(UNATTENDED);
    let files = stuck(&folder, "");
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.approve(1).await;
    run.output("begun").await;
    drop(run);

    bench.kill();
    let outcome = bench.attach(order.job, 0).await.outcome().await;

    assert_eq!(outcome.state, JobState::Indeterminate, "{outcome:#?}");
    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Indeterminate);
    assert_eq!(bench.card("times").as_deref(), Some("1"), "it was begun once");
    bench.kill();
    assert_eq!(bench.attach(order.job, 0).await.outcome().await, outcome, "and stays so");
    bench.stop().await;
}

#[tokio::test]
async fn a_run_that_is_interrupted_before_it_measured_anything_starts_once() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.until(|news| (*news == JobNews::Started).then_some(())).await;
    drop(run);

    bench.kill();
    let mut run = bench.attach(order.job, 0).await;
    run.approve(1).await;
    let outcome = run.outcome().await;

    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    let starts = run.events.iter().filter(|event| event.what == JobNews::Started);
    assert_eq!(starts.count(), 1, "{:#?}", run.events);
    bench.stop().await;
}

#[tokio::test]
async fn a_statement_of_before_a_crash_is_not_taken_after_it() {
    let folder = machine(UNATTENDED);
    let files = files(&root_of(folder.path()), link(""), "");
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    let (fix, old) = run.statement().await;
    let last = run.events.len() as u32;
    drop(run);

    bench.kill();
    let mut run = bench.attach(order.job, last).await;
    let (_, new) = run.statement().await;
    assert_ne!(new, old);
    let signatures = sign(1, Namespace::Approval, old.as_bytes());
    run.say(Said::Approval { fix: fix.clone(), signatures }).await;
    run.output("an approval was not taken").await;
    let signatures = sign(1, Namespace::Approval, new.as_bytes());
    run.say(Said::Approval { fix, signatures }).await;
    let outcome = run.outcome().await;

    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    bench.stop().await;
}

#[tokio::test]
async fn a_run_goes_on_after_the_restart_that_it_wanted() {
    let folder = machine(UNATTENDED);
    std::fs::write(folder.path().join("boot"), "first").expect("a file");
    let up = "link.interfaces.exists(i, i.up)";
    let fix =
        "act: machine.reboot, text: {en: The machine is restarted., de: Das Gerät startet neu.}";
    let runbook = of_one("test.restart", &format!("!{up}"), fix, up);
    let files = Files::from([("test.restart.yaml".to_owned(), runbook.into_bytes())]);
    let mut bench = Bench::process(folder, &files).await;
    let order = bench.order_for(Work::Runbook("test.restart".to_owned()));
    let mut run = bench.run(&order).await;
    run.approve(1).await;
    let restarted = bench.folder.path().join("restarted");
    eventually(|| restarted.exists().then_some(())).await;
    drop(run);

    std::fs::write(bench.folder.path().join("boot"), "second").expect("a file");
    let card = root_of(bench.folder.path()).join("sys/class/net/eth0");
    std::fs::write(card.join("operstate"), "up\n").expect("a file");
    std::fs::write(card.join("carrier"), "1\n").expect("a file");
    bench.kill();
    let mut run = bench.attach(order.job, 0).await;
    let outcome = run.outcome().await;

    assert_eq!(result(&outcome).attempts[0].end, AttemptEnd::Verified, "{outcome:#?}");
    let resumed = JobNews::Resumed { after: "a restart of the machine".to_owned() };
    assert!(run.events.iter().any(|event| event.what == resumed), "{:#?}", run.events);
    bench.stop().await;
}

#[tokio::test]
async fn an_undo_that_was_interrupted_is_done_again() {
    let folder = machine(UNATTENDED);
    let mut files = files(&root_of(folder.path()), link(""), "");
    let down = files.get_mut("scripts/down.sh").expect("it is there");
    let card = root_of(folder.path()).join("sys/class/net/eth0").display().to_string();
    *down = [STUCK.replace("CARD", &card).as_bytes(), b"\n", down].concat();
    let mut bench = Bench::process(folder, &files).await;
    let mut run = bench.run(&bench.order(Mode::Run)).await;
    run.approve(1).await;
    run.outcome().await;
    drop(run);
    let order = bench.order_for(Work::Undo(ticket()));
    let mut run = bench.run(&order).await;
    run.output("begun").await;
    drop(run);

    bench.kill();
    let outcome = bench.attach(order.job, 0).await.outcome().await;

    let undone = result(&outcome);
    assert_eq!(undone.attempts.len(), 1, "{undone:#?}");
    assert_eq!(undone.attempts[0].end, AttemptEnd::Reverted, "{undone:#?}");
    assert_eq!(bench.card("times").as_deref(), Some("2"));
    assert_eq!(bench.card("operstate").as_deref(), Some("down"));
    bench.stop().await;
}

#[tokio::test]
async fn a_run_goes_on_with_what_it_began_with_though_another_catalogue_came() {
    let folder = machine(UNATTENDED);
    let root = root_of(folder.path());
    let began = files(&root, link(""), "echo the first");
    let mut bench = Bench::process(folder, &began).await;
    let order = bench.order(Mode::Run);
    let mut run = bench.run(&order).await;
    run.statement().await;
    drop(run);

    let runbook = link("").replace("version: 1", "version: 2");
    bench.offer(2, &files(&root, runbook, "echo the second")).await;
    bench.kill();
    let mut run = bench.attach(order.job, 0).await;
    run.until(|news| matches!(news, JobNews::Resumed { .. }).then_some(())).await;
    run.approve(1).await;
    let outcome = run.outcome().await;

    let result = result(&outcome);
    assert_eq!(result.attempts[0].end, AttemptEnd::Verified, "{result:#?}");
    assert_eq!(result.version, 1);
    assert!(run.told("the first") && !run.told("the second"), "{:#?}", run.events);

    // Nothing is begun with it any more; it stays as long as its script is what undoes the change.
    let mut late = bench.order(Mode::Dry);
    late.runbook.clone_from(&order.runbook);
    assert_eq!(bench.run(&late).await.outcome().await.state, JobState::Refused);
    let keep = bench.folder.path().join("keep/trust");
    let kept = |folder: &str| std::fs::read_dir(keep.join(folder)).expect("a folder").count();
    assert_eq!((kept("former"), kept("files")), (1, 5), "both have the script that undoes");
    bench.stop().await;
}
