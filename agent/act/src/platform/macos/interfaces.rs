//! `net.mtu_set`: the largest packet of an interface, by `ifconfig`.

use befund_model::action::Holds;
use serde_json::Value;

use crate::context::{Context, Manner, ended_well, plainly};
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// The largest packet of an interface, in bytes.
pub(super) fn mtu(context: &Context<'_>, interface: &str) -> Outcome<u64> {
    let ifconfig = context.program("ifconfig")?;
    let asked = context.execute(plainly(&ifconfig, &[interface]), Manner::Asked)?;
    ended_well(&ifconfig, &asked)?;
    let mut words = asked.text.split_ascii_whitespace().skip_while(|word| *word != "mtu");
    words.nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| {
        Trouble::failed(format!("ifconfig does not tell the largest packet of {interface}"))
    })
}

fn wanted(parameters: &Parameters) -> Outcome<(&str, u64)> {
    let mtu = parameters.number("mtu");
    let mtu = mtu.ok_or_else(|| Trouble::failed("the parameter mtu is missing"))?;
    Ok((parameters.needed("interface")?, mtu))
}

fn set(context: &Context<'_>, interface: &str, to: u64) -> Outcome<()> {
    context.must(&context.program("ifconfig")?, &[interface, "mtu", &to.to_string()])?;
    Ok(())
}

pub(super) fn plan(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let (interface, to) = wanted(parameters)?;
    let now = mtu(context, interface)?;
    if now == to {
        return Ok(Plan::already(format!("{interface} has {to} bytes already")));
    }
    Plan::change(format!("set the largest packet of {interface} from {now} to {to} bytes"))
        .noting(now)
}

pub(super) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (interface, to) = wanted(parameters)?;
    set(context, interface, to)?;
    Ok(format!("the largest packet of {interface} was set to {to} bytes"))
}

pub(super) fn undo(
    context: &Context<'_>,
    parameters: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let (interface, _) = wanted(parameters)?;
    let was: u64 = noted(before)?;
    set(context, interface, was)?;
    Ok(format!("the largest packet of {interface} is {was} bytes again"))
}

pub(super) fn holds(context: &Context<'_>, parameters: &Parameters) -> Outcome<(Holds, String)> {
    let (interface, to) = wanted(parameters)?;
    let now = mtu(context, interface)?;
    let holds = if now == to { Holds::Done } else { Holds::NotDone };
    Ok((holds, format!("{interface} has {now} bytes")))
}
