//! Packages: the database repaired, lists of updates fetched, certificates built anew, by whichever package
//! manager the machine has.

pub(super) mod certificates;
pub(super) mod refresh;
pub(super) mod repair;

use std::ffi::OsString;
use std::path::Path;

use crate::context::{Context, Invocation, ended_well, plainly};
use crate::trouble::Outcome;

/// Runs a program of the package manager's without any questions.
fn must(context: &Context<'_>, program: &Path, words: &[&str]) -> Outcome<()> {
    let environment = vec![
        ("DEBIAN_FRONTEND", OsString::from("noninteractive")),
        ("HOME", OsString::from("/root")),
    ];
    let ran = context.invoke(Invocation { environment, ..plainly(program, words) })?;
    ended_well(program, &ran)
}
