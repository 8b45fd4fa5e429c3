//! What lies in certain folders and was not touched for some days, and is removed: counted first, then swept. Which
//! folders, and what in them is others', is told by whoever uses it.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::sweep::{Manner, Rule, Swept, sweep};
use super::{days, size};

/// What is removed.
pub(super) struct Aged {
    /// Where it lies.
    pub(super) folders: &'static [&'static str],
    /// How old it is at least, unless told otherwise.
    pub(super) days: u64,
    /// What is left, by its name.
    pub(super) spared: fn(&str) -> bool,
    /// What it is called, many of it.
    pub(super) what: &'static str,
    /// Why nothing is removed.
    pub(super) none: &'static str,
}

impl Aged {
    /// What would be removed.
    pub(super) fn plan(&self, context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
        let Swept { files, bytes, .. } = self.swept(context, parameters, Manner::Count)?;
        if files == 0 {
            return Ok(Plan::already(self.none));
        }
        let what = self.what;
        Ok(Plan::change(format!("remove {files} {what}, which frees {}", size(bytes))))
    }

    /// Removes it.
    pub(super) fn perform(
        &self,
        context: &Context<'_>,
        parameters: &Parameters,
    ) -> Outcome<String> {
        self.swept(context, parameters, Manner::Remove)?.told(self.what)
    }

    fn swept(
        &self,
        context: &Context<'_>,
        parameters: &Parameters,
        manner: Manner,
    ) -> Outcome<Swept> {
        let age = days(parameters.number("older_days").unwrap_or(self.days));
        // Of age 0: all that there is, also of this very second.
        let now = context.clock.now().as_second().saturating_add(1);
        let mut all = Swept::default();
        for folder in self.folders {
            let rule = Rule {
                before: now.saturating_sub(age),
                spared: &self.spared,
                chosen: &|_| true,
                folders: true,
            };
            let swept = sweep(context.root, folder, rule, manner)
                .map_err(|error| Trouble::io(format_args!("look through {folder}"), &error))?;
            all.add(swept);
        }
        Ok(all)
    }
}
