//! Services: started, restarted, enabled, by whichever service manager the machine has.

mod manager;

use std::time::{Duration, Instant};

use serde_json::Value;

use befund_model::action::Holds;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use manager::{Boot, Manager, Service, Verb};

/// How long a service has to go on until it is taken to run.
const SETTLING: Duration = Duration::from_millis(1_500);
const LOOK: Duration = Duration::from_millis(250);

fn look(context: &Context<'_>, parameters: &Parameters) -> Outcome<(Manager, Service)> {
    let manager = Manager::of(context)?;
    let service = manager.look(context, parameters.needed("service")?)?;
    Ok((manager, service))
}

/// Whether a service of this name is installed.
pub(super) fn is_installed(context: &Context<'_>, name: &str) -> Outcome<bool> {
    Ok(Manager::of(context)?.look(context, name)?.installed)
}

/// Restarts a service by name, and looks whether it runs then.
pub(super) fn restart_named(context: &Context<'_>, name: &str) -> Outcome<()> {
    let manager = Manager::of(context)?;
    manager.run(context, Verb::Restart, name)?;
    must_run(context, manager, name)
}

/// Most services are said to run as soon as their program has begun: whether it goes on shows a little later.
fn must_run(context: &Context<'_>, manager: Manager, name: &str) -> Outcome<()> {
    let until = Instant::now() + SETTLING;
    loop {
        let service = manager.look(context, name)?;
        if service.ends_by_itself {
            return Ok(());
        }
        if !service.running {
            let state = service.state;
            return Err(Trouble::failed(format!("the service {name} does not run: it is {state}")));
        }
        if Instant::now() >= until {
            return Ok(());
        }
        std::thread::sleep(LOOK.min(context.left()?));
    }
}

pub(super) fn plan_restart(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (_, service) = look(context, parameters)?;
    if service.boot == Boot::Masked && !service.running {
        return Err(masked(&service.name));
    }
    let plan = Plan::change(format!("restart {} (it is {} now)", service.name, service.state));
    // One that ran before runs afterwards: there is nothing to put back.
    if service.running || service.ends_by_itself { Ok(plan) } else { plan.noting("stopped") }
}

pub(super) fn restart(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = parameters.needed("service")?;
    restart_named(context, name)?;
    Ok(format!("{name} was restarted"))
}

pub(super) fn is_up(context: &Context<'_>, parameters: &Parameters) -> Outcome<(Holds, String)> {
    let (_, service) = look(context, parameters)?;
    let told = format!("{} is {}", service.name, service.state);
    // Whether it was stopped in between, nobody can tell.
    let up = service.running || service.ends_by_itself;
    Ok((if up { Holds::Unknown } else { Holds::NotDone }, told))
}

pub(super) fn plan_start(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (_, service) = look(context, parameters)?;
    if service.running {
        return Ok(Plan::already(format!("{} runs", service.name)));
    }
    if service.boot == Boot::Masked {
        return Err(masked(&service.name));
    }
    Plan::change(format!("start {} (it is {} now)", service.name, service.state)).noting("stopped")
}

/// A service that an administrator has barred stays so.
fn masked(name: &str) -> Trouble {
    Trouble::failed(format!(
        "the service {name} is masked: an administrator has barred it; unmask it by hand if it is to run"
    ))
}

pub(super) fn start(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = parameters.needed("service")?;
    let manager = Manager::of(context)?;
    manager.run(context, Verb::Start, name)?;
    must_run(context, manager, name)?;
    Ok(format!("{name} was started"))
}

pub(super) fn undo_start(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &Value,
) -> Outcome<String> {
    let name = parameters.needed("service")?;
    Manager::of(context)?.run(context, Verb::Stop, name)?;
    Ok(format!("{name} was stopped again"))
}

pub(super) fn plan_enable(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (_, service) = look(context, parameters)?;
    let name = &service.name;
    match service.boot {
        Boot::Enabled => Ok(Plan::already(format!("{name} is started at boot"))),
        Boot::ByOthers => Ok(Plan::already(format!("{name} is started by others when needed"))),
        Boot::Masked => Err(masked(name)),
        Boot::Disabled => Plan::change(format!("have {name} started at boot")).noting(service.boot),
    }
}

pub(super) fn enable(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let name = parameters.needed("service")?;
    Manager::of(context)?.run(context, Verb::Enable, name)?;
    Ok(format!("{name} is started at boot from now on"))
}

pub(super) fn undo_enable(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let name = parameters.needed("service")?;
    match noted(before)? {
        Boot::Disabled => {
            Manager::of(context)?.run(context, Verb::Disable, name)?;
            Ok(format!("{name} is not started at boot any more"))
        }
        Boot::Enabled | Boot::ByOthers | Boot::Masked => {
            Err(Trouble::failed(format!("{name} was not disabled before; nothing is put back")))
        }
    }
}
