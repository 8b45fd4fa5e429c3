//! `net.mtu_set`: the largest packet of an interface.

use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::links;

fn wanted(parameters: &Parameters) -> Outcome<u32> {
    let mtu = parameters.number("mtu").and_then(|mtu| u32::try_from(mtu).ok());
    mtu.ok_or_else(|| Trouble::failed("the parameter mtu is missing"))
}

pub(in crate::platform::linux) fn plan(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let link = links::named(parameters.needed("interface")?)?;
    let mtu = wanted(parameters)?;
    if link.mtu == mtu {
        return Ok(Plan::already(format!("{} has {mtu} bytes already", link.name)));
    }
    let line = format!("set the largest packet of {} from {} to {mtu} bytes", link.name, link.mtu);
    Plan::change(line).noting(link.mtu)
}

pub(in crate::platform::linux) fn perform(
    _: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let link = links::named(parameters.needed("interface")?)?;
    let mtu = wanted(parameters)?;
    links::set_mtu(&link, mtu)?;
    Ok(format!("the largest packet of {} was set to {mtu} bytes", link.name))
}

pub(in crate::platform::linux) fn undo(
    _: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let link = links::named(parameters.needed("interface")?)?;
    let mtu: u32 = noted(before)?;
    links::set_mtu(&link, mtu)?;
    Ok(format!("the largest packet of {} is {mtu} bytes again", link.name))
}
