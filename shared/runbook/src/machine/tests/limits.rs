//! Limits of a run: its time, what it may print, how often it may restart the machine.

use std::time::Duration;

use serde_json::json;

use befund_model::runbook::AttemptEnd;
use befund_model::snapshot::Status;

use super::player::{Player, acted, is_act, is_undo};
use crate::document::{Act, Fix, Runbook};
use crate::machine::{Do, Heard, Interruption, MAX_INTERRUPTIONS, MAX_UNWANTED};
use crate::sample::{cause, fix, seconds, without_question};

fn two_fixes() -> Runbook {
    let mut runbook = without_question();
    let fixes = vec![fix("dns.flush_cache"), fix("proxy.clear_user")];
    runbook.causes = vec![cause("dns-dead", "dns.answered == false", fixes)];
    runbook
}

#[test]
fn when_its_time_is_over_nothing_verified_is_undone_and_the_ticket_goes_on() {
    let mut runbook = two_fixes();
    let other = cause("web-dead", "web.open == false", vec![fix("dns.flush_cache")]);
    runbook.causes.push(other);
    let mut player = Player::new(runbook);
    let act = player.until(is_act);
    player.measures("dns", json!({"answered": true}));
    player.answer(&act);
    player.until(|wanted| matches!(wanted, Do::Predict { .. }));
    player.at = seconds(1_200);
    player.hear(Heard::Waited { step: crate::machine::Step("none".to_owned()) });
    let result = player.end();
    assert_eq!(result.attempts[0].end, AttemptEnd::Verified);
    assert_eq!(result.attempts[1].end, AttemptEnd::Failed);
    assert!(result.attempts[1].reason.contains("20 min was over"), "{:?}", result.attempts[1]);
    assert!(!player.log.iter().any(is_undo));
    assert_eq!(result.escalate_to.as_deref(), Some("L2-desktop"));
    assert_eq!(player.machine.ended().expect("it ended").status, Status::Timeout);
}

#[test]
fn a_fix_that_may_take_longer_than_is_left_is_not_begun() {
    let mut player = Player::new(two_fixes());
    let approve = player.until(|wanted| matches!(wanted, Do::Approve { .. }));
    player.at = seconds(1_190);
    player.answer(&approve);
    let result = player.end();
    assert_eq!(player.acts(), 0);
    let reason = &result.attempts[0].reason;
    assert_eq!(reason, "not begun, since it may take 20 s and 10 s of the run's time are left");
}

#[test]
fn what_printed_all_that_may_be_printed_is_the_last_that_is_done() {
    let mut player = Player::new(two_fixes());
    let Do::Act { step, fix } = player.until(is_act) else { panic!("an act") };
    assert_eq!(fix.output, 1 << 20);
    player.hear(Heard::Acted { step, acted: acted(Status::Ok, json!(1)), output: 2 << 20 });
    let result = player.end();
    assert_eq!(player.acts(), 1);
    assert_eq!(result.attempts[1].reason, "the run may print no more");
}

#[test]
fn the_machine_is_restarted_as_often_as_the_runbook_says() {
    let reboot = Fix { act: Act::Reboot, ..fix("") };
    let mut runbook = two_fixes();
    runbook.causes[0].fixes = vec![reboot.clone(), reboot];
    let mut player = Player::new(runbook);
    let Do::Act { step, .. } = player.until(is_act) else { panic!("an act") };
    let wanted = player.resume(Interruption::Reboot);
    assert!(matches!(wanted.as_slice(), [Do::Tell(_)]), "the driver tells of it: {wanted:?}");
    player.hear(Heard::Acted { step, acted: acted(Status::Ok, json!(null)), output: 0 });
    let result = player.end();
    assert_eq!(player.acts(), 1);
    assert_eq!(result.attempts[0].end, AttemptEnd::NotVerified);
    assert_eq!(result.attempts[1].reason, "the run may restart the machine 1 times, and has");
}

#[test]
fn a_machine_that_restarts_over_and_over_ends_the_run() {
    let mut player = Player::new(two_fixes());
    for _ in 0..=MAX_UNWANTED {
        player.resume(Interruption::Reboot);
    }
    let result = player.end();
    assert!(result.conclusion.contains("more often"), "{}", result.conclusion);
}

#[test]
fn what_the_end_of_a_run_asks_is_asked_again_after_an_interruption() {
    let asks = |name: &'static str| move |wanted: &Do| matches!(wanted, Do::Evaluate { step, .. } if step.0.starts_with(name));
    let mut often = Player::new(two_fixes());
    for _ in 0..=MAX_INTERRUPTIONS {
        often.resume(Interruption::AgentRestart);
    }
    let open = often.until(asks("escalate"));
    assert!(often.resume(Interruption::AgentRestart).contains(&open), "nobody would ever answer");
    assert!(often.resume(Interruption::AgentRestart).contains(&open), "nor the second time");
    assert!(often.end().conclusion.contains("more often"));

    // The one that is too much comes when there is nothing left to stop.
    let mut late = Player::new(two_fixes());
    for _ in 0..MAX_INTERRUPTIONS {
        late.resume(Interruption::AgentRestart);
    }
    let open = late.until(asks("escalate"));
    assert!(late.resume(Interruption::AgentRestart).contains(&open), "nobody would ever answer");
    late.end();
}

#[test]
fn looking_ends_even_if_no_time_passes() {
    let mut player = Player::new(two_fixes());
    let mut waits = 0;
    while player.machine.ended().is_none() {
        let wanted = player.until(|wanted| matches!(wanted, Do::Wait { .. } | Do::End(_)));
        if let Do::Wait { step, .. } = wanted {
            waits += 1;
            player.hear(Heard::Waited { step });
        }
    }
    assert_eq!(player.at, Duration::ZERO);
    assert!(waits <= 2 * 61, "{waits} waits");
}
