//! `disk.clean_temp`: temporary files that nobody has used for a while.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::sweep::{Manner, Rule, Swept, sweep};
use super::{days, size};

const FOLDERS: [&str; 2] = ["/tmp", "/var/tmp"];
/// tmpfiles.d's own default for `/tmp`.
const DAYS: u64 = 10;

/// What others keep there for as long as they run (systemd's `x11.conf`, `systemd-tmp.conf`).
fn spared(name: &str) -> bool {
    let sockets = [".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix"];
    sockets.contains(&name)
        || (name.starts_with(".X") && name.ends_with("-lock"))
        || ["systemd-private-", "snap-private-tmp", "tracker-extract-files."]
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

fn swept(context: &Context<'_>, parameters: &Parameters, manner: Manner) -> Outcome<Swept> {
    let age = days(parameters.number("older_days").unwrap_or(DAYS));
    let before = context.clock.now().as_second().saturating_sub(age);
    let mut all = Swept::default();
    for folder in FOLDERS {
        let rule = Rule { before, spared: &spared, chosen: &|_| true, folders: true };
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
        return Ok(Plan::already("no temporary file is as old as that"));
    }
    Ok(Plan::change(format!("remove {files} temporary files, which frees {}", size(bytes))))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    swept(context, parameters, Manner::Remove)?.told("temporary files")
}
