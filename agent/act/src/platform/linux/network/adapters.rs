//! `net.adapter_enable`, `net.adapter_restart`: an interface switched on, or off and on.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};
use befund_model::action::Holds;

use super::links::{self, Link, Switch, switch};
use super::routes::Lost;

/// What is put back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Before {
    was_up: bool,
    /// What switching off takes with it.
    #[serde(default)]
    lost: Lost,
}

fn interface(parameters: &Parameters) -> Outcome<Link> {
    let link = links::named(parameters.needed("interface")?)?;
    if link.is_loopback {
        return Err(Trouble::failed(format!(
            "{} is the machine's connection to itself; it is left alone",
            link.name
        )));
    }
    Ok(link)
}

pub(in crate::platform::linux) fn plan_enable(
    _: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let link = interface(parameters)?;
    if link.is_up {
        return Ok(Plan::already(format!("{} is switched on", link.name)));
    }
    Plan::change(format!("switch {} on", link.name))
        .noting(Before { was_up: false, lost: Lost::default() })
}

pub(in crate::platform::linux) fn enable(
    _: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let link = interface(parameters)?;
    switch(&link, Switch::On)?;
    Ok(format!("{} was switched on", link.name))
}

pub(in crate::platform::linux) fn plan_restart(
    _: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let link = interface(parameters)?;
    let lost = Lost::of(link.index)?;
    let mut lines = Vec::new();
    if link.is_up {
        lines.push(format!("switch {} off", link.name));
    }
    lines.push(format!("switch {} on", link.name));
    if link.is_up && lost.count() > 0 {
        lines.push(format!("put back {} addresses and routes that go with it", lost.count()));
    }
    Plan::changes(lines, "").noting(Before { was_up: link.is_up, lost })
}

pub(in crate::platform::linux) fn restart(
    context: &Context<'_>,
    parameters: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let link = interface(parameters)?;
    let before: Before = noted(&plan.before)?;
    if link.is_up {
        switch(&link, Switch::Off)?;
        context.say(format!("{} is off", link.name));
    }
    switch(&link, Switch::On)?;
    context.say(format!("{} is on", link.name));
    put_back(context, &before.lost);
    Ok(format!("{} was switched off and on", link.name))
}

/// Whoever manages the interface may have put back something else already: what fails is only told.
fn put_back(context: &Context<'_>, lost: &Lost) {
    for error in lost.put_back() {
        context.say(format!("an address or route was not put back: {error}"));
    }
}

pub(in crate::platform::linux) fn is_on(
    _: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<(Holds, String)> {
    let link = interface(parameters)?;
    Ok(if link.is_up {
        // Whether it was off in between, nobody can tell.
        (Holds::Unknown, format!("{} is on", link.name))
    } else {
        (Holds::NotDone, format!("{} is off", link.name))
    })
}

pub(in crate::platform::linux) fn undo(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let before: Before = noted(before)?;
    let link = interface(parameters)?;
    if !before.was_up {
        switch(&link, Switch::Off)?;
        return Ok(format!("{} was switched off again", link.name));
    }
    if !link.is_up {
        switch(&link, Switch::On)?;
    }
    put_back(context, &before.lost);
    Ok(format!("{} is on, with the addresses and routes that it had", link.name))
}
