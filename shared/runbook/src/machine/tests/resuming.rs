//! Going on after an interruption.

use serde_json::json;

use befund_model::job::JobNews;
use befund_model::runbook::AttemptEnd;
use befund_model::snapshot::Status;

use super::player::{Player, acted, is_act, is_undo};
use crate::document::{Fix, OnInterrupt, Runbook};
use crate::machine::{Do, Heard, Interruption, MAX_UNWANTED};
use crate::sample::{cause, fix, no_internet, without_question};

fn one_fix(on_interrupt: OnInterrupt) -> Runbook {
    let mut runbook = without_question();
    let fix = Fix { on_interrupt, ..fix("dns.use_dhcp_servers") };
    runbook.causes = vec![cause("dns-dead", "dns.answered == false", vec![fix])];
    runbook
}

#[test]
fn what_was_outstanding_is_wanted_again_and_everything_measured_anew_before_judging() {
    let mut player = Player::new(no_internet());
    for _ in 0..2 {
        let wanted = player.until(|wanted| matches!(wanted, Do::Measure { .. }));
        player.answer(&wanted);
    }
    let wanted = player.resume(Interruption::AgentRestart);
    assert!(
        matches!(&wanted[0], Do::Tell(JobNews::Resumed { after }) if after == "a restart of the agent")
    );
    let steps: Vec<_> = wanted[1..]
        .iter()
        .map(|wanted| match wanted {
            Do::Measure { step, .. } => step.0.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(steps, ["collect/1/dns", "collect/1/web"]);
    player
        .until(|wanted| matches!(wanted, Do::Evaluate { step, .. } if step.0.starts_with("judge")));
    assert!(player.story().contains("measure collect/2/link"), "{}", player.story());
}

#[test]
fn an_act_in_flight_is_the_drivers_to_tell_of() {
    let mut player = Player::new(one_fix(OnInterrupt::Recheck));
    let act = player.until(is_act);
    let wanted = player.resume(Interruption::AgentRestart);
    assert!(!wanted.iter().any(is_act), "{wanted:?}");
    assert_eq!(player.machine.outstanding(), std::slice::from_ref(&act));
    player.measures("dns", json!({"answered": true}));
    player.answer(&act);
    let result = player.end();
    assert_eq!((player.acts(), result.attempts[0].end), (1, AttemptEnd::Verified));
}

#[test]
fn an_act_that_was_not_begun_is_done_only_if_it_is_still_right() {
    for still_there in [true, false] {
        let mut player = Player::new(one_fix(OnInterrupt::Recheck));
        let Do::Act { step, .. } = player.until(is_act) else { panic!("an act") };
        player.resume(Interruption::Reboot);
        player.measures("dns", json!({"answered": !still_there}));
        player.hear(Heard::NotBegun { step });
        let result = player.end();
        let end = if still_there { AttemptEnd::NotVerified } else { AttemptEnd::Needless };
        assert_eq!(result.attempts[0].end, end);
        assert_eq!(player.acts(), 1 + usize::from(still_there));
        assert_eq!(result.before.is_empty(), !still_there, "nothing was changed");
    }
}

#[test]
fn a_question_a_consent_and_an_approval_are_asked_again_and_facts_measured_anew_before_acting() {
    type Which = fn(&Do) -> bool;
    let each: [Which; 3] = [
        |wanted| matches!(wanted, Do::Ask { .. }),
        |wanted| matches!(wanted, Do::Consent { .. }),
        |wanted| matches!(wanted, Do::Approve { .. }),
    ];
    for which in each {
        let mut player = Player::new(no_internet());
        let before = player.until(which);
        let wanted = player.resume(Interruption::Disconnect);
        assert_eq!(wanted[1..], [before]);
        player.until(is_act);
        assert!(player.story().contains("measure collect/2/gw"), "{}", player.story());
    }
}

#[test]
fn the_fix_says_what_an_interruption_after_it_means() {
    for (on_interrupt, end, undone) in [
        (OnInterrupt::Recheck, AttemptEnd::Verified, false),
        (OnInterrupt::Rerun, AttemptEnd::Verified, false),
        (OnInterrupt::Undo, AttemptEnd::Reverted, true),
        (OnInterrupt::Escalate, AttemptEnd::NotVerified, false),
    ] {
        let mut player = Player::new(one_fix(on_interrupt));
        let act = player.until(is_act);
        player.resume(Interruption::AgentRestart);
        player.measures("dns", json!({"answered": true}));
        player.answer(&act);
        let result = player.end();
        assert_eq!(result.attempts[0].end, end, "{on_interrupt:?}");
        assert_eq!(player.log.iter().any(is_undo), undone, "{on_interrupt:?}");
        let escalated = result.escalate_to.is_some();
        let escalates = on_interrupt == OnInterrupt::Escalate;
        assert!(!escalates || escalated, "{on_interrupt:?}: {}", result.conclusion);
    }
}

#[test]
fn what_may_be_done_again_is_done_again_where_it_has_not_helped() {
    let mut player = Player::new(one_fix(OnInterrupt::Rerun));
    let act = player.until(is_act);
    player.answer(&act);
    player.until(|wanted| matches!(wanted, Do::Wait { .. }));
    player.resume(Interruption::Reboot);
    let again = player.until(is_act);
    let (Do::Act { step: first, .. }, Do::Act { step: second, .. }) = (&act, &again) else {
        panic!("acts")
    };
    assert_ne!(first, second, "a step of its own in the journal");
    player.measures("dns", json!({"answered": true}));
    player.answer(&again);
    let result = player.end();
    assert_eq!((player.acts(), result.attempts.len()), (2, 1), "{}", player.story());
    assert_eq!(result.attempts[0].end, AttemptEnd::Verified);
}

#[test]
fn a_restart_that_it_did_not_want_is_no_restart_of_its_own_and_many_are_too_many() {
    let mut runbook = one_fix(OnInterrupt::Recheck);
    runbook.limits.reboots = 0;
    let mut player = Player::new(runbook);
    for _ in 0..=MAX_UNWANTED {
        player.until(|wanted| matches!(wanted, Do::Consent { .. }));
        player.resume(Interruption::Reboot);
    }
    let result = player.end();
    assert_eq!(player.acts(), 0);
    let reason = &result.attempts[0].reason;
    assert!(reason.contains("came between more often than"), "{reason}");
}

#[test]
fn before_it_was_done_it_escalates_without_doing_it() {
    let mut player = Player::new(one_fix(OnInterrupt::Escalate));
    player.until(|wanted| matches!(wanted, Do::Consent { .. }));
    player.resume(Interruption::Reboot);
    let result = player.end();
    assert_eq!((player.acts(), result.attempts[0].end), (0, AttemptEnd::Failed));
    assert_eq!(result.escalate_to.as_deref(), Some("L2-desktop"));
}

#[test]
fn a_runbook_that_does_not_go_on_says_so_and_escalates() {
    let mut runbook = one_fix(OnInterrupt::Recheck);
    runbook.resume.agent_restart = false;
    let mut player = Player::new(runbook);
    let Do::Act { step, .. } = player.until(is_act) else { panic!("an act") };
    player.resume(Interruption::AgentRestart);
    player.hear(Heard::Acted { step, acted: acted(Status::Ok, json!(1)), output: 0 });
    let result = player.end();
    assert_eq!(result.attempts[0].end, AttemptEnd::NotVerified);
    assert!(result.attempts[0].reason.contains("does not go on"), "{:?}", result.attempts[0]);
    assert_eq!(result.escalate_to.as_deref(), Some("L2-desktop"));
}

#[test]
fn a_run_that_had_ended_gives_its_end_again() {
    let mut player = Player::new(no_internet());
    let result = player.end();
    let wanted = player.resume(Interruption::Reboot);
    assert_eq!(wanted, [Do::End(Box::new(result))]);
}

#[test]
fn news_that_a_dying_driver_did_not_tell_are_at_hand() {
    let mut player = Player::new(no_internet());
    let wanted = player.until(|wanted| matches!(wanted, Do::Measure { .. }));
    player.answer(&wanted);
    let told = player.machine.last_news().to_vec();
    assert!(matches!(told.as_slice(), [JobNews::StepEnded { .. }]), "{told:?}");
    player.resume(Interruption::AgentRestart);
    assert_eq!(player.machine.last_news(), told);
}

#[test]
fn what_was_heard_comes_out_of_a_journal_as_it_went_in() {
    let mut player = Player::new(no_internet());
    player.until(is_act);
    player.resume(Interruption::Disconnect);
    let outstanding = player.machine.outstanding();
    player.answer(&outstanding[0]);
    player.end();
    for (heard, _) in &player.past {
        let line = serde_json::to_string(heard).expect("it is JSON");
        let read: Heard = serde_json::from_str(&line).expect("it is what was heard");
        assert_eq!(read, *heard, "{line}");
    }
}

#[test]
fn a_run_may_move_between_threads() {
    let mut player = Player::new(no_internet());
    player.until(|wanted| matches!(wanted, Do::Measure { .. }));
    let mut machine = player.machine;
    let elsewhere = std::thread::spawn(move || {
        machine.hear(Heard::Cancelled { by: "tina".to_owned() }, std::time::Duration::ZERO);
        machine.ended().is_some()
    });
    assert!(elsewhere.join().expect("the thread ends"));
}
