//! How often each cause of a runbook was found, and what became of each fix: done, put right, come back. It stands where
//! runbooks are chosen. Counting is the store's business.

use befund_model::action::Risk;
use befund_model::api::{CauseEffect, RunbookInfo};
use befund_model::runbook::FixRef;
use befund_runbook::document::{Act, Runbook};

use crate::console::page::Frame;
use crate::console::run::names::Names;

/// A cause that a runbook looks for.
#[derive(Debug)]
pub struct CauseLine {
    /// What it says of the machine.
    pub title: String,
    /// What came of it so far.
    pub effect: Option<CauseEffect>,
    /// What is done about it.
    pub fixes: Vec<FixLine>,
}

/// A fix of a runbook.
#[derive(Debug)]
pub struct FixLine {
    /// What it does, in a sentence.
    pub title: String,
    /// What it may do.
    pub risk: Risk,
    /// What came of it so far.
    pub effect: Option<CauseEffect>,
}

/// All causes of a runbook, in its order.
#[must_use]
pub fn all(runbook: &Runbook, info: &RunbookInfo, frame: &Frame) -> Vec<CauseLine> {
    let names = Names::new(Some(runbook.clone()), frame.t.language());
    let effect = |cause: &str, fix: Option<u32>| {
        let mut effects = info.effects.iter();
        effects.find(|one| one.cause == cause && one.fix == fix).cloned()
    };
    let lines = runbook.causes.iter().map(|cause| {
        let fixes = (0_u32..).zip(&cause.fixes).map(|(index, fix)| {
            let place = FixRef { cause: cause.id.clone(), index };
            FixLine {
                title: names.fix(&place, act(&fix.act)),
                risk: fix.risk,
                effect: effect(&cause.id, Some(index)),
            }
        });
        CauseLine {
            title: names.words(&cause.title).to_owned(),
            effect: effect(&cause.id, None),
            fixes: fixes.collect(),
        }
    });
    lines.collect()
}

/// The causes that were found at least once, the most often found first, with those of their fixes that came up.
#[must_use]
pub fn known(runbook: &Runbook, info: &RunbookInfo, frame: &Frame) -> Vec<CauseLine> {
    let mut causes = all(runbook, info, frame);
    causes.retain(|cause| cause.effect.is_some());
    for cause in &mut causes {
        cause.fixes.retain(|fix| fix.effect.is_some());
    }
    causes.sort_by_key(|cause| {
        std::cmp::Reverse(cause.effect.as_ref().map_or(0, |effect| effect.came_up))
    });
    causes
}

fn act(act: &Act) -> &str {
    match act {
        Act::Action(name) => name,
        Act::Script(script) => &script.path,
        Act::Instruct => "user.instruct",
        Act::OpenUrl => "user.open_url",
        Act::Reboot => "machine.reboot",
    }
}
