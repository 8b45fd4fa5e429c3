//! `net.wifi_radio_on`: the software block of Wi-Fi removed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const SWITCHES: &str = "/sys/class/rfkill";
const STATE: &str = "/var/lib/NetworkManager/NetworkManager.state";

/// What was blocked, and is blocked again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Blocked {
    /// Switches, as in `rfkill0`.
    switches: Vec<String>,
    /// Whether NetworkManager had Wi-Fi switched off.
    by_manager: bool,
}

fn look(context: &Context<'_>) -> Outcome<Blocked> {
    let root = context.root;
    let mut blocked = Blocked::default();
    let (mut any, mut hard) = (false, false);
    for switch in root.names(SWITCHES) {
        let read = |file: &str| root.line(&format!("{SWITCHES}/{switch}/{file}"));
        if read("type").as_deref() != Some("wlan") {
            continue;
        }
        any = true;
        hard |= read("hard").as_deref() == Some("1");
        if read("soft").as_deref() == Some("1") {
            blocked.switches.push(switch);
        }
    }
    if !any {
        return Err(Trouble::unsupported(format!(
            "this machine has no Wi-Fi radio that can be switched ({SWITCHES} names none)"
        )));
    }
    if hard {
        return Err(Trouble::failed(
            "Wi-Fi is switched off by a switch or key of the machine, which no program can change",
        ));
    }
    let state = root.text(STATE).unwrap_or_default();
    blocked.by_manager = state.lines().any(|line| line.trim() == "WirelessEnabled=false")
        && context.programs.find("nmcli").is_some();
    Ok(blocked)
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let blocked = look(context)?;
    let mut lines: Vec<String> =
        blocked.switches.iter().map(|switch| format!("remove the block of {switch}")).collect();
    if blocked.by_manager {
        lines.push("switch Wi-Fi on in NetworkManager".to_owned());
    }
    if lines.is_empty() {
        return Ok(Plan::already("no Wi-Fi radio is blocked"));
    }
    Plan::changes(lines, "").noting(blocked)
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let blocked: Blocked = noted(&plan.before)?;
    for switch in &blocked.switches {
        set(context, switch, "0")?;
    }
    if blocked.by_manager {
        context.must(&context.program("nmcli")?, &["radio", "wifi", "on"])?;
    }
    Ok("Wi-Fi was switched on".to_owned())
}

pub(in crate::platform::linux) fn undo(
    context: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let blocked: Blocked = noted(before)?;
    if blocked.by_manager {
        context.must(&context.program("nmcli")?, &["radio", "wifi", "off"])?;
    }
    for switch in &blocked.switches {
        set(context, switch, "1")?;
    }
    Ok("Wi-Fi was switched off again".to_owned())
}

fn set(context: &Context<'_>, switch: &str, to: &str) -> Outcome<()> {
    // It comes back from the journal: a name of the kernel's, and nothing else.
    if switch.strip_prefix("rfkill").is_none_or(|number| number.parse::<u32>().is_err()) {
        return Err(Trouble::failed(format!("{switch:?} is no switch of a radio")));
    }
    let path = format!("{SWITCHES}/{switch}/soft");
    context
        .root
        .write(&path, to.as_bytes())
        .map_err(|error| Trouble::io(format_args!("write {to} to {path}"), &error))
}
