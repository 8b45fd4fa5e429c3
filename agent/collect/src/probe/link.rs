//! `net.link`: the interfaces, and whether any carries a signal.

use befund_model::probe::network::{Link, LinkFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform};

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let mut interfaces = platform::interfaces(context)?;
    interfaces.sort_by(|one, other| one.name.cmp(&other.name));
    for Link { name, state, physical, .. } in &interfaces {
        context.say(format_args!(
            "{name}: {state}{}",
            if *physical { "" } else { ", made by software" }
        ));
    }
    let facts = LinkFacts { interfaces };
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

/// docs/probes.md: no physical link is a failure.
fn judge(facts: &LinkFacts) -> (Verdict, String) {
    let names = |physical: bool| {
        facts
            .up()
            .filter(|link| link.physical == physical)
            .map(|link| link.name.as_str())
            .collect::<Vec<_>>()
    };
    let (cards, others) = (names(true), names(false));
    if !cards.is_empty() {
        (Verdict::Pass, format!("{} up", cards.join(", ")))
    } else if facts.interfaces.is_empty() {
        (Verdict::Fail, "there is no network interface".to_owned())
    } else if others.is_empty() {
        (Verdict::Fail, "no network interface has a signal".to_owned())
    } else {
        (
            Verdict::Fail,
            format!("no card has a signal; only {} made by software", others.join(", ")),
        )
    }
}
