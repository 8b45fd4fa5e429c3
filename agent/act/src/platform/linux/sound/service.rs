//! `sound.restart`: PipeWire or PulseAudio of the person signed in.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::platform::Account;
use crate::platform::linux::users;
use crate::trouble::{Outcome, Trouble};

const UNITS: [&str; 4] =
    ["pipewire.service", "pipewire-pulse.service", "wireplumber.service", "pulseaudio.service"];

/// Those of the units that run for this person.
fn running(context: &Context<'_>, account: &Account) -> Outcome<Vec<&'static str>> {
    let systemctl = context.program("systemctl")?;
    let mut words = vec!["--user", "is-active"];
    words.extend(UNITS);
    let asked = super::ask(context, account, &systemctl, &words)?;
    Ok(active(&asked.text))
}

/// `systemctl is-active` tells a word for each unit.
fn active(text: &str) -> Vec<&'static str> {
    let words = text.lines().map(str::trim);
    UNITS
        .into_iter()
        .zip(words)
        .filter(|(_, word)| *word == "active")
        .map(|(unit, _)| unit)
        .collect()
}

fn found(context: &Context<'_>) -> Outcome<(Account, Vec<&'static str>)> {
    let account = users::signed_in(context)?;
    let units = running(context, &account)?;
    if units.is_empty() {
        return Err(Trouble::unsupported(format!(
            "no sound service runs for {} (looked for {})",
            account.name,
            UNITS.join(", ")
        )));
    }
    Ok((account, units))
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let (account, units) = found(context)?;
    let name = account.name;
    let lines = units.iter().map(|unit| format!("restart {unit} of {name}")).collect();
    Ok(Plan::changes(lines, ""))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (account, units) = found(context)?;
    let systemctl = context.program("systemctl")?;
    let mut words = vec!["--user", "restart"];
    words.extend(&units);
    super::must(context, &account, &systemctl, &words)?;
    Ok(format!("{} of {} were restarted", units.join(", "), account.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_is_restarted() {
        assert_eq!(active("active\ninactive\nactive\nfailed\n"), [UNITS[0], UNITS[2]]);
        assert_eq!(active("Failed to connect to bus\n"), Vec::<&str>::new());
    }
}
