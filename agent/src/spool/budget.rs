//! How much may wait, and what gives way: scheduled snapshots, oldest first; nothing else.

use std::collections::BTreeMap;

/// What an order reserves for its outcome, bytes.
pub const OUTCOME_RESERVE: u64 = 64 << 10;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A scheduled snapshot.
    Scheduled,
    /// A snapshot with a person's request.
    Request,
    /// An order or an outcome.
    Job,
}

/// Nothing may give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Bytes that wait.
    pub used: u64,
    /// Bytes that may.
    pub limit: u64,
}

/// The entries and their sizes. Their names sort by age.
#[derive(Clone, Debug)]
pub struct Budget {
    limit: u64,
    entries: BTreeMap<String, (Class, u64)>,
}

impl Budget {
    /// Nothing yet.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, entries: BTreeMap::new() }
    }

    /// Bytes that wait.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.entries.values().map(|(_, size)| size).sum()
    }

    /// Counts an entry, in place of one of the same name.
    pub fn add(&mut self, class: Class, name: String, size: u64) {
        self.entries.insert(name, (class, size));
    }

    /// No longer counts it.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// The entries of a class, oldest first.
    #[must_use]
    pub fn of(&self, class: Class) -> Vec<String> {
        let of_class = self.entries.iter().filter(|(_, entry)| entry.0 == class);
        of_class.map(|(name, _)| name.clone()).collect()
    }

    /// Which entries must go so that `size` more bytes fit under this name.
    ///
    /// # Errors
    /// If they would not fit even then; nothing is to go in that case.
    pub fn make_room(&self, size: u64, name: &str) -> Result<Vec<String>, Full> {
        let mut used = self.used();
        let full = Full { used, limit: self.limit };
        let mut evicted = Vec::new();
        for (other, (class, bytes)) in &self.entries {
            if used.saturating_add(size) <= self.limit {
                break;
            }
            if *class == Class::Scheduled && other != name {
                used -= bytes;
                evicted.push(other.clone());
            }
        }
        if used.saturating_add(size) <= self.limit { Ok(evicted) } else { Err(full) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(entries: &[(Class, u64)]) -> Budget {
        let mut budget = Budget::new(100);
        for (n, (class, size)) in entries.iter().enumerate() {
            budget.add(*class, format!("{n:04}"), *size);
        }
        budget
    }

    #[test]
    fn the_oldest_scheduled_snapshots_give_way_and_nothing_else() {
        use Class::{Job, Request, Scheduled};
        let full = budget(&[(Request, 40), (Scheduled, 20), (Job, 10), (Scheduled, 30)]);
        assert_eq!(full.make_room(10, "new"), Ok(vec!["0001".into()]));
        assert_eq!(full.make_room(50, "new"), Ok(vec!["0001".into(), "0003".into()]));
        assert_eq!(full.make_room(51, "new"), Err(Full { used: 100, limit: 100 }));
    }

    proptest! {
        #[test]
        fn what_fits_fits_and_only_scheduled_snapshots_go(
            sizes in proptest::collection::vec((0..3_u8, 0..40_u64), 0..12),
            size in 0..120_u64,
        ) {
            let classes = [Class::Scheduled, Class::Request, Class::Job];
            let entries: Vec<_> =
                sizes.iter().map(|(class, size)| (classes[usize::from(*class)], *size)).collect();
            let mut budget = budget(&entries);
            let fixed: u64 =
                entries.iter().filter(|(class, _)| *class != Class::Scheduled).map(|e| e.1).sum();
            match budget.make_room(size, "new") {
                Ok(evicted) => {
                    for name in evicted {
                        prop_assert!(budget.of(Class::Scheduled).contains(&name));
                        budget.remove(&name);
                    }
                    prop_assert!(budget.used() + size <= 100);
                }
                Err(_) => prop_assert!(fixed + size > 100),
            }
        }
    }
}
