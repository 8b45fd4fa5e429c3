//! What may be wrong: told apart, explained without a circle, and verified.

use std::collections::BTreeSet;

use befund_expression::near;
use befund_model::action::Risk;

use super::{Linter, listed};
use crate::document::{Cause, Fix};
use crate::language::quantity::duration_text;

impl Linter<'_> {
    pub(super) fn causes(&mut self) {
        let runbook = self.runbook();
        if runbook.causes.is_empty() {
            self.warn("no-causes", "causes", "it looks for nothing");
        }
        if runbook.collect.is_empty() && runbook.ask.is_empty() {
            self.warn("no-facts", "collect", "nothing is measured and nobody is asked");
        }
        for (index, cause) in runbook.causes.iter().enumerate() {
            let path = format!("causes[{index}]");
            if runbook.causes[..index].iter().any(|other| other.id == cause.id) {
                let message = format!("there is a cause `{}` already", cause.id);
                self.error("duplicate", &format!("{path}.id"), message);
            }
            self.explained(cause, &path);
            self.verified(cause, &path);
        }
        self.circle();
    }

    fn explained(&mut self, cause: &Cause, path: &str) {
        let ids: Vec<&str> = self.runbook().causes.iter().map(|cause| cause.id.as_str()).collect();
        for (index, other) in cause.explains.iter().enumerate() {
            let path = format!("{path}.explains[{index}]");
            if *other == cause.id {
                self.error("circle", &path, "it explains itself");
            } else if !ids.contains(&other.as_str()) {
                let hint = near(other, ids.iter().copied()).map_or_else(
                    || format!("there are {}", listed(ids.iter().copied())),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error("unknown-cause", &path, format!("there is no cause `{other}`: {hint}"));
            } else if cause.explains[..index].contains(other) {
                self.warn("twice", &path, "it stands here already");
            }
        }
    }

    fn verified(&mut self, cause: &Cause, path: &str) {
        let Some(verify) = &cause.verify else {
            if cause.fixes.iter().any(|fix| fix.risk > Risk::Read) {
                let message = "it changes something and is never verified: give it a `verify`";
                self.error("not-verified", path, message);
            }
            return;
        };
        let at = format!("{path}.verify");
        if verify.every > verify.within {
            let (every, within) = (duration_text(verify.every), duration_text(verify.within));
            let message = format!("it is looked every {every}, and after {within} no more");
            self.error("too-long", &format!("{at}.every"), message);
        }
        if cause.fixes.is_empty() {
            self.warn("unreachable", &at, "nothing is done about it that could be verified");
        }
        if verify.until == cause.when {
            self.error("never", &format!("{at}.until"), "it holds as long as the cause is found");
        }
        let wall = self.runbook().limits.wall;
        let acts: Vec<&Fix> = cause.fixes.iter().filter(|fix| fix.risk > Risk::Read).collect();
        if !acts.is_empty() && verify.within > wall {
            let (within, wall) = (duration_text(verify.within), duration_text(wall));
            let message = format!("it may take {within}; the whole run has {wall}");
            self.error("too-long", &format!("{at}.within"), message);
        }
    }

    /// Whether a cause explains itself by way of others.
    fn circle(&mut self) {
        let causes = &self.runbook().causes;
        for (index, cause) in causes.iter().enumerate() {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            let mut next: Vec<&str> = cause.explains.iter().map(String::as_str).collect();
            while let Some(id) = next.pop() {
                if seen.insert(id) {
                    let of_id = causes.iter().filter(|cause| cause.id == id);
                    next.extend(of_id.flat_map(|cause| &cause.explains).map(String::as_str));
                }
            }
            let by_others = !cause.explains.contains(&cause.id) && seen.contains(cause.id.as_str());
            if by_others {
                let message = format!(
                    "`{}` explains itself by way of {}: both would be silenced",
                    cause.id,
                    listed(seen.into_iter().filter(|id| *id != cause.id))
                );
                self.error("circle", &format!("causes[{index}].explains"), message);
            }
        }
    }
}
