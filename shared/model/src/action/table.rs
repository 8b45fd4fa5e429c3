//! What there is to do: a row for each action, by topic.

use super::{ActionParameter, ActionSpec, Takes};

mod machine;
mod network;

use machine::MACHINE;
use network::NETWORK;

const fn takes(
    name: &'static str,
    takes: Takes,
    required: bool,
    title: &'static str,
) -> ActionParameter {
    ActionParameter { name, takes, required, title }
}

/// All of them: those about the network first, each group by name.
pub const ACTIONS: &[ActionSpec] = &all();

const fn all() -> [ActionSpec; NETWORK.len() + MACHINE.len()] {
    let mut all = [NETWORK[0]; NETWORK.len() + MACHINE.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < NETWORK.len() { NETWORK[at] } else { MACHINE[at - NETWORK.len()] };
        at += 1;
    }
    all
}
