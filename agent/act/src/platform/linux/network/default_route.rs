//! `net.route_default_restore`: the default route that the lease names, put back where it has gone.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::links::{self, Link};
use super::{leases, routes};

/// What was added, and is removed again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Added {
    interface: String,
    router: Ipv4Addr,
}

/// The interface that is named, or the first with a lease that names a router.
fn target(context: &Context<'_>, parameters: &Parameters) -> Outcome<(Link, Ipv4Addr)> {
    if let Some(name) = parameters.text("interface") {
        let link = links::named(name)?;
        let router = leases::of(context, &link)?
            .router
            .ok_or_else(|| Trouble::failed(format!("the lease of {name} names no router")))?;
        return Ok((link, router));
    }
    for link in links::all()?.into_iter().filter(|link| !link.is_loopback && link.is_up) {
        if let Ok(lease) = leases::of(context, &link)
            && let Some(router) = lease.router
        {
            return Ok((link, router));
        }
    }
    Err(Trouble::failed("no interface that is switched on has a lease that names a router"))
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let (link, router) = target(context, parameters)?;
    let there = routes::defaults()?;
    if there.iter().any(|route| route.index == link.index && route.gateway == Some(router.into())) {
        return Ok(Plan::already(format!("the way out over {router} ({}) is there", link.name)));
    }
    let line = format!("add the default route over {router} ({})", link.name);
    Plan::change(line).noting(Added { interface: link.name, router })
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (link, router) = target(context, parameters)?;
    routes::add_default(link.index, router).map_err(|error| {
        let name = &link.name;
        Trouble::io(format_args!("add the default route over {router} ({name})"), &error)
    })?;
    Ok(format!("the default route over {router} ({}) was added", link.name))
}

pub(in crate::platform::linux) fn undo(
    _: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let Added { interface, router } = noted(before)?;
    let link = links::named(&interface)?;
    match routes::remove_default(link.index, router) {
        Ok(()) => Ok(format!("the default route over {router} was removed again")),
        // ESRCH: it has gone.
        Err(error) if error.raw_os_error() == Some(3) => {
            Ok(format!("the default route over {router} had gone already"))
        }
        Err(error) => {
            Err(Trouble::io(format_args!("remove the default route over {router}"), &error))
        }
    }
}
