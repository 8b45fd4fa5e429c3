//! Trying a fix, up to the moment in which it is done: does it fit, what would it change, is it agreed to and
//! approved, is the cause still there. What follows is [`super::aftermath`]'s.

use serde_json::{Value, json};

use befund_model::action::{Prediction, Risk};
use befund_model::job::{JobNews, JobState};
use befund_model::runbook::{Attempt, AttemptEnd, FixRef, Mode};

use super::aftermath::Came;
use super::exchange::Stop;
use super::judging::{Held, held};
use super::measuring::Round;
use super::run::{Age, Place, Run};
use super::{Do, FixOrder, Heard, filling, lines};
use crate::document::{Act, Consent, Fix, OnInterrupt};

/// How a fix ended, and why it went no further.
pub(super) type End = (AttemptEnd, String);

/// Whether to go on with a fix.
enum Go {
    On,
    No(End),
}

fn no(end: AttemptEnd, reason: impl AsRef<str>) -> Go {
    Go::No((end, lines::line(reason.as_ref())))
}

/// What the fix does, as it is named in results and news.
pub(super) fn name(act: &Act) -> &str {
    match act {
        Act::Action(name) => name,
        Act::Script(script) => &script.path,
        Act::Instruct => "user.instruct",
        Act::OpenUrl => "user.open_url",
        Act::Reboot => "machine.reboot",
    }
}

/// Whether it is the person who does something, and the machine changes nothing.
pub(super) const fn is_persons(act: &Act) -> bool {
    match act {
        Act::Instruct | Act::OpenUrl => true,
        Act::Action(_) | Act::Script(_) | Act::Reboot => false,
    }
}

impl Run {
    /// Tries this fix, once in a run, and notes how far it went.
    pub(super) async fn attempt(&mut self, place: Place) -> Result<(), Stop> {
        self.tried.insert(place);
        let runbook = std::sync::Arc::clone(&self.runbook);
        let (cause, fix) = (&runbook.causes[place.0], &runbook.causes[place.0].fixes[place.1]);
        let index = u32::try_from(place.1).unwrap_or(u32::MAX);
        let mut attempt = Attempt {
            fix: FixRef { cause: cause.id.clone(), index },
            act: name(&fix.act).to_owned(),
            parameters: json!({}),
            risk: fix.risk,
            prediction: None,
            consent: None,
            approval: None,
            acted: None,
            undone: None,
            end: AttemptEnd::Failed,
            reason: String::new(),
        };
        let went = self.go(place, fix, &mut attempt).await;
        let stopped = match went {
            Ok((end, reason)) => {
                (attempt.end, attempt.reason) = (end, reason);
                Ok(())
            }
            Err(stop) => {
                attempt.reason = format!("{}, before it was done", stop.words());
                Err(stop)
            }
        };
        if !attempt.reason.is_empty() {
            let text = format!("{} for {}: {}", attempt.act, attempt.fix.cause, attempt.reason);
            self.exchange.tell(JobNews::Output(lines::line(&text)));
        }
        self.attempts.push(attempt);
        stopped
    }

    async fn go(&mut self, place: Place, fix: &Fix, attempt: &mut Attempt) -> Result<End, Stop> {
        let base = format!("fix/{}/{}", attempt.fix.cause, attempt.fix.index);
        let begun = self.exchange.interruptions();
        let parameters = match self.fits(&base, fix).await? {
            Ok(parameters) => parameters,
            Err(end) => return Ok(end),
        };
        attempt.parameters = parameters.clone();
        let order = self.order(attempt, fix, parameters);
        if let Go::No(end) = self.predict(&base, &order, attempt).await? {
            return Ok(end);
        }
        if self.mode == Mode::Dry {
            return Ok((AttemptEnd::Predicted, String::new()));
        }
        if let Some(reason) = self.beyond_limits(&order) {
            return Ok((AttemptEnd::Failed, reason));
        }
        if let Go::No(end) = self.agree(&base, &order, fix, attempt).await? {
            return Ok(end);
        }
        // How it ended that is to be done again.
        let mut ended: Option<End> = None;
        loop {
            if let Go::No(end) = self.recheck(&base, place, &order, fix, begun).await? {
                return Ok(ended.unwrap_or(end));
            }
            // That may have taken what was left.
            if let Some(reason) = self.beyond_limits(&order) {
                self.waited();
                return Ok(ended.unwrap_or((AttemptEnd::Failed, reason)));
            }
            match self.act(&base, place, order.clone(), attempt).await? {
                Came::To(end) => return Ok(end),
                Came::NotBegun => {}
                Came::Again(end) => ended = Some(end),
            }
        }
    }

    /// Whether the fix fits now; its parameters if it does.
    async fn fits(&mut self, base: &str, fix: &Fix) -> Result<Result<Value, End>, Stop> {
        let mut expressions: Vec<String> =
            fix.when.iter().map(|condition| condition.text.clone()).collect();
        expressions.extend(filling::expressions(&fix.with));
        let mut values = self.evaluate(&format!("{base}/when"), expressions).await?.into_iter();
        if let Some(when) = &fix.when {
            match held(&when.text, values.next(), &self.scope().1) {
                Held::Yes => {}
                Held::No => {
                    let reason = format!("{} does not hold", lines::cut(&when.text, 160));
                    return Ok(Err((AttemptEnd::Needless, reason)));
                }
                Held::Unknown(reason) => {
                    let reason = format!("not done, since whether it fits is unknown: {reason}");
                    return Ok(Err((AttemptEnd::Needless, lines::line(&reason))));
                }
            }
        }
        let filled = filling::fill(&fix.with, &mut values).and_then(|parameters| {
            if fix.act == Act::OpenUrl {
                filling::openable(&parameters)?;
            }
            Ok(parameters)
        });
        Ok(filled.map_err(|reason| (AttemptEnd::Failed, lines::line(&reason))))
    }

    fn order(&self, attempt: &Attempt, fix: &Fix, parameters: Value) -> FixOrder {
        FixOrder {
            cause: attempt.fix.cause.clone(),
            index: attempt.fix.index,
            act: fix.act.clone(),
            parameters,
            risk: fix.risk,
            text: fix.text.clone(),
            within: fix.timeout,
            output: self.output_left,
            on_interrupt: fix.on_interrupt,
            undo: fix.undo.clone(),
        }
    }

    async fn predict(
        &mut self,
        base: &str,
        order: &FixOrder,
        attempt: &mut Attempt,
    ) -> Result<Go, Stop> {
        let prediction = if is_persons(&order.act) {
            let told = order.text.as_ref().map_or("what to do", |text| text.en.as_str());
            let told = match order.parameters.get("url").and_then(Value::as_str) {
                Some(url) => format!("the person is shown {url}: {told}"),
                None => format!("the person is told: {told}"),
            };
            Prediction { known: true, changes: false, lines: vec![told] }
        } else {
            let step = self.exchange.name(&format!("{base}/predict"));
            self.exchange.want(Do::Predict { step, fix: order.clone() })?;
            loop {
                if let Heard::Predicted { prediction, .. } = self.exchange.next().await? {
                    break prediction;
                }
            }
        };
        let prediction = lines::prediction(prediction);
        self.exchange.tell(JobNews::Predicted {
            fix: attempt.fix.clone(),
            act: attempt.act.clone(),
            risk: order.risk,
            prediction: prediction.clone(),
        });
        let needless = prediction.known && !prediction.changes && !is_persons(&order.act);
        attempt.prediction = Some(prediction);
        if needless {
            // Why not, the prediction says.
            return Ok(no(AttemptEnd::Needless, "nothing would change"));
        }
        Ok(Go::On)
    }

    /// Why the run's limits do not allow this, if they do not.
    fn beyond_limits(&self, order: &FixOrder) -> Option<String> {
        let (left, reboots) = (self.exchange.left(), self.runbook.limits.reboots);
        if self.output_left == 0 {
            Some("the run may print no more".to_owned())
        } else if left < order.within {
            Some(format!(
                "not begun, since it may take {} and {} of the run's time are left",
                lines::duration(order.within),
                lines::duration(left)
            ))
        } else if order.act == Act::Reboot && self.exchange.reboots() >= reboots {
            Some(format!("the run may restart the machine {reboots} times, and has"))
        } else {
            None
        }
    }

    /// Consent and approval.
    async fn agree(
        &mut self,
        base: &str,
        order: &FixOrder,
        fix: &Fix,
        attempt: &mut Attempt,
    ) -> Result<Go, Stop> {
        let needs_none = is_persons(&order.act) && order.risk == Risk::Read;
        if needs_none && fix.consent == Consent::Policy {
            let by = "nobody is asked: nothing is changed".to_owned();
            self.exchange.tell(JobNews::Consent { fix: attempt.fix.clone(), given: true, by });
        } else if let Err(why) = self.consent(base, order, fix, attempt).await? {
            return Ok(no(AttemptEnd::Refused, why));
        }
        if order.risk >= Risk::Change
            && let Err(why) = self.approve(base, order, attempt).await?
        {
            return Ok(no(AttemptEnd::NotApproved, why));
        }
        Ok(Go::On)
    }

    async fn consent(
        &mut self,
        base: &str,
        order: &FixOrder,
        fix: &Fix,
        attempt: &mut Attempt,
    ) -> Result<Result<(), String>, Stop> {
        if fix.consent != Consent::Policy {
            self.exchange.stand(JobState::Asking);
        }
        let prediction = attempt.prediction.clone().unwrap_or(Prediction {
            known: false,
            changes: true,
            lines: Vec::new(),
        });
        self.exchange.want(Do::Consent {
            step: self.exchange.name(&format!("{base}/consent")),
            fix: order.clone(),
            consent: fix.consent,
            prediction,
        })?;
        let consent = loop {
            if let Heard::Consented { consent, .. } = self.exchange.next().await? {
                break consent.map(|by| lines::line(&by)).map_err(|why| lines::line(&why));
            }
        };
        self.exchange.stand(JobState::Running);
        self.waited();
        let (given, by) = match &consent {
            Ok(by) => (true, by.clone()),
            Err(why) => (false, why.clone()),
        };
        self.exchange.tell(JobNews::Consent { fix: attempt.fix.clone(), given, by });
        Ok(consent.map(|by| attempt.consent = Some(by)))
    }

    async fn approve(
        &mut self,
        base: &str,
        order: &FixOrder,
        attempt: &mut Attempt,
    ) -> Result<Result<(), String>, Stop> {
        self.exchange.stand(JobState::NeedsApproval);
        let step = self.exchange.name(&format!("{base}/approve"));
        self.exchange.want(Do::Approve { step, fix: order.clone() })?;
        let approval = loop {
            if let Heard::Approved { approval, .. } = self.exchange.next().await? {
                break approval.map(|by| lines::line(&by)).map_err(|why| lines::line(&why));
            }
        };
        self.exchange.stand(JobState::Running);
        self.waited();
        if let Ok(by) = &approval {
            let fix = attempt.fix.clone();
            self.exchange.tell(JobNews::Approved { fix, by: by.clone() });
        }
        Ok(approval.map(|by| attempt.approval = Some(by)))
    }

    /// Immediately before it is done, if people were waited for or the run was interrupted: is the cause still there,
    /// and would the same be done? What was agreed to and signed is what is done, or nothing.
    async fn recheck(
        &mut self,
        base: &str,
        place: Place,
        order: &FixOrder,
        fix: &Fix,
        begun: u32,
    ) -> Result<Go, Stop> {
        let mut seen = begun;
        while self.age != Age::Fresh || self.exchange.interruptions() != seen {
            seen = self.exchange.interruptions();
            if seen != begun && fix.on_interrupt == OnInterrupt::Escalate {
                let reason = "the run was interrupted before it was done, and escalates then";
                self.halted = Some(reason.to_owned());
                return Ok(no(AttemptEnd::Failed, reason));
            }
            let detector = self.runbook.causes[place.0].when.text.clone();
            let mut expressions = vec![detector.clone()];
            expressions.extend(fix.when.iter().map(|condition| condition.text.clone()));
            expressions.extend(filling::expressions(&fix.with));
            let base = format!("{base}/recheck");
            if self.is_overtaken() {
                self.collect().await?;
            } else {
                let named = self.measurements_of(expressions.iter().map(String::as_str));
                self.measure(&base, named, Round::Recheck).await?;
            }
            let mut values = self.evaluate(&base, expressions).await?.into_iter();
            let missing = self.scope().1;
            // Whatever ends it here, the causes are to be judged by what was measured now.
            self.age = Age::Stale;
            if let Go::No(end) = still_found(held(&detector, values.next(), &missing)) {
                return Ok(Go::No(end));
            }
            if let Some(when) = &fix.when
                && held(&when.text, values.next(), &missing) != Held::Yes
            {
                return Ok(no(AttemptEnd::Needless, "it does not fit any more"));
            }
            if filling::fill(&fix.with, &mut values).as_ref() != Ok(&order.parameters) {
                let reason = "what it would be done to is no longer what was agreed to";
                return Ok(no(AttemptEnd::Failed, reason));
            }
            self.age = Age::Fresh;
        }
        Ok(Go::On)
    }
}

fn still_found(detector: Held) -> Go {
    match detector {
        Held::Yes => Go::On,
        Held::No => no(AttemptEnd::Needless, "the cause is not there any more"),
        Held::Unknown(reason) => no(
            AttemptEnd::Needless,
            format!("whether the cause is still there is unknown: {reason}"),
        ),
    }
}
