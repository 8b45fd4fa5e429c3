//! A driver for stories: it answers everything by what it was told of the machine, until a story wants to answer
//! something itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use befund_model::action::{Acted, Prediction};
use befund_model::job::JobNews;
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::runbook::{Mode, RunbookResult};
use befund_model::snapshot::Status;

use crate::document::Runbook;
use crate::machine::{Do, Heard, Interruption, Machine};
use crate::sample;

pub(super) struct Player {
    pub(super) runbook: Arc<Runbook>,
    pub(super) machine: Machine,
    pub(super) wanted: VecDeque<Do>,
    /// Everything that was heard.
    pub(super) past: Vec<(Heard, Duration)>,
    /// Everything that was wanted.
    pub(super) log: Vec<Do>,
    pub(super) at: Duration,
    /// The facts of each step; one without fails.
    pub(super) facts: BTreeMap<String, Value>,
}

impl Player {
    /// With dead DNS, which stays dead.
    pub(super) fn new(runbook: Runbook) -> Self {
        let runbook = Arc::new(runbook);
        let mut machine = Machine::new(Arc::clone(&runbook), &BTreeMap::new(), Mode::Run);
        let wanted = VecDeque::from(machine.start(Duration::ZERO));
        let facts = [
            ("link", json!({"up": true})),
            ("gw", json!({"reachable": true, "interface": "eth0"})),
            ("dns", json!({"answered": false, "source": "static", "servers": ["192.0.2.53"]})),
            ("web", json!({"open": false})),
        ];
        let facts = facts.map(|(name, facts)| (name.to_owned(), facts)).into();
        let log = wanted.iter().cloned().collect();
        Self { runbook, machine, wanted, past: Vec::new(), log, at: Duration::ZERO, facts }
    }

    pub(super) fn measures(&mut self, name: &str, facts: Value) {
        self.facts.insert(name.to_owned(), facts);
    }

    /// Answers until this is wanted, and gives it, unanswered.
    pub(super) fn until(&mut self, is_it: impl Fn(&Do) -> bool) -> Do {
        loop {
            let next = self.wanted.pop_front().expect("something is wanted");
            if is_it(&next) {
                return next;
            }
            assert!(!matches!(next, Do::End(_)), "it ended before: {next:?}");
            self.answer(&next);
        }
    }

    /// Answers until it ends.
    pub(super) fn end(&mut self) -> RunbookResult {
        match self.until(|wanted| matches!(wanted, Do::End(_))) {
            Do::End(result) => *result,
            other => panic!("{other:?} is no end"),
        }
    }

    pub(super) fn hear(&mut self, heard: Heard) {
        self.past.push((heard.clone(), self.at));
        let wanted = self.machine.hear(heard, self.at);
        self.log.extend(wanted.iter().cloned());
        self.wanted.extend(wanted);
    }

    /// Lets a new machine go on from the journal.
    pub(super) fn resume(&mut self, interruption: Interruption) -> Vec<Do> {
        let (machine, wanted) = Machine::resume(
            Arc::clone(&self.runbook),
            &BTreeMap::new(),
            Mode::Run,
            self.past.clone(),
            interruption,
        );
        self.machine = machine;
        self.past.push((Heard::Interrupted { by: interruption }, self.machine.lasted()));
        self.log.extend(wanted.iter().cloned());
        self.wanted = wanted.clone().into();
        wanted
    }

    /// The usual answer.
    pub(super) fn answer(&mut self, wanted: &Do) {
        let heard = match wanted.clone() {
            Do::Measure { step, .. } => {
                let facts = self.facts.get(step.measurement()).cloned();
                let status = facts.as_ref().map_or(Status::Failed, |_| Status::Ok);
                Heard::Measured { step, result: result(status, facts.unwrap_or_default()) }
            }
            Do::Evaluate { step, expressions, scope, missing } => {
                Heard::Evaluated { step, values: sample::evaluate(&expressions, &scope, &missing) }
            }
            Do::Ask { step, .. } => {
                Heard::Answered { step, answer: Some("no".to_owned()), by: "the user".to_owned() }
            }
            Do::Predict { step, .. } => {
                let lines = vec!["something".to_owned()];
                Heard::Predicted {
                    step,
                    prediction: Prediction { known: true, changes: true, lines },
                }
            }
            Do::Consent { step, .. } => Heard::Consented { step, consent: Ok("anna".to_owned()) },
            Do::Approve { step, .. } => Heard::Approved { step, approval: Ok("tina".to_owned()) },
            Do::Act { step, .. } => {
                Heard::Acted { step, acted: acted(Status::Ok, json!({"was": 1})), output: 10 }
            }
            Do::Undo { step, .. } => Heard::Undone { step, acted: acted(Status::Ok, Value::Null) },
            Do::Wait { step, lasting } => {
                self.at += lasting;
                Heard::Waited { step }
            }
            Do::Tell(_) | Do::End(_) => return,
        };
        self.hear(heard);
    }

    /// What was wanted and told, one to a line.
    pub(super) fn story(&self) -> String {
        self.log.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn acts(&self) -> usize {
        self.log.iter().filter(|wanted| is_act(wanted)).count()
    }
}

pub(super) const fn is_act(wanted: &Do) -> bool {
    matches!(wanted, Do::Act { .. })
}

pub(super) const fn is_undo(wanted: &Do) -> bool {
    matches!(wanted, Do::Undo { .. })
}

pub(super) fn result(status: Status, facts: Value) -> Box<ProbeResult> {
    let verdict = if status == Status::Ok { Verdict::Pass } else { Verdict::Unknown };
    let reason = if status == Status::Ok { "" } else { "as told" }.to_owned();
    Box::new(ProbeResult {
        probe: "net.some".to_owned(),
        version: 1,
        status,
        reason,
        verdict,
        summary: "measured".to_owned(),
        facts,
        took_us: 1,
    })
}

pub(super) fn acted(status: Status, before: Value) -> Box<Acted> {
    let (reason, summary) = (String::new(), "something was done".to_owned());
    Box::new(Acted { status, reason, summary, commands: Vec::new(), before, took_us: 1 })
}

fn line(wanted: &Do) -> String {
    match wanted {
        Do::Measure { step, .. } => format!("measure {}", step.0),
        Do::Evaluate { step, expressions, .. } => {
            format!("evaluate {}: {}", step.0, expressions.join(" | "))
        }
        Do::Ask { step, .. } => format!("ask {}", step.0),
        Do::Predict { step, .. } => format!("predict {}", step.0),
        Do::Consent { step, consent, .. } => format!("consent {} {consent:?}", step.0),
        Do::Approve { step, .. } => format!("approve {}", step.0),
        Do::Act { step, .. } => format!("act {}", step.0),
        Do::Undo { step, before, .. } => format!("undo {} {before}", step.0),
        Do::Wait { step, lasting } => format!("wait {} {lasting:?}", step.0),
        Do::Tell(news) => format!("  tell {}", told(news)),
        Do::End(result) => format!("end {}", result.conclusion),
    }
}

fn told(news: &JobNews) -> String {
    serde_json::to_string(news).expect("news are JSON")
}
