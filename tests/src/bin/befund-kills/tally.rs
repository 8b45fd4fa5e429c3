//! What was counted, and how it is printed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::aim::{Event, Whom};
use crate::phase::Phase;
use crate::processes::Shape;

/// Counts of one run, or of a part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: BTreeMap<(Shape, Whom), u64>,
    /// By what they were aimed at; and how many of those had to go without.
    pub(crate) aimed: BTreeMap<Event, (u64, u64)>,
    /// Where the jobs stood that a kill hit.
    pub(crate) phases: BTreeMap<Phase, [u64; 3]>,
    /// Jobs by what they were and how they ended.
    pub(crate) jobs: BTreeMap<(&'static str, String), u64>,
    /// Attempts by cause and end.
    pub(crate) attempts: BTreeMap<(String, String), u64>,
    /// Whether the step that is done once has left a mark, where nobody could tell.
    pub(crate) indeterminate: BTreeMap<bool, u64>,
    pub(crate) marks: BTreeMap<String, u64>,
    pub(crate) events: u64,
}

impl Tally {
    /// Adds another's.
    pub(crate) fn add(&mut self, other: Self) {
        fn sum<K: Ord>(to: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
            for (key, count) in from {
                *to.entry(key).or_default() += count;
            }
        }
        sum(&mut self.kills, other.kills);
        sum(&mut self.jobs, other.jobs);
        sum(&mut self.attempts, other.attempts);
        sum(&mut self.indeterminate, other.indeterminate);
        sum(&mut self.marks, other.marks);
        for (event, (reached, missed)) in other.aimed {
            let here = self.aimed.entry(event).or_default();
            *here = (here.0 + reached, here.1 + missed);
        }
        for (phase, counts) in other.phases {
            let here = self.phases.entry(phase).or_default();
            for (here, count) in here.iter_mut().zip(counts) {
                *here += count;
            }
        }
        self.events += other.events;
    }

    /// How often was killed.
    pub(crate) fn all(&self) -> u64 {
        self.kills.values().sum()
    }

    /// Its last line.
    pub(crate) fn pace(&self, took: Duration) -> String {
        let each = self.all() as f64 / took.as_secs_f64().max(0.001);
        format!("{} kills in {:.0} s: {each:.1} a second", self.all(), took.as_secs_f64())
    }
}

/// Which column of the phases a kill belongs to.
pub(crate) const fn column(whom: Whom) -> usize {
    match whom {
        Whom::Link => 0,
        Whom::Executor => 1,
        Whom::Both | Whom::BothReversed => 2,
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kills: {}", self.all())?;
        for ((shape, whom), count) in &self.kills {
            let shape = match shape {
                Shape::Service => "executor by the system",
                Shape::ByLink => "executor by the link",
            };
            writeln!(f, "  {count:>7}  {whom} ({shape})")?;
        }
        writeln!(f, "aimed at (of which it did not come in time):")?;
        for (event, (reached, missed)) in &self.aimed {
            writeln!(f, "  {:>7}  {event} ({missed})", reached + missed)?;
        }
        writeln!(f, "where the jobs stood that were hit, by who was killed:")?;
        writeln!(f, "  {:>7}  {:>8}  {:>7}", "link", "executor", "both")?;
        for (phase, [link, executor, both]) in &self.phases {
            writeln!(f, "  {link:>7}  {executor:>8}  {both:>7}  {phase}")?;
        }
        writeln!(f, "jobs:")?;
        for ((what, state), count) in &self.jobs {
            writeln!(f, "  {count:>7}  {what}: {state}")?;
        }
        writeln!(f, "fixes by what was reported of them:")?;
        for ((cause, end), count) in &self.attempts {
            writeln!(f, "  {count:>7}  {cause}: {end}")?;
        }
        let of = |marked| self.indeterminate.get(&marked).copied().unwrap_or(0);
        writeln!(
            f,
            "indeterminate and never done again: {}, of which {} had left their mark and {} had not",
            of(true) + of(false),
            of(true),
            of(false)
        )?;
        writeln!(f, "marks left:")?;
        for (step, count) in &self.marks {
            writeln!(f, "  {count:>7}  {step}")?;
        }
        writeln!(f, "events at the controller, each once and in order: {}", self.events)
    }
}
