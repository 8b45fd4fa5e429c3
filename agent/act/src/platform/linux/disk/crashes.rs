//! `disk.clean_crashes`: old crash dumps.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::sweep::{Manner, Rule, Swept, sweep};
use super::{days, size};

const FOLDERS: [&str; 5] = [
    "/var/crash",
    "/var/lib/systemd/coredump",
    "/var/lib/apport/coredump",
    "/var/spool/abrt",
    "/var/lib/kdump",
];
const DAYS: u64 = 7;

/// apport's and abrt's own files beside the dumps.
fn spared(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "kexec_cmd" | "last-ccpp" | "last-via-server")
}

fn swept(context: &Context<'_>, parameters: &Parameters, manner: Manner) -> Outcome<Swept> {
    let age = days(parameters.number("older_days").unwrap_or(DAYS));
    // Of age 0: all that there is, also of this very second.
    let now = context.clock.now().as_second().saturating_add(1);
    let mut all = Swept::default();
    for folder in FOLDERS {
        let rule = Rule {
            before: now.saturating_sub(age),
            spared: &spared,
            chosen: &|_| true,
            folders: true,
        };
        let swept = sweep(context.root, folder, rule, manner)
            .map_err(|error| Trouble::io(format_args!("look through {folder}"), &error))?;
        all.add(swept);
    }
    Ok(all)
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let Swept { files, bytes, .. } = swept(context, parameters, Manner::Count)?;
    if files == 0 {
        return Ok(Plan::already("there are no crash records as old as that"));
    }
    Ok(Plan::change(format!("remove {files} crash records, which frees {}", size(bytes))))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    swept(context, parameters, Manner::Remove)?.told("crash records")
}
