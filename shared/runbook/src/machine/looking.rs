//! Looking whether something holds, again and again until it does or its time is over.

use std::collections::BTreeSet;
use std::time::Duration;

use befund_model::probe::Verdict;

use super::exchange::Stop;
use super::judging::{Held, held};
use super::measuring::Round;
use super::run::Run;
use super::{Do, Heard, lines};
use crate::document::Condition;

/// The most looks of one watch; where there would be more, they are made less often.
const MAX_LOOKS: u32 = 60;

/// What is looked for.
pub(super) enum Sought {
    /// That this holds.
    Holds(Condition),
    /// That this does not hold any more.
    Gone(Condition),
    /// That the measurements of these names, which passed, still do.
    Kept(BTreeSet<String>),
}

impl Run {
    /// The measurements that pass now.
    pub(super) fn passing(&self) -> BTreeSet<String> {
        let passing = self.facts.iter().filter(|(_, result)| result.verdict == Verdict::Pass);
        passing.map(|(name, _)| name.clone()).collect()
    }

    /// Looks until it is so, at most for this time; says how it was at the last look. It looks at least once.
    pub(super) async fn watch(
        &mut self,
        base: &str,
        within: Duration,
        every: Duration,
        sought: &Sought,
    ) -> Result<Held, Stop> {
        let begun = self.exchange.at();
        let every = every.max(within / MAX_LOOKS).max(Duration::from_millis(100));
        let mut look = 1;
        loop {
            let held = self.look(&format!("{base}/{look}"), sought).await?;
            let spent = self.exchange.at().saturating_sub(begun);
            // Counted as well, so that it also ends where no time passes.
            if held == Held::Yes || spent >= within || look > MAX_LOOKS {
                return Ok(held);
            }
            let step = self.exchange.name(&format!("{base}/{look}/wait"));
            let lasting = every.min(within - spent).min(self.exchange.left());
            self.exchange.want(Do::Wait { step, lasting })?;
            while !matches!(self.exchange.next().await?, Heard::Waited { .. }) {}
            look += 1;
        }
    }

    async fn look(&mut self, base: &str, sought: &Sought) -> Result<Held, Stop> {
        match sought {
            Sought::Kept(names) => {
                let indices = self.indices(|name| names.contains(name));
                self.measure(base, indices, Round::Look).await?;
                Ok(self.kept(names))
            }
            Sought::Holds(condition) => self.look_at(base, condition).await,
            Sought::Gone(condition) => Ok(match self.look_at(base, condition).await? {
                Held::Yes => Held::No,
                Held::No => Held::Yes,
                Held::Unknown(reason) => Held::Unknown(reason),
            }),
        }
    }

    async fn look_at(&mut self, base: &str, condition: &Condition) -> Result<Held, Stop> {
        let indices = self.measurements_of([condition.text.as_str()]);
        self.measure(base, indices, Round::Look).await?;
        let value = self.evaluate(base, vec![condition.text.clone()]).await?.into_iter().next();
        Ok(held(&condition.text, value, &self.scope().1))
    }

    fn kept(&self, names: &BTreeSet<String>) -> Held {
        let worse = names.iter().find_map(|name| {
            let result = self.facts.get(name)?;
            match result.verdict {
                Verdict::Pass => None,
                // What passed and cannot be told now may well be what was broken.
                Verdict::Warn | Verdict::Fail | Verdict::Unknown => Some((name, result)),
            }
        });
        match worse {
            None => Held::Yes,
            Some((name, result)) => Held::Unknown(lines::line(&format!(
                "{name} passed before and is now {}: {}",
                result.verdict.as_str(),
                result.summary
            ))),
        }
    }
}
