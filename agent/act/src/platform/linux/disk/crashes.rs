//! `disk.clean_crashes`: old crash dumps.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::aged::Aged;

const CRASHES: Aged = Aged {
    folders: &[
        "/var/crash",
        "/var/lib/systemd/coredump",
        "/var/lib/apport/coredump",
        "/var/spool/abrt",
        "/var/lib/kdump",
    ],
    days: 7,
    spared,
    what: "crash records",
    none: "there are no crash records as old as that",
};

/// apport's and abrt's own files beside the dumps.
fn spared(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "kexec_cmd" | "last-ccpp" | "last-via-server")
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    CRASHES.plan(context, parameters)
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    CRASHES.perform(context, parameters)
}
