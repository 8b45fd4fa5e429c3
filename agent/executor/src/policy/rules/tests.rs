//! What policies allow, and the entries that cannot be used.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(text: &str) -> Result<Rules, Wrong> {
    toml::from_str::<File>(text).expect("it is TOML of this form").rules()
}

fn at(day: u8, minute: u16) -> LocalTime {
    LocalTime { day, minute }
}

fn asked<'a>(what: &'a str, risk: Risk, parameters: &'a Value) -> Asked<'a> {
    Asked { what, script: what.starts_with("scripts/"), risk, parameters }
}

#[test]
fn without_a_policy_what_is_signed_may_be_done_and_nothing_when_nobody_is_there() {
    let (rules, none) = (Rules::default(), json!({}));
    let restart = asked("net.adapter_restart", Risk::Disruptive, &none);
    assert_eq!(rules.admit("net.no-internet"), Ok(()));
    assert_eq!(rules.permit(restart, at(0, 0)), Ok(()));
    assert!(!rules.agrees_to(restart));
    assert!(rules.permit_unattended(restart).is_err());
    assert!(rules.permit_unattended(asked("dns.flush_cache", Risk::Change, &none)).is_err());
    assert!(rules.permit_unattended(asked("net.dns", Risk::Read, &none)).is_ok());
    assert!(!rules.is_self_service("net.no-internet"));
}

#[test]
fn a_policy_narrows() {
    let rules = read(
        r#"
        risk = "change"
        allow = ["net.*", "printer.queue"]
        deny = ["net.vpn"]
        hours = ["Mon-Fri 07:00-19:00", "Sat 22:00-02:00"]
        self_service = ["net.no-internet"]
        scripts = false
        unattended = "change"
        without_asking = ["dns.flush_cache"]
        consent_for_ticket = "8h"
        [parameters."service.restart"]
        service = ["cups.service"]
        "#,
    )
    .expect("a good policy");
    for (runbook, allowed) in
        [("net.wifi", true), ("net.vpn", false), ("printer.queue", true), ("disk.full", false)]
    {
        assert_eq!(rules.admit(runbook).is_ok(), allowed, "{runbook}");
    }
    let none = json!({});
    let noon = at(2, 12 * 60);
    let flush = asked("dns.flush_cache", Risk::Change, &none);
    assert_eq!(rules.permit(flush, noon), Ok(()));
    assert!(rules.agrees_to(flush));
    let refused = |asked| rules.permit(asked, noon).expect_err("it is not allowed").to_string();
    insta::assert_snapshot!(
        [
            refused(asked("net.adapter_restart", Risk::Disruptive, &none)),
            refused(asked("scripts/clean.sh", Risk::Change, &none)),
            refused(asked("service.restart", Risk::Change, &json!({"service": "ssh.service"}))),
            rules.permit(flush, at(6, 12 * 60)).expect_err("on Sunday").to_string(),
            rules.admit("disk.full").expect_err("not allowed").to_string(),
        ]
        .join("\n"),
        @r#"
    the policy of this machine allows nothing that is disruptive, and net.adapter_restart is
    the policy of this machine allows no scripts: scripts/clean.sh
    the policy of this machine does not allow service.restart with service = "ssh.service"
    the policy of this machine allows changes only Mon-Fri 07:00-19:00, Sat 22:00-02:00, and now it is Sun 12:00
    the policy of this machine does not allow the runbook disk.full
    "#
    );
    let cups = json!({"service": "cups.service"});
    assert_eq!(rules.permit(asked("service.restart", Risk::Change, &cups), noon), Ok(()));
    assert_eq!(rules.consent_for_ticket, Duration::from_secs(8 * 3600));
}

#[test]
fn the_night_from_saturday_to_sunday_is_one_span() {
    let hours: Hours = "Sat 22:00-02:00".parse().expect("a span");
    for (time, within) in [
        (at(5, 22 * 60), true),
        (at(5, 23 * 60 + 59), true),
        (at(6, 0), true),
        (at(6, 119), true),
        (at(6, 120), false),
        (at(5, 60), false),
        (at(6, 22 * 60), false),
    ] {
        assert_eq!(hours.contains(time), within, "{time}");
    }
    let weekend: Hours = "Fri-Mon 00:00-24:00".parse().expect("a span");
    assert!(weekend.contains(at(6, 5)) && weekend.contains(at(0, 1_439)));
    assert!(!weekend.contains(at(2, 5)));
}

#[test]
fn entries_that_cannot_be_used_are_named() {
    for (text, key) in [
        ("allow = [\"Net\"]", "runbooks.allow"),
        ("deny = [\"\"]", "runbooks.deny"),
        ("hours = [\"Mon 7-9\"]", "runbooks.hours"),
        ("hours = [\"Mon 09:00-09:00\"]", "runbooks.hours"),
        ("hours = [\"Monday 09:00-10:00\"]", "runbooks.hours"),
        ("hours = [\"Mon 09:00-24:01\"]", "runbooks.hours"),
        ("without_asking = [\"dns.flash\"]", "runbooks.without_asking"),
        ("consent_for_ticket = \"1000h\"", "runbooks.consent_for_ticket"),
        ("consent_for_ticket = \"8\"", "runbooks.consent_for_ticket"),
        ("[parameters.\"no.such\"]\nx = [1]", "runbooks.parameters"),
        ("[parameters.\"service.restart\"]\nx = [1]", "runbooks.parameters.service.restart"),
    ] {
        let (found, _, why) = read(text).expect_err(text);
        assert_eq!(found, key, "{text}");
        assert!(!why.is_empty());
    }
    assert!(toml::from_str::<File>("rsik = \"read\"").is_err(), "an unknown key is refused");
}

proptest! {
    #[test]
    fn a_span_is_read_as_it_is_written(first in 0u8..7, last in 0u8..7, from in 0u16..1_440, to in 0u16..=1_440) {
        prop_assume!(from != to);
        let name = |day: u8| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][usize::from(day)];
        let text = format!(
            "{}-{} {:02}:{:02}-{:02}:{:02}",
            name(first), name(last), from / 60, from % 60, to / 60, to % 60
        );
        let hours: Hours = text.parse().expect("a span");
        prop_assert_eq!(hours.to_string().parse::<Hours>(), Ok(hours));
        // Its first minute is in it, on its first day.
        let begins = LocalTime { day: first, minute: from };
        prop_assert!(hours.contains(begins));
    }

    #[test]
    fn any_text_is_a_span_or_refused(text in ".{0,30}") {
        let _ = text.parse::<Hours>();
    }
}
