//! Rehearsals of one runbook, as its authors would write them.

use befund_model::runbook::RunbookResult;
use serde_json::json;

use super::*;
use crate::sample::{evaluate, no_internet};

fn rehearsal(file: Value) -> Rehearsal {
    serde_json::from_value(file).expect("a rehearsal")
}

fn dead_dns(expect: Value) -> Value {
    json!({
        "runbook": "net.no-internet",
        "scenario": "dead DNS",
        "facts": {
            "link": {"up": true},
            "gw": {"reachable": true},
            "dns": {"answered": false, "source": "static", "servers": ["192.0.2.53"]},
            "web": {"open": false},
        },
        "answers": {"scope": "no"},
        "then": {
            "dns-dead/1": {"dns": {"answered": true, "source": "dhcp", "servers": []}, "web": {"open": true}},
        },
        "expect": expect,
    })
}

fn with(mut file: Value, changed: Value) -> Rehearsal {
    let (Value::Object(file), Value::Object(changed)) = (&mut file, changed) else {
        panic!("objects");
    };
    file.extend(changed);
    rehearsal(Value::Object(file.clone()))
}

fn met(rehearsal: &Rehearsal) -> RunbookResult {
    let report = rehearse(&no_internet(), rehearsal, evaluate);
    assert!(report.is_met(), "{report}");
    report.result
}

#[test]
fn a_dead_resolver_is_found_put_right_and_verified() {
    let result = met(&rehearsal(dead_dns(json!({
        "causes": {"dns-dead": "found", "link-down": "excluded"},
        "attempts": {"dns-dead/0": "not_verified", "dns-dead/1": "verified"},
        "accepted": true,
        "escalate_to": "",
        "conclusion": ["dns.use_dhcp_servers was done and verified", "the trouble is over"],
    }))));
    assert_eq!(result.before["web"].facts, json!({"open": false}));
    assert_eq!(result.facts["web"].facts, json!({"open": true}));
    insta::assert_snapshot!(result.conclusion);
}

#[test]
fn a_dry_run_predicts_each_fix_that_fits_and_goes_to_nobody() {
    met(&with(
        dead_dns(json!({
            "attempts": {"dns-dead/0": "predicted", "dns-dead/1": "predicted"},
            "accepted": false,
            "escalate_to": "",
            "conclusion": ["dns.flush_cache was only predicted"],
        })),
        json!({"mode": "dry"}),
    ));
}

#[test]
fn without_consent_nothing_is_done_and_the_ticket_goes_on_by_the_answer() {
    let result = met(&with(
        dead_dns(json!({
            "attempts": {"dns-dead/0": "refused", "dns-dead/1": "refused"},
            "accepted": false,
            "escalate_to": "L2-network",
        })),
        json!({"consent": "no"}),
    ));
    assert!(result.before.is_empty(), "nothing was changed");
    insta::assert_snapshot!(result.conclusion);
}

#[test]
fn without_a_signature_nothing_is_done_and_silence_is_the_default_answer() {
    met(&with(
        dead_dns(json!({
            "attempts": {"dns-dead/0": "not_approved", "dns-dead/1": "not_approved"},
            "escalate_to": "L2-desktop",
        })),
        json!({"approval": false, "answers": {}}),
    ));
}

#[test]
fn a_fix_that_breaks_what_worked_is_undone() {
    let worse = json!({"dns-dead/1": {
        "dns": {"answered": true, "source": "dhcp", "servers": []},
        "gw": {"status": "ok", "verdict": "fail", "facts": {"reachable": false}},
    }});
    let result = met(&with(
        dead_dns(json!({
            "attempts": {"dns-dead/0": "not_verified", "dns-dead/1": "reverted"},
            "accepted": false,
            "escalate_to": "L2-network",
        })),
        json!({"then": worse}),
    ));
    assert_eq!(result.facts["gw"].facts, json!({"reachable": true}));
    insta::assert_snapshot!(result.attempts[1].reason);
}

#[test]
fn needless_failed_and_unfitting_fixes_say_so() {
    met(&with(
        dead_dns(json!({
            "attempts": {"dns-dead/0": "needless", "dns-dead/1": "failed"},
            "conclusion": ["nothing would change", "access denied"],
        })),
        json!({
            "predictions": {"dns-dead/0": "nothing"},
            "acts": {"dns-dead/1": {"status": "failed", "reason": "access denied"}},
        }),
    ));
}

#[test]
fn a_cable_is_plugged_in_by_the_person_without_consent_or_signature() {
    met(&with(
        dead_dns(json!({
            "causes": {"link-down": "found", "dns-dead": "explained"},
            "attempts": {"link-down/0": "verified"},
            "accepted": true,
        })),
        json!({
            "consent": "no", "approval": "no",
            "facts": {
                "link": {"up": false},
                "gw": {"reachable": false},
                "dns": {"status": "timeout", "reason": "no answer"},
                "web": {"open": false},
            },
            "then": {"link-down/0": {
                "link": {"up": true}, "gw": {"reachable": true}, "dns": {"answered": true, "source": "dhcp"},
                "web": {"open": true},
            }},
        }),
    ));
}

#[test]
fn a_failed_probe_leaves_its_cause_unknown_and_the_end_too() {
    let result = met(&with(
        dead_dns(json!({
            "causes": {"dns-dead": "unknown", "link-down": "excluded"},
            "attempts": {},
            "accepted": "unknown",
            "escalate_to": "L2-desktop",
        })),
        json!({"facts": {
            "link": {"up": true},
            "gw": {"reachable": true},
            "dns": {"status": "denied", "reason": "the account may not"},
        }}),
    ));
    insta::assert_snapshot!(result.conclusion);
}

#[test]
fn what_is_otherwise_than_expected_is_said_with_what_was_found() {
    let report = rehearse(
        &no_internet(),
        &with(
            dead_dns(json!({
                "causes": {"dns-dead": "excluded", "gone": "found"},
                "attempts": {"dns-dead/0": "verified", "link-down/0": "verified"},
                "accepted": false,
                "escalate_to": "L3",
                "conclusion": ["nonsense"],
            })),
            json!({"answers": {"scope": "perhaps", "weather": "good"}, "runbook": "net.other"}),
        ),
        evaluate,
    );
    assert!(!report.is_met());
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn what_the_file_may_not_say_is_refused() {
    for (wrong, said) in [
        (json!({"answer": {}}), "unknown field `answer`"),
        (json!({"facts": {"web": {"status": "open"}}}), "stand under `facts`"),
        (json!({"facts": {"web": {"status": "ok", "fact": {}}}}), "unknown field `fact`"),
        (json!({"facts": {"web": 3}}), "written as an object"),
        (json!({"consent": "perhaps"}), "neither yes nor no"),
        (json!({"expect": {"accepted": "perhaps"}}), "neither true, false nor unknown"),
        (json!({"expect": {"cause": {}}}), "unknown field `cause`"),
        (json!({"acts": {"a/0": {"status": "ok", "took": 1}}}), "unknown field `took`"),
    ] {
        let mut file = dead_dns(json!({}));
        file.as_object_mut().expect("an object").extend(wrong.as_object().expect("one").clone());
        let refused = serde_json::from_value::<Rehearsal>(file).expect_err("it is refused");
        assert!(refused.to_string().contains(said), "{refused}");
    }
}
