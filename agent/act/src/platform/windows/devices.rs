//! `devices.unblock`: camera or microphone allowed in the machine's privacy settings. What the organisation's
//! policy forbids stays so.

use serde_json::Value;
use windows_registry::LOCAL_MACHINE;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const STORE: &str =
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore";

fn path(parameters: &Parameters) -> Outcome<String> {
    let name = match parameters.needed("device")? {
        "camera" => "webcam",
        _ => "microphone",
    };
    Ok(format!(r"{STORE}\{name}"))
}

fn value(path: &str) -> Outcome<String> {
    let key = LOCAL_MACHINE.open(path).map_err(|error| {
        Trouble::unsupported(format!("this Windows keeps no such setting ({path}): {error}"))
    })?;
    key.get_string("Value")
        .map_err(|error| Trouble::failed(format!("could not read the setting {path}: {error}")))
}

fn set(path: &str, to: &str) -> Outcome<()> {
    let key = LOCAL_MACHINE.options().read().write().open(path);
    key.and_then(|key| key.set_string("Value", to))
        .map_err(|error| Trouble::failed(format!("could not set {path} to {to}: {error}")))
}

pub(super) fn plan(_: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let path = path(parameters)?;
    let device = parameters.needed("device")?;
    let now = value(&path)?;
    if now != "Deny" {
        return Ok(Plan::already(format!("the machine's settings allow the {device}")));
    }
    Plan::change(format!("allow the {device} in the machine's privacy settings")).noting(now)
}

pub(super) fn perform(_: &Context<'_>, parameters: &Parameters, _: &mut Plan) -> Outcome<String> {
    set(&path(parameters)?, "Allow")?;
    Ok(format!("the {} was allowed", parameters.needed("device")?))
}

pub(super) fn undo(_: &Context<'_>, parameters: &Parameters, before: &Value) -> Outcome<String> {
    let was: String = noted(before)?;
    set(&path(parameters)?, if was == "Deny" { "Deny" } else { "Allow" })?;
    Ok(format!("the {} is forbidden as before", parameters.needed("device")?))
}
