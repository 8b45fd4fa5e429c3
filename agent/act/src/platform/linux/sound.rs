//! Sound of the person signed in: done as that person, in their session.

pub(super) mod mixer;
pub(super) mod service;

use std::ffi::OsString;
use std::path::Path;

use crate::context::{Context, Invocation, Ran, ended_well};
use crate::platform::Account;
use crate::trouble::Outcome;

fn as_person<'a>(account: &'a Account, program: &'a Path, arguments: &[&str]) -> Invocation<'a> {
    Invocation {
        program,
        arguments: arguments.iter().map(OsString::from).collect(),
        environment: Vec::new(),
        account: Some(account),
        folder: None,
        input: None,
    }
}

/// Asks a program in a person's session.
pub(super) fn ask(
    context: &Context<'_>,
    account: &Account,
    program: &Path,
    arguments: &[&str],
) -> Outcome<Ran> {
    context.inquire(as_person(account, program, arguments))
}

/// Runs a program in a person's session, which must end well.
pub(super) fn must(
    context: &Context<'_>,
    account: &Account,
    program: &Path,
    arguments: &[&str],
) -> Outcome<Ran> {
    let ran = context.invoke(as_person(account, program, arguments))?;
    ended_well(program, &ran)?;
    Ok(ran)
}
