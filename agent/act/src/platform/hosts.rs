//! `hosts.entry_disable`: an entry of the hosts file switched off.

use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::hosts::disable;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::{edits, system};

pub(crate) fn plan(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let name = parameters.needed("name")?;
    let path = system::HOSTS;
    let mut found = Vec::new();
    let edit = edits::edit(context, path, |text| {
        let (after, lines) = disable(text, name);
        found = lines;
        Some(after)
    })?;
    let changes = found.iter().map(|line| format!("{path}: switch off: {line}")).collect();
    let plan = Plan::changes(changes, format!("{path} has no entry of {name}"));
    match edit {
        Some(edit) => plan.noting(edits::noted(&[edit])?),
        None => Ok(plan),
    }
}

pub(crate) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let name = parameters.needed("name")?;
    let edit = edits::edit(context, system::HOSTS, |text| Some(disable(text, name).0))?;
    edits::make(context, edit.as_slice())?;
    let count = plan.changes.len();
    Ok(format!("{count} entries of {name} were switched off in {}", system::HOSTS))
}

pub(crate) fn undo(context: &Context<'_>, _: &Parameters, before: &Value) -> Outcome<String> {
    edits::restore(context, &noted::<Vec<edits::Noted>>(before)?)
}
