//! `disk.clean_temp`: temporary files that nobody has used for a while.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::aged::Aged;

const TEMPORARY: Aged = Aged {
    folders: &["/tmp", "/var/tmp"],
    // tmpfiles.d's own default for `/tmp`.
    days: 10,
    spared,
    what: "temporary files",
    none: "no temporary file is as old as that",
};

/// What others keep there for as long as they run (systemd's `x11.conf`, `systemd-tmp.conf`).
fn spared(name: &str) -> bool {
    let sockets = [".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix"];
    sockets.contains(&name)
        || (name.starts_with(".X") && name.ends_with("-lock"))
        || ["systemd-private-", "snap-private-tmp", "tracker-extract-files."]
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    TEMPORARY.plan(context, parameters)
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    TEMPORARY.perform(context, parameters)
}
