//! What counts as having happened lately, by the wall clock, which may have been set back since: what was
//! written before then bears a time to come.
//!
//! Such entries are no news for as long as the clock was wrong by, and would stand before everything that is.
//! Those of the coming day are told all the same, since a clock that was set by a zone or by minutes makes
//! them of what did happen lately; those further ahead are left out, and their number is told.

use befund_model::Timestamp;
use jiff::SignedDuration;

use crate::collector::{Context, Gap};

/// How far ahead is told.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// A span up to now, and a little beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lately {
    since: Timestamp,
    until: Timestamp,
}

impl Lately {
    /// What happened this long before now, at the most.
    pub(crate) fn new(now: Timestamp, back: SignedDuration) -> Self {
        Self {
            since: now.checked_sub(back).unwrap_or(Timestamp::MIN),
            until: now.checked_add(AHEAD).unwrap_or(Timestamp::MAX),
        }
    }

    /// The beginning.
    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    /// Keeps what happened lately, and what tells no time; notes how much is from further ahead.
    pub(crate) fn keep<T>(
        &self,
        cx: &Context,
        values: &mut Vec<T>,
        at: impl Fn(&T) -> Option<Timestamp>,
    ) {
        let mut ahead = 0;
        values.retain(|value| {
            let at = at(value);
            ahead += u32::from(at.is_some_and(|at| self.is_ahead(at)));
            at.is_none_or(|at| at >= self.since && !self.is_ahead(at))
        });
        Self::note_ahead(cx, ahead);
    }

    /// Whether it is from further ahead than is told.
    pub(crate) fn is_ahead(&self, at: Timestamp) -> bool {
        at > self.until
    }

    /// Notes how much was left out because it is from further ahead.
    pub(crate) fn note_ahead(cx: &Context, count: u32) {
        let entries = match count {
            0 => return,
            1 => "entry of a time",
            _ => "entries of times",
        };
        cx.gap(Gap::failed(format!(
            "{count} {entries} to come left out: the clock was set back since, or is wrong"
        )));
    }
}

#[cfg(test)]
mod tests {
    use befund_model::snapshot::Status;

    use super::*;
    use crate::Root;
    use crate::collector::run;

    const DAY: i64 = 86_400;

    fn kept(now: i64, times: &[i64]) -> (Vec<i64>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let cx = Context::new(&Root::at(folder.path()).expect("a tree"));
        let at = |second: i64| Timestamp::from_second(second).expect("in bounds");
        let outcome = run(&cx, |cx| {
            let mut kept = times.to_vec();
            let lately = Lately::new(at(now), SignedDuration::from_hours(24));
            lately.keep(cx, &mut kept, |second| Some(at(*second)));
            Ok(kept)
        });
        assert_eq!(outcome.status == Status::Ok, outcome.reason.is_empty());
        (serde_json::from_slice(&outcome.bytes).expect("JSON"), outcome.reason)
    }

    #[test]
    fn a_clock_that_was_set_back_by_minutes_loses_nothing() {
        let now = 20_000 * DAY;
        let times = [now - DAY - 1, now - DAY, now - 5, now + 600];
        assert_eq!(kept(now, &times), (times[1..].to_vec(), String::new()));
    }

    #[test]
    fn what_a_clock_far_ahead_has_left_is_counted_and_not_told() {
        let now = 20_000 * DAY;
        let (told, reason) = kept(now, &[now - 5, now + 365 * DAY, now + 366 * DAY]);
        assert_eq!(told, [now - 5]);
        assert_eq!(
            reason,
            "2 entries of times to come left out: the clock was set back since, or is wrong"
        );
    }

    #[test]
    fn a_clock_of_1970_tells_of_this_start() {
        let (told, reason) = kept(90, &[20_000 * DAY, 30]);
        assert_eq!(told, [30]);
        assert!(reason.starts_with("1 entry of a time to come"), "{reason}");
    }

    #[test]
    fn no_time_is_out_of_bounds() {
        let lately = Lately::new(Timestamp::MAX, SignedDuration::MAX);
        assert_eq!((lately.since(), lately.until), (Timestamp::MIN, Timestamp::MAX));
        Lately::new(Timestamp::MIN, SignedDuration::MAX);
    }
}
