//! The shipped runbooks for troubles of a machine itself, tried on machines that have them: each is broken for real,
//! the runbook finds the right cause and no other, its fix is signed, done, verified, and undone, and the machine is
//! looked at each time. Those for troubles of the network are tried elsewhere. What was tried and what was not, and why,
//! stands in `runbooks/tried/system.md`, which [`tried`] holds to this.
//!
//! Some wait for minutes, as the runbooks do: those run with `BEFUND_LABORATORY=all`.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::Write as _;

use befund_tests::laboratory::system::SystemMachine;
use befund_tests::systemd::Layer;

mod accounts;
mod disks;
mod load;
mod packages;
mod printers;
mod scripts;
mod services;
mod tried;

/// A machine of this layer; says why there is none where that is so.
fn machine(layer: Layer, what: &str) -> Option<SystemMachine> {
    match SystemMachine::boot(layer) {
        Ok(machine) => Some(machine),
        Err(why) => {
            writeln!(std::io::stderr(), "SKIPPED {what}: {why}").expect("standard error");
            None
        }
    }
}

/// Whether what takes minutes is run as well.
fn patiently() -> bool {
    std::env::var("BEFUND_LABORATORY").is_ok_and(|value| value == "all")
}

/// Tries a cause that a person does away with once they are told: where there is time, until it is seen to be gone.
fn tries_person(machine: &SystemMachine, (runbook, cause): (&str, &str), deed: impl Fn()) {
    if patiently() {
        let run = machine.tries_with(runbook, cause, &[], &deed);
        run.tried(&["user.instruct verified"]);
        run.is_accepted(true);
    } else {
        let run = machine.finds(runbook, cause, &[]);
        run.tried(&["user.instruct not_verified"]);
        deed();
    }
}
