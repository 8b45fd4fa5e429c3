//! The places at a door that everybody on a machine may come to: so many in all, and so many for one account, so that
//! nobody keeps the others out. Not the door itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::peer::Account;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of all accounts.
    pub all: usize,
    /// Of one.
    pub each: usize,
}

/// The places at a door. Clones share them.
#[derive(Clone, Debug)]
pub struct Places {
    bounds: Bounds,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<Account, usize>,
}

/// A place at a door, one of all and one of an account's; given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    account: Option<Account>,
}

impl Places {
    /// Places of which none is taken.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: Arc::default() }
    }

    /// Takes a place for somebody who is not known yet; `None` if there is none.
    #[must_use]
    pub fn take(&self) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.bounds.all {
            return None;
        }
        taken.all += 1;
        Some(Place { places: self.clone(), account: None })
    }
}

impl Place {
    /// Counts it for an account; false if that has all it may have. Call it once.
    #[must_use]
    pub fn is_for(&mut self, account: &Account) -> bool {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.of.entry(account.clone()).or_default();
        let fits = *own < self.places.bounds.each;
        if fits {
            *own += 1;
            self.account = Some(account.clone());
        }
        fits
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        let Some(account) = &self.account else { return };
        if let Some(own) = taken.of.get_mut(account) {
            *own -= 1;
            if *own == 0 {
                taken.of.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_all_and_for_each_and_given_back() {
        let places = Places::new(Bounds { all: 3, each: 2 });
        let own = Account::own();
        let mut held: Vec<Place> = (0..3).filter_map(|_| places.take()).collect();
        assert!(places.take().is_none(), "there are three in all");
        let fits: Vec<bool> = held.iter_mut().map(|place| place.is_for(&own)).collect();
        assert_eq!(fits, [true, true, false]);

        // One that did not fit leaves the account's others alone.
        drop(held.pop());
        let mut again = places.take().expect("one was given back");
        assert!(!again.is_for(&own));
        drop(held.pop());
        assert!(places.take().expect("another").is_for(&own));
    }
}
