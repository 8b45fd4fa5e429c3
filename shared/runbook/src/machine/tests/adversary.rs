//! Whatever a driver says: answers of any kind in any order, twice, to steps that there are not, with cancels,
//! interruptions and jumps of time between. What must hold then is what [`super::super`] promises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use befund_model::action::{Prediction, Risk};
use befund_model::job::{JobNews, MAX_EVENT_BYTES, MAX_RESULT_BYTES};
use befund_model::runbook::{AttemptEnd, CauseVerdict, Mode, RunbookResult};
use befund_model::snapshot::Status;

use super::any;
use super::player::{acted, is_act, result};
use crate::document::{Act, Consent, Runbook};
use crate::machine::{Do, Ended, Heard, Interruption, Machine, Step};

/// Choices, all of which follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).expect("a small number")].clone()
    }

    /// Whether something happens that does so once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

/// How bad a driver is.
#[derive(Clone, Copy, Debug)]
struct Malice {
    /// Answers that nobody asked for, once in so many.
    junk: u64,
    cancel: u64,
    interrupt: u64,
    jump: u64,
    /// Measurements, people and acts that fail.
    fail: u64,
}

fn malice() -> impl Strategy<Value = Malice> {
    let rate = || prop_oneof![Just(8u64), Just(60), Just(100_000), Just(100_000)];
    (rate(), rate(), rate(), rate(), 2..20u64).prop_map(|(junk, cancel, interrupt, jump, fail)| {
        Malice { junk, cancel: cancel * 4, interrupt, jump, fail }
    })
}

/// What was seen of a run from outside, and what it was answered.
#[derive(Default)]
struct Witness {
    tick: u64,
    changed: u64,
    /// When each expression was last evaluated, and to what.
    values: BTreeMap<String, (u64, Result<Value, String>)>,
    missing: BTreeMap<String, String>,
    consents: BTreeSet<(String, u32)>,
    approvals: BTreeSet<(String, u32)>,
    begun: BTreeMap<(String, u32), u64>,
    succeeded: BTreeSet<(String, u32)>,
    /// Of which it was told that their cause is gone.
    gone: BTreeSet<(String, u32)>,
    cancelled: bool,
    indeterminate: bool,
    wanted: usize,
}

impl Witness {
    fn sees(&mut self, runbook: &Runbook, mode: Mode, wanted: &[Do]) -> Result<(), TestCaseError> {
        for wanted in wanted {
            self.tick += 1;
            self.wanted += 1;
            match wanted {
                Do::Act { fix, .. } => {
                    let name = (fix.cause.clone(), fix.index);
                    let cause = runbook.causes.iter().find(|cause| cause.id == fix.cause);
                    let cause = cause.expect("a cause of the runbook");
                    let (evaluated, value) = &self.values[&cause.when.text];
                    prop_assert!(mode == Mode::Run, "acts in a dry run");
                    prop_assert!(!self.cancelled, "acts after a cancel");
                    prop_assert!(!self.indeterminate, "acts after what nobody can tell");
                    prop_assert_eq!(value, &Ok(json!(true)), "acts without its detector");
                    prop_assert!(*evaluated > self.changed, "acts by what was before a change");
                    let document = &cause.fixes[fix.index as usize];
                    let persons = matches!(fix.act, Act::Instruct | Act::OpenUrl);
                    let demanded = !persons
                        || document.consent != Consent::Policy
                        || document.risk != Risk::Read;
                    prop_assert!(!demanded || self.consents.contains(&name), "no consent");
                    let signed = document.risk < Risk::Change || self.approvals.contains(&name);
                    prop_assert!(signed, "no approval");
                    if let Some(when) = &document.when {
                        prop_assert_eq!(
                            &self.values[&when.text].1,
                            &Ok(json!(true)),
                            "does not fit"
                        );
                    }
                    if fix.act == Act::OpenUrl {
                        let url = fix.parameters["url"].as_str().unwrap_or_default();
                        prop_assert!(url.starts_with("http://"), "opens {}", url);
                    }
                    prop_assert!(self.begun.insert(name, self.tick).is_none(), "acts twice");
                    self.changed = self.tick;
                }
                Do::Undo { .. } => self.changed = self.tick,
                Do::Tell(news) => {
                    let size = serde_json::to_vec(news).expect("news are JSON").len();
                    prop_assert!(size <= MAX_EVENT_BYTES, "{} bytes of news", size);
                    if let JobNews::Cause { cause, verdict: CauseVerdict::Excluded, .. } = news {
                        self.is_excluded(runbook, cause)?;
                    }
                    if let JobNews::Verified { fix, gone: Some(true), .. } = news {
                        self.is_gone(runbook, &fix.cause, fix.index)?;
                    }
                }
                Do::Measure { .. }
                | Do::Evaluate { .. }
                | Do::Ask { .. }
                | Do::Predict { .. }
                | Do::Consent { .. }
                | Do::Approve { .. }
                | Do::Wait { .. } => prop_assert!(!self.cancelled, "{:?} after a cancel", wanted),
                Do::End(_) => {}
            }
        }
        Ok(())
    }

    fn is_excluded(&self, runbook: &Runbook, id: &str) -> Result<(), TestCaseError> {
        let cause = runbook.causes.iter().find(|cause| cause.id == id).expect("a cause");
        prop_assert_eq!(&self.values[&cause.when.text].1, &Ok(json!(false)));
        let named = cause.when.text.split('.').next().expect("a name");
        prop_assert!(!self.missing.contains_key(named), "{} excluded without {}", id, named);
        Ok(())
    }

    fn is_gone(&mut self, runbook: &Runbook, id: &str, index: u32) -> Result<(), TestCaseError> {
        let cause = runbook.causes.iter().find(|cause| cause.id == id).expect("a cause");
        let (looked, gone) = match &cause.verify {
            Some(verify) => (&verify.until, true),
            None => (&cause.when, false),
        };
        let name = (id.to_owned(), index);
        let (evaluated, value) = &self.values[&looked.text];
        prop_assert_eq!(value, &Ok(json!(gone)), "verified, and it is not so");
        prop_assert!(*evaluated > self.begun[&name], "verified by what was before");
        prop_assert!(self.succeeded.contains(&name), "verified, and it failed");
        self.gone.insert(name);
        Ok(())
    }

    /// Notes an answer that the machine waits for.
    fn answers(&mut self, wanted: &Do, heard: &Heard) {
        self.tick += 1;
        match (wanted, heard) {
            (Do::Evaluate { expressions, missing, .. }, Heard::Evaluated { values, .. }) => {
                for (index, expression) in expressions.iter().enumerate() {
                    let value = values.get(index).cloned().unwrap_or(Err(String::new()));
                    self.values.insert(expression.clone(), (self.tick, value));
                }
                self.missing.clone_from(missing);
            }
            (Do::Consent { fix, .. }, Heard::Consented { consent: Ok(_), .. }) => {
                self.consents.insert((fix.cause.clone(), fix.index));
            }
            (Do::Approve { fix, .. }, Heard::Approved { approval: Ok(_), .. }) => {
                self.approvals.insert((fix.cause.clone(), fix.index));
            }
            (Do::Act { fix, .. }, Heard::Acted { acted, .. }) if acted.status == Status::Ok => {
                self.succeeded.insert((fix.cause.clone(), fix.index));
            }
            (_, Heard::Indeterminate { .. }) => self.indeterminate = true,
            (Do::Act { fix, .. }, Heard::NotBegun { .. }) => {
                self.begun.remove(&(fix.cause.clone(), fix.index));
            }
            _ => {}
        }
    }

    fn ends(
        &self,
        runbook: &Runbook,
        result: &RunbookResult,
        ended: &Ended,
    ) -> Result<(), TestCaseError> {
        let size = serde_json::to_vec(result).expect("a result is JSON").len();
        prop_assert!(size <= MAX_RESULT_BYTES, "a result of {} bytes", size);
        prop_assert!(!result.conclusion.is_empty());
        prop_assert!(ended.state.is_final());
        prop_assert_eq!(result.facts.len(), runbook.collect.len());
        if result.accepted == Some(true) {
            let of = |text: &String| self.values.get(text).map(|(_, value)| value.clone());
            match &runbook.accept {
                Some(accept) => prop_assert_eq!(of(&accept.text), Some(Ok(json!(true)))),
                None => prop_assert!(
                    runbook.causes.iter().all(|c| of(&c.when.text) == Some(Ok(json!(false)))),
                    "accepted without a look at every cause"
                ),
            }
        }
        for name in self.begun.keys() {
            let is_it = |attempt: &&befund_model::runbook::Attempt| {
                (attempt.fix.cause.as_str(), attempt.fix.index) == (name.0.as_str(), name.1)
            };
            let attempt = result.attempts.iter().find(is_it).expect("what was done is told");
            let reason = &attempt.reason;
            match attempt.end {
                AttemptEnd::Verified => prop_assert!(self.gone.contains(name), "nobody looked"),
                AttemptEnd::NotVerified
                | AttemptEnd::Reverted
                | AttemptEnd::Failed
                | AttemptEnd::Indeterminate => prop_assert!(!reason.is_empty(), "says not why"),
                AttemptEnd::Predicted
                | AttemptEnd::Needless
                | AttemptEnd::Refused
                | AttemptEnd::NotApproved => prop_assert!(false, "{:?} was done", attempt),
            }
        }
        for attempt in &result.attempts {
            let done = self.begun.contains_key(&(attempt.fix.cause.clone(), attempt.fix.index));
            prop_assert!(done || attempt.end != AttemptEnd::Verified, "verified, never done");
            prop_assert!(done || attempt.acted.is_none());
        }
        prop_assert_eq!(
            result.before.is_empty(),
            self.begun.is_empty() || runbook.collect.is_empty()
        );
        Ok(())
    }
}

/// Any answer of the right kind.
fn answer(wanted: &Do, dice: &mut Dice, malice: Malice) -> Heard {
    let fails = dice.once_in(malice.fail);
    let consent = |fails: bool| if fails { Err("no".to_owned()) } else { Ok("anna".to_owned()) };
    match wanted.clone() {
        Do::Measure { step, .. } => {
            let statuses = [Status::Timeout, Status::Failed, Status::Denied, Status::Partial];
            let status = if fails { dice.pick(&statuses) } else { Status::Ok };
            let facts = dice.pick(&[json!({"a": 1}), json!({}), Value::Null]);
            Heard::Measured { step, result: result(status, facts) }
        }
        Do::Evaluate { step, expressions, .. } => {
            let mut values: Vec<_> =
                expressions.iter().map(|expression| value(expression, dice, malice)).collect();
            if dice.once_in(30) {
                values.truncate(1);
            }
            if dice.once_in(30) {
                values.push(Ok(json!(true)));
            }
            Heard::Evaluated { step, values }
        }
        Do::Ask { step, .. } => {
            let answer = dice.pick(&[Some("no"), Some("nonsense"), None]).map(str::to_owned);
            Heard::Answered { step, answer, by: "b\n".repeat(500) }
        }
        Do::Predict { step, .. } => {
            let (known, changes) = (!dice.once_in(4), !dice.once_in(6));
            let lines = vec!["l".repeat(3_000); usize::from(fails) * 400];
            Heard::Predicted { step, prediction: Prediction { known, changes, lines } }
        }
        Do::Consent { step, .. } => Heard::Consented { step, consent: consent(fails) },
        Do::Approve { step, .. } => Heard::Approved { step, approval: consent(fails) },
        Do::Act { step, .. } | Do::Undo { step, .. } if dice.once_in(12) => {
            Heard::Indeterminate { step }
        }
        Do::Act { step, .. } if dice.once_in(6) => Heard::NotBegun { step },
        Do::Act { step, .. } => {
            let status = if fails { Status::Failed } else { Status::Ok };
            let before = dice.pick(&[Value::Null, json!({"was": 1})]);
            Heard::Acted { step, acted: acted(status, before), output: dice.roll(60) }
        }
        Do::Undo { step, .. } => {
            let status = if fails { Status::Timeout } else { Status::Ok };
            Heard::Undone { step, acted: acted(status, Value::Null) }
        }
        Do::Wait { step, .. } => Heard::Waited { step },
        Do::Tell(_) | Do::End(_) => unreachable!("neither is outstanding"),
    }
}

fn value(expression: &str, dice: &mut Dice, malice: Malice) -> Result<Value, String> {
    if expression.ends_with(".host") {
        return Ok(dice.pick(&[
            json!("http://portal.example/"),
            json!("http://portal.example/"),
            json!("http://portal.example/"),
            json!("file:///etc/passwd"),
            json!(7),
        ]));
    }
    if expression.ends_with(".to") {
        return dice.pick(&[Ok(json!("L2")), Ok(json!("")), Ok(json!(3)), Err("x".to_owned())]);
    }
    if dice.once_in(malice.fail * 2) {
        return dice.pick(&[Ok(json!("true")), Ok(Value::Null), Err("no such fact".to_owned())]);
    }
    Ok(json!(dice.roll(10) < 7))
}

/// What answers nothing that is outstanding, or is of the wrong kind.
fn junk(dice: &mut Dice, outstanding: &[Do], past: &[(Heard, Duration)]) -> Heard {
    let wrong = outstanding.iter().find_map(|wanted| match wanted {
        Do::Measure { step, .. } => Some(Heard::Waited { step: step.clone() }),
        Do::Act { step, .. } => {
            Some(Heard::Undone { step: step.clone(), acted: acted(Status::Ok, Value::Null) })
        }
        Do::Consent { step, .. } => {
            Some(Heard::Approved { step: step.clone(), approval: Ok("eve".to_owned()) })
        }
        _ => None,
    });
    let is_answer = |heard: &&(Heard, Duration)| {
        !matches!(heard.0, Heard::Cancelled { .. } | Heard::Interrupted { .. })
    };
    let twice = past.iter().rev().find(is_answer).map(|(heard, _)| heard.clone());
    let unknown = Heard::Approved {
        step: Step("fix/c0/0/approve#9".to_owned()),
        approval: Ok("eve".to_owned()),
    };
    let mut choices = vec![unknown];
    choices.extend(wrong);
    choices.extend(twice);
    dice.pick(&choices)
}

struct Played {
    past: Vec<(Heard, Duration)>,
    /// What was outstanding after so many of the past.
    outstanding: Vec<Vec<Do>>,
    wanted: usize,
}

fn play(
    runbook: &Arc<Runbook>,
    mode: Mode,
    malice: Malice,
    dice: &mut Dice,
) -> Result<Played, TestCaseError> {
    let mut witness = Witness::default();
    let mut machine = Machine::new(Arc::clone(runbook), &BTreeMap::new(), mode);
    let mut at = Duration::ZERO;
    let mut past = Vec::new();
    let mut wanted = machine.start(at);
    let mut outstanding = vec![machine.outstanding()];
    let mut interruptions = 0;
    loop {
        witness.sees(runbook, mode, &wanted)?;
        if let Some(Do::End(result)) = wanted.last() {
            witness.ends(runbook, result, machine.ended().expect("it ended"))?;
            break;
        }
        prop_assert!(machine.ended().is_none(), "ended without an end");
        let open = machine.outstanding();
        prop_assert!(!open.is_empty(), "wants nothing, and has not ended");
        if dice.once_in(malice.jump) {
            at = (at + Duration::from_secs(dice.roll(120))).saturating_sub(Duration::from_secs(7));
        }
        let heard = if dice.once_in(malice.junk) {
            junk(dice, &open, &past)
        } else if dice.once_in(malice.cancel) {
            witness.cancelled = true;
            Heard::Cancelled { by: "tina".to_owned() }
        } else if dice.once_in(malice.interrupt) && interruptions < 40 {
            interruptions += 1;
            use Interruption::{AgentRestart, Disconnect, Reboot};
            Heard::Interrupted { by: dice.pick(&[Reboot, Disconnect, AgentRestart]) }
        } else {
            let wanted = dice.pick(&open);
            if let Do::Wait { lasting, .. } = wanted {
                at += lasting;
            }
            let heard = answer(&wanted, dice, malice);
            witness.answers(&wanted, &heard);
            heard
        };
        let ignored = matches!(&heard, Heard::Approved { step, .. } if step.0.ends_with("#9"));
        past.push((heard.clone(), at));
        wanted = machine.hear(heard, at);
        prop_assert!(!(ignored && wanted.iter().any(is_act)), "acts on what answers nothing");
        outstanding.push(machine.outstanding());
    }
    Ok(Played { past, outstanding, wanted: witness.wanted })
}

/// How much may be wanted of this runbook at most, told and done, for so many interruptions.
fn bound(runbook: &Runbook, interruptions: usize) -> usize {
    let fixes: usize = runbook.causes.iter().map(|cause| cause.fixes.len()).sum();
    let once = runbook.collect.len() * 10 + 3 + runbook.causes.len();
    let collects = 3 + 3 * fixes + 2 * interruptions;
    let looks = fixes * 2 * 63 * (2 * runbook.collect.len() + 2);
    let again = interruptions * (runbook.collect.len() + 2);
    collects * once + looks + fixes * 40 + runbook.ask.len() * 8 + again + 20
}

fn check(runbook: Runbook, mode: Mode, malice: Malice, seed: u64) -> Result<(), TestCaseError> {
    let runbook = Arc::new(runbook);
    let mut dice = Dice(seed | 1);
    let Played { past, outstanding, wanted } = play(&runbook, mode, malice, &mut dice)?;
    let interrupted = |heard: &&(Heard, Duration)| matches!(heard.0, Heard::Interrupted { .. });
    let bound = bound(&runbook, past.iter().filter(interrupted).count());
    prop_assert!(wanted <= bound, "wanted {} of at most {}", wanted, bound);
    for _ in 0..3 {
        let prefix = usize::try_from(dice.roll(past.len() as u64 + 1)).expect("a small number");
        let mut again = Machine::new(Arc::clone(&runbook), &BTreeMap::new(), mode);
        again.start(Duration::ZERO);
        for (heard, at) in &past[..prefix] {
            again.hear(heard.clone(), *at);
        }
        prop_assert_eq!(again.outstanding(), outstanding[prefix].clone());

        let by = Interruption::AgentRestart;
        let begun = past[..prefix].to_vec();
        let (resumed, given) =
            Machine::resume(Arc::clone(&runbook), &BTreeMap::new(), mode, begun, by);
        prop_assert!(!given.iter().any(is_act), "an act is given again");
        if again.ended().is_none() {
            let last = again.lasted();
            prop_assert_eq!(again.hear(Heard::Interrupted { by }, last), given);
            prop_assert_eq!(again.outstanding(), resumed.outstanding());
        } else {
            prop_assert!(matches!(given.as_slice(), [Do::End(_)]), "{:?}", given);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn it_keeps_what_it_promises_whatever_it_hears(
        runbook in any::runbook(), malice in malice(), seed in any::<u64>()
    ) {
        check(runbook, Mode::Run, malice, seed)?;
    }

    #[test]
    fn a_dry_run_does_too_and_acts_nothing(
        runbook in any::runbook(), malice in malice(), seed in any::<u64>()
    ) {
        check(runbook, Mode::Dry, malice, seed)?;
    }
}
