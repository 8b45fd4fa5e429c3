//! Programs that are only asked: nothing is told of them, since they change nothing.

use std::path::Path;

use crate::context::{Context, Invocation, Manner, Ran, plainly};
use crate::trouble::Outcome;

impl Ran {
    pub(crate) fn is_ok(&self) -> bool {
        self.exit == Some(0)
    }
}

impl Context<'_> {
    /// Asks a program something; however it ends, and without a word to anybody.
    pub(crate) fn ask(&self, program: &Path, arguments: &[&str]) -> Outcome<Ran> {
        self.execute(plainly(program, arguments), Manner::Asked)
    }

    /// As [`Self::ask`], with all that there is to say of it.
    pub(crate) fn inquire(&self, invocation: Invocation<'_>) -> Outcome<Ran> {
        self.execute(invocation, Manner::Asked)
    }
}
