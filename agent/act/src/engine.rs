//! The way of one order: its parameters are checked, what would change is worked out, and then that is told,
//! done, undone, or compared with how the machine is.
//!
//! An action is a [`Row`]: what each platform can do, by the names of [`befund_model::action::ACTIONS`].

use std::ops::ControlFlow;
use std::time::Instant;

use befund_model::action::{self, Acted, Holds, Prediction};
use befund_model::snapshot::Status;
use serde_json::Value;

use crate::context::{Context, micros};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};
use crate::{ActOrder, Purpose, Surroundings, Told, Work, platform, script};

/// How an action is done on this system.
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// What would change, and what undoing needs to know.
    pub(crate) plan: fn(&Context<'_>, &Parameters) -> Outcome<Plan>,
    /// Does it; gives what was changed, in a line for people.
    pub(crate) perform: fn(&Context<'_>, &Parameters, &mut Plan) -> Outcome<String>,
    /// Puts back what was noted; gives what was put back.
    pub(crate) undo: fn(&Context<'_>, &Parameters, &Value) -> Outcome<String>,
    /// Whether it was done.
    pub(crate) holds: Check,
}

/// How it is told whether an action was done.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// It was if nothing would change any more.
    Plan,
    /// Nobody can tell from outside: the reason.
    Unknown(&'static str),
    /// By a look of its own.
    Look(fn(&Context<'_>, &Parameters) -> Outcome<(Holds, String)>),
}

/// What an action would do now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// What would change, one thing to a line; empty where the machine is so already.
    pub(crate) changes: Vec<String>,
    /// Why nothing would change; for the summary.
    pub(crate) already: String,
    /// Why it cannot be told beforehand what would change; empty where it can.
    pub(crate) unpredictable: String,
    /// What undoing needs to know; null where there is nothing to undo.
    pub(crate) before: Value,
}

impl Plan {
    /// Nothing would change, for this reason.
    pub(crate) fn already(why: impl Into<String>) -> Self {
        Self { already: why.into(), ..Self::default() }
    }

    /// This would change.
    pub(crate) fn change(line: impl Into<String>) -> Self {
        Self { changes: vec![line.into()], ..Self::default() }
    }

    /// These would change; nothing, for this reason, if there are none.
    pub(crate) fn changes(lines: Vec<String>, already: impl Into<String>) -> Self {
        Self { changes: lines, already: already.into(), ..Self::default() }
    }

    /// With what undoing needs to know.
    pub(crate) fn noting(mut self, before: impl serde::Serialize) -> Outcome<Self> {
        self.before = serde_json::to_value(before)
            .map_err(|error| Trouble::failed(format!("could not note what was before: {error}")))?;
        Ok(self)
    }

    /// It will be done, but what comes of it cannot be told.
    pub(crate) fn unpredictable(mut self, why: impl Into<String>) -> Self {
        self.unpredictable = why.into();
        self
    }

    pub(crate) fn would_change(&self) -> bool {
        !self.changes.is_empty()
    }

    fn prediction(self) -> Prediction {
        let changes = self.would_change();
        let known = self.unpredictable.is_empty();
        let mut lines = self.changes;
        if !known {
            lines.push(self.unpredictable);
        }
        if lines.is_empty() {
            lines.push(format!("nothing would change: {}", self.already));
        }
        Prediction { known, changes, lines }
    }
}

/// What was noted, read back.
pub(crate) fn noted<T: serde::de::DeserializeOwned>(before: &Value) -> Outcome<T> {
    T::deserialize(before).map_err(|error| {
        Trouble::failed(format!("what was noted before the change cannot be understood: {error}"))
    })
}

/// The undoing of what needs none.
pub(crate) fn nothing_to_undo(_: &Context<'_>, _: &Parameters, _: &Value) -> Outcome<String> {
    Err(Trouble::unsupported("this action has nothing to undo"))
}

/// Obeys an order: tells its output while it comes, and at last one answer. `script` are the bytes of the
/// order's script; empty for an action. Nothing here asks whether it may be done. What undoing needs is told before
/// anything is changed, and nothing is if `tell` then breaks off.
pub fn act(
    order: &ActOrder,
    script: &[u8],
    around: &Surroundings<'_>,
    tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
) {
    let begun = Instant::now();
    let context = Context::new(order, around, tell);
    let told = match &order.work {
        Work::Action { name, parameters } => {
            let done = row(name).and_then(|(spec, row)| {
                let parameters = Parameters::check(spec, parameters, &order.machine)?;
                exist(&context, spec, &parameters)?;
                Ok((row, parameters))
            });
            match done {
                Ok((row, parameters)) => of_action(&context, row, &parameters),
                Err(trouble) => not_done(&order.purpose, trouble),
            }
        }
        Work::Script(work) => script::run(&context, work, script),
    };
    let told = match told {
        Told::Acted(mut acted) => {
            acted.took_us = micros(begun.elapsed());
            acted.commands = context.take_commands();
            acted.reason = context.redacted(&acted.reason);
            acted.summary = context.redacted(&acted.summary);
            Told::Acted(acted)
        }
        other => other,
    };
    // It was the last word.
    let _ = context.tell(told);
}

fn row(name: &str) -> Outcome<(&'static action::ActionSpec, &'static Row)> {
    let spec = action::find(name)
        .ok_or_else(|| Trouble::unsupported("this agent knows no action of that name"))?;
    let row = platform::ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
        let why = platform::UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == name);
        let why = why.map_or("this system has no such thing", |(_, why)| why);
        Trouble::unsupported(format!("{name} is not supported here: {why}"))
    })?;
    Ok((spec, row))
}

/// Whether the machine has all that is named.
fn exist(context: &Context<'_>, spec: &action::ActionSpec, parameters: &Parameters) -> Outcome<()> {
    for parameter in spec.parameters {
        if let Some(name) = parameters.text(parameter.name) {
            platform::exists(context, spec.name, parameter.takes, name)?;
        }
    }
    Ok(())
}

fn of_action(context: &Context<'_>, row: &Row, parameters: &Parameters) -> Told {
    match &context.order.purpose {
        Purpose::Predict => Told::Predicted(match (row.plan)(context, parameters) {
            Ok(plan) => plan.prediction(),
            Err(trouble) => cannot_predict(&trouble),
        }),
        Purpose::Perform => perform(context, row, parameters),
        Purpose::Undo { before: Value::Null } => acted(Ok("nothing was to be put back".to_owned())),
        Purpose::Undo { before } => acted((row.undo)(context, parameters, before)),
        Purpose::Holds => {
            let (holds, reason) = holds(context, row, parameters)
                .unwrap_or_else(|trouble| (Holds::Unknown, trouble.reason));
            Told::Holds { holds, reason }
        }
    }
}

fn perform(context: &Context<'_>, row: &Row, parameters: &Parameters) -> Told {
    let mut plan = match (row.plan)(context, parameters) {
        Ok(plan) => plan,
        Err(trouble) => return acted(Err(trouble)),
    };
    if !plan.would_change() {
        return acted(Ok(format!("nothing was changed: {}", plan.already)));
    }
    if !plan.before.is_null() && context.tell(Told::Before(plan.before.clone())).is_break() {
        let why = "what undoing it needs could not be noted, so that it was not begun";
        return acted(Err(Trouble::failed(why.to_owned())));
    }
    let done = (row.perform)(context, parameters, &mut plan).and_then(|summary| {
        match holds(context, row, parameters) {
            Ok((Holds::Done | Holds::Unknown, _)) => Ok(summary),
            Ok((Holds::NotDone, why)) => Err(Trouble::failed(format!(
                "it was done ({summary}), but the machine is not as it should be then: {why}"
            ))),
            Err(trouble) => Err(trouble),
        }
    });
    let told = acted(done);
    match told {
        // What failed half-way may have changed something: that, too, can be put back.
        Told::Acted(mut acted) => {
            acted.before = plan.before;
            Told::Acted(acted)
        }
        other => other,
    }
}

fn holds(context: &Context<'_>, row: &Row, parameters: &Parameters) -> Outcome<(Holds, String)> {
    match row.holds {
        Check::Plan => {
            let plan = (row.plan)(context, parameters)?;
            Ok(if plan.would_change() {
                (Holds::NotDone, plan.changes.join("; "))
            } else {
                (Holds::Done, plan.already)
            })
        }
        Check::Unknown(why) => Ok((Holds::Unknown, why.to_owned())),
        Check::Look(look) => look(context, parameters),
    }
}

fn cannot_predict(trouble: &Trouble) -> Prediction {
    let lines = vec![format!("cannot predict: {}", trouble.reason)];
    Prediction { known: false, changes: false, lines }
}

/// What is told of an order that could not be begun.
fn not_done(purpose: &Purpose, trouble: Trouble) -> Told {
    match purpose {
        Purpose::Predict => Told::Predicted(cannot_predict(&trouble)),
        Purpose::Perform | Purpose::Undo { .. } => acted(Err(trouble)),
        Purpose::Holds => Told::Holds { holds: Holds::Unknown, reason: trouble.reason },
    }
}

/// What came of a change, before it is known how long it took.
pub(crate) fn acted(done: Outcome<String>) -> Told {
    let (status, reason, summary) = match done {
        Ok(summary) => (Status::Ok, String::new(), summary),
        Err(Trouble { status, reason }) => {
            let summary = format!("not done: {reason}");
            (status, reason, summary)
        }
    };
    let (commands, before) = (Vec::new(), Value::Null);
    Told::Acted(Box::new(Acted { status, reason, summary, commands, before, took_us: 0 }))
}

#[cfg(test)]
mod tests {
    use befund_model::action::ACTIONS;

    use super::*;

    #[test]
    fn every_action_is_done_here_or_says_why_not_and_no_other_is() {
        for spec in ACTIONS {
            let done = platform::ROWS.iter().filter(|row| row.name == spec.name).count();
            let not = platform::UNSUPPORTED.iter().filter(|(name, _)| *name == spec.name).count();
            assert_eq!(done + not, 1, "{}", spec.name);
        }
        let all = platform::ROWS.len() + platform::UNSUPPORTED.len();
        assert_eq!(all, ACTIONS.len());
    }
}
