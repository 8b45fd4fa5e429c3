//! Counters that go back, go round or stand still, and times that are none or very long.

use proptest::prelude::*;

use super::*;

const LONG: Duration = Duration::from_secs(40 * 86_400);

#[test]
fn without_time_there_is_no_share_and_no_rate() {
    assert_eq!(percent(5, 0), None);
    assert_eq!(of_one_processor(Duration::from_millis(10), Duration::ZERO), None);
    assert_eq!(DiskWork::default().told("sda", Duration::ZERO), None);
}

#[test]
fn over_a_long_time_shares_are_those_of_all_of_it() {
    let work = DiskWork { busy: LONG / 4, ..DiskWork::default() };
    assert_eq!(work.told("sda", LONG).map(|load| load.busy_percent), Some(25.0));
    assert_eq!(of_one_processor(LONG * 2, LONG), Some(200.0));
}

#[test]
fn a_process_is_known_by_number_and_start() {
    let mut spent = Spent::default();
    spent.saw(8, None);
    spent.saw(7, Some((500, 100)));
    assert_eq!(spent.since(7, 500, 120), Some(20));
    assert_eq!(spent.since(7, 900, 3), Some(3), "another one of the same number");
    assert_eq!(spent.since(9, 900, 2), Some(2), "one that began meanwhile");
    assert_eq!(spent.since(8, 1, 90_000), None, "one that could not be read the first time");
    assert_eq!(spent.since(7, 500, 90), None, "nothing is given back");
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0_u64..2_000).prop_map(Duration::from_millis),
        any::<u64>().prop_map(Duration::from_nanos),
    ]
}

proptest! {
    #[test]
    fn whatever_was_counted_what_is_told_is_a_number_in_its_bounds(
        counts: [u64; 4], reading in time(), writing in time(), busy in time(), within in time(),
    ) {
        let [reads, writes, read_bytes, written_bytes] = counts;
        let work = DiskWork { reads, writes, read_bytes, written_bytes, reading, writing, busy };
        if let Some(told) = work.told("sda", within) {
            prop_assert!((0.0..=100.0).contains(&told.busy_percent), "{}", told.busy_percent);
            for time in [told.read_ms, told.write_ms].into_iter().flatten() {
                prop_assert!(time.is_finite() && time >= 0.0, "{time}");
            }
        }
        if let Some(share) = of_one_processor(busy, within) {
            prop_assert!(share.is_finite() && share >= 0.0, "{share}");
        }
    }

    #[test]
    fn what_was_spent_since_is_never_more_than_all(
        first: (u64, u64), last: (u64, u64), read: bool,
    ) {
        let mut spent = Spent::default();
        spent.saw(7, read.then_some(first));
        if let Some(since) = spent.since(7, last.0, last.1) {
            prop_assert!(read && since <= last.1);
        }
    }
}
