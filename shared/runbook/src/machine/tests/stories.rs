//! Runs as they should go.

use std::time::Duration;

use serde_json::json;

use befund_model::job::JobState;
use befund_model::runbook::{AttemptEnd, CauseVerdict};
use befund_model::snapshot::Status;

use super::player::{Player, acted, is_act, is_undo, result};
use crate::document::{
    Act, Collect, Fix, OnInterrupt, Piece, Retry, Runbook, Source, Template, UndoBy, With,
};
use crate::machine::{Do, Heard};
use crate::sample::{
    cause, collect, condition, fix, instruct, no_internet, seconds, without_question,
};

/// One cause, found as long as `dns.answered` is false, with these fixes.
fn dns_only(fixes: Vec<Fix>) -> Runbook {
    let mut runbook = without_question();
    runbook.causes = vec![cause("dns-dead", "dns.answered == false", fixes)];
    runbook
}

#[test]
fn a_whole_run_is_told_step_by_step() {
    let mut player = Player::new(no_internet());
    let act = player.until(is_act);
    player.measures("dns", json!({"answered": true, "source": "dhcp", "servers": []}));
    player.measures("web", json!({"open": true}));
    player.answer(&act);
    player.end();
    insta::assert_snapshot!(player.story());
}

#[test]
fn what_fails_is_measured_again_after_a_growing_while() {
    let mut runbook = no_internet();
    runbook.collect[2].retry = Retry { max: 2, backoff: Duration::from_secs(1) };
    let mut player = Player::new(runbook);
    player.facts.remove("dns");
    player.until(|wanted| matches!(wanted, Do::Evaluate { .. }));
    let waits: Vec<_> = player
        .log
        .iter()
        .filter_map(|wanted| match wanted {
            Do::Wait { lasting, .. } => Some(lasting.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [1, 2]);
    let story = player.story();
    assert!(story.contains("measure collect/1/dns#3"), "{story}");
    assert_eq!(story.matches("step_ended").count(), 4, "told once for each: {story}");
}

#[test]
fn a_measurement_that_needs_another_waits_for_it() {
    let mut runbook = no_internet();
    let host = Template::Filled(vec![Piece::Filled(condition("gw.interface"))]);
    let with = With::from([("interface".to_owned(), host)]);
    let source = Source::Probe { name: "net.addr".to_owned(), version: 1, with };
    runbook.collect.insert(0, Collect { source, ..collect("addr") });
    let mut player = Player::new(runbook);
    let wanted = player
        .until(|wanted| matches!(wanted, Do::Measure { step, .. } if step.measurement() == "addr"));
    let Do::Measure { parameters, .. } = wanted else { panic!("a measurement") };
    assert_eq!(parameters, json!({"interface": "eth0"}));
}

#[test]
fn what_cannot_be_filled_in_is_not_measured_and_unknown() {
    let mut runbook = dns_only(vec![fix("dns.flush_cache")]);
    let host = Template::Filled(vec![Piece::Filled(condition("gw.nothing"))]);
    let with = With::from([("host".to_owned(), host)]);
    runbook.collect[2].source = Source::Probe { name: "net.dns".to_owned(), version: 1, with };
    let result = Player::new(runbook).end();
    assert_eq!(result.causes[0].verdict, CauseVerdict::Unknown);
    let evidence = &result.causes[0].evidence;
    assert!(evidence.contains("parameter host cannot be filled in"), "{evidence}");
}

#[test]
fn what_went_away_while_people_were_waited_for_is_not_put_right() {
    let mut player = Player::new(dns_only(vec![fix("dns.flush_cache")]));
    let approve = player.until(|wanted| matches!(wanted, Do::Approve { .. }));
    player.measures("dns", json!({"answered": true}));
    player.answer(&approve);
    let result = player.end();
    assert_eq!(player.acts(), 0);
    assert_eq!(result.attempts[0].end, AttemptEnd::Needless);
    assert_eq!(result.attempts[0].reason, "the cause is not there any more");
    assert_eq!(result.attempts[0].approval.as_deref(), Some("tina"));
}

#[test]
fn what_cannot_be_measured_again_is_not_put_right() {
    let mut player = Player::new(dns_only(vec![fix("dns.flush_cache")]));
    let approve = player.until(|wanted| matches!(wanted, Do::Approve { .. }));
    player.facts.remove("dns");
    player.answer(&approve);
    let result = player.end();
    assert_eq!((player.acts(), result.attempts[0].end), (0, AttemptEnd::Needless));
    assert!(result.attempts[0].reason.contains("unknown"), "{}", result.attempts[0].reason);
}

#[test]
fn nothing_else_is_done_than_what_was_signed() {
    let interface = Template::Filled(vec![Piece::Filled(condition("gw.interface"))]);
    let with = With::from([("interface".to_owned(), interface)]);
    let renew = Fix { with, ..fix("net.dhcp_renew") };
    let mut player = Player::new(dns_only(vec![renew]));
    let approve = player.until(|wanted| matches!(wanted, Do::Approve { .. }));
    player.measures("gw", json!({"reachable": true, "interface": "wlan0"}));
    player.answer(&approve);
    let result = player.end();
    assert_eq!((player.acts(), result.attempts[0].end), (0, AttemptEnd::Failed));
    assert_eq!(result.attempts[0].parameters, json!({"interface": "eth0"}));
}

#[test]
fn a_deceiving_address_is_never_opened() {
    let url = Template::Filled(vec![Piece::Filled(condition("web.location"))]);
    let with = With::from([("url".to_owned(), url)]);
    let open = Fix { act: Act::OpenUrl, with, ..instruct("Sign in.") };
    for (location, acts) in [("file:///etc/passwd", 0), ("http://portal.example/", 1)] {
        let mut player = Player::new(dns_only(vec![open.clone()]));
        player.measures("web", json!({"open": false, "location": location}));
        let result = player.end();
        assert_eq!(player.acts(), acts, "{location}");
        assert_eq!(result.attempts[0].end == AttemptEnd::Failed, acts == 0, "{location}");
    }
}

#[test]
fn causes_that_follow_are_silent_also_by_way_of_a_third_and_never_all() {
    let mut runbook = without_question();
    let explains = |id: &str, of: &[&str]| {
        let explains = of.iter().map(|id| (*id).to_owned()).collect();
        crate::document::Cause { explains, ..cause(id, "web.open == false", Vec::new()) }
    };
    runbook.causes = vec![explains("c", &["a"]), explains("a", &["b"]), explains("b", &["c"])];
    let result = Player::new(runbook).end();
    let verdicts: Vec<_> = result.causes.iter().map(|cause| cause.verdict).collect();
    let (found, explained) = (CauseVerdict::Found, CauseVerdict::Explained);
    assert_eq!(verdicts, [found, explained, explained]);
    assert_eq!(result.causes[2].evidence, "follows from c");
}

#[test]
fn of_what_nobody_can_tell_nothing_follows_but_an_escalation() {
    let mut player = Player::new(dns_only(vec![fix("dns.flush_cache"), fix("proxy.clear_user")]));
    let Do::Act { step, .. } = player.until(is_act) else { panic!("an act") };
    player.hear(Heard::Indeterminate { step });
    let result = player.end();
    assert_eq!(player.acts(), 1);
    assert_eq!(result.attempts[0].end, AttemptEnd::Indeterminate);
    assert_eq!(result.escalate_to.as_deref(), Some("L2-desktop"));
    assert_eq!(player.machine.ended().expect("it ended").state, JobState::Indeterminate);
}

#[test]
fn a_failed_change_of_the_network_is_put_back() {
    let mut runbook = dns_only(vec![fix("dns.use_dhcp_servers")]);
    runbook.causes[0].fixes[0].confirm =
        Some(crate::document::Confirm { within: seconds(30), until: None });
    let mut player = Player::new(runbook);
    let Do::Act { step, .. } = player.until(is_act) else { panic!("an act") };
    player.hear(Heard::Acted {
        step,
        acted: acted(Status::Timeout, json!({"dns": "static"})),
        output: 0,
    });
    let Do::Undo { before, .. } = player.until(is_undo) else { panic!("an undo") };
    assert_eq!(before, json!({"dns": "static"}));
}

#[test]
fn a_cancel_while_measuring_ends_at_once_and_keeps_what_was_measured() {
    let mut player = Player::new(no_internet());
    let first = player.until(|wanted| matches!(wanted, Do::Measure { .. }));
    player.answer(&first);
    player.wanted.clear();
    player.hear(Heard::Cancelled { by: "tina".to_owned() });
    let result = player.end();
    assert_eq!(result.facts["link"].status, Status::Ok);
    assert_eq!(result.facts["dns"].status, Status::Failed);
    assert_eq!((result.accepted, result.escalate_to), (None, None));
    assert!(result.conclusion.contains("cancelled by tina"), "{}", result.conclusion);
    assert_eq!(player.machine.ended().expect("it ended").state, JobState::Cancelled);
}

#[test]
fn a_cancel_at_the_very_end_is_not_waited_out() {
    for which in ["accept", "escalate"] {
        let mut player = Player::new(dns_only(Vec::new()));
        player.until(|wanted| matches!(wanted, Do::Evaluate { step, .. } if step.0 == which));
        player.hear(Heard::Cancelled { by: "tina".to_owned() });
        let result = player.end();
        assert_eq!((result.accepted, result.escalate_to), (None, None));
        assert_eq!(player.machine.ended().expect("it ended").state, JobState::Cancelled);
    }
}

#[test]
fn a_cancel_waits_for_the_act_in_flight_and_says_what_stays() {
    for (on_interrupt, end) in
        [(OnInterrupt::Recheck, AttemptEnd::NotVerified), (OnInterrupt::Undo, AttemptEnd::Reverted)]
    {
        let flush = Fix { on_interrupt, undo: UndoBy::Auto, ..fix("dns.flush_cache") };
        let mut player = Player::new(dns_only(vec![flush]));
        let act = player.until(is_act);
        player.hear(Heard::Cancelled { by: "tina".to_owned() });
        assert!(player.wanted.is_empty(), "the act is waited for: {:?}", player.wanted);
        player.answer(&act);
        let result = player.end();
        assert_eq!(result.attempts[0].end, end);
        let reason = &result.attempts[0].reason;
        assert!(reason.contains("its verification was not made: cancelled by tina"), "{reason}");
        let kept = reason.contains("what was changed is kept");
        assert_eq!(kept, end == AttemptEnd::NotVerified, "{reason}");
    }
}

#[test]
fn a_cancel_before_it_is_confirmed_undoes_it() {
    let mut runbook = dns_only(vec![fix("dns.use_dhcp_servers")]);
    runbook.causes[0].fixes[0].confirm =
        Some(crate::document::Confirm { within: seconds(30), until: Some(condition("web.open")) });
    let mut player = Player::new(runbook);
    player.until(|wanted| matches!(wanted, Do::Wait { .. }));
    player.hear(Heard::Cancelled { by: "anna".to_owned() });
    let result = player.end();
    assert_eq!(result.attempts[0].end, AttemptEnd::Reverted);
    assert_eq!(player.log.iter().filter(|wanted| is_undo(wanted)).count(), 1);
}

#[test]
fn an_answer_that_was_not_offered_is_nobodys() {
    let mut player = Player::new(no_internet());
    let Do::Ask { step, .. } = player.until(|wanted| matches!(wanted, Do::Ask { .. })) else {
        panic!("a question");
    };
    player.hear(Heard::Answered { step, answer: Some("rm -rf".to_owned()), by: "anna".to_owned() });
    let result = player.end();
    assert_eq!((&*result.answers[0].answer, &*result.answers[0].by), ("unsure", "nobody"));
}

#[test]
fn whatever_the_machine_says_fits_into_what_may_be_sent() {
    let mut player = Player::new(no_internet());
    let step = |wanted: &Do| match wanted {
        Do::Measure { step, .. } => step.clone(),
        other => panic!("{other:?}"),
    };
    for _ in 0..2 {
        let wanted = player.until(|wanted| matches!(wanted, Do::Measure { .. }));
        let facts = json!({"up": true, "reachable": true, "log": "x".repeat(200_000)});
        let mut result = result(Status::Ok, facts);
        result.summary = "two\nlines ".repeat(10_000);
        player.hear(Heard::Measured { step: step(&wanted), result });
    }
    let act = player.until(is_act);
    let Do::Act { step, .. } = &act else { panic!("an act") };
    let mut huge = acted(Status::Ok, json!("y".repeat(100_000)));
    let command = befund_model::action::Command {
        line: vec!["z".repeat(10_000); 100],
        exit: Some(0),
        took_us: 1,
        output: "ä".repeat(100_000),
        cut: false,
    };
    huge.commands = vec![command; 50];
    player.hear(Heard::Acted { step: step.clone(), acted: huge, output: 0 });
    let result = player.end();
    for wanted in &player.log {
        if let Do::Tell(news) = wanted {
            let size = serde_json::to_vec(news).expect("news are JSON").len();
            assert!(size <= befund_model::job::MAX_EVENT_BYTES, "{size} bytes");
        }
    }
    let size = serde_json::to_vec(&result).expect("a result is JSON").len();
    assert!(size <= befund_model::job::MAX_RESULT_BYTES, "{size} bytes");
    assert!(!result.attempts.is_empty(), "what was done is never left out");
}
