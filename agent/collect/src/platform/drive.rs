//! What drives count, and what they say of their health, however they were asked: the reading of NVMe's log and
//! of SMART's data, which are the same on every system. macOS tells of both in its own words.

pub(crate) mod nvme;
pub(crate) mod smart;

/// How far a counter of 32 bits that goes round has gone up, whatever it is kept in; `None` if it went back.
/// Either may be meant by a lower count: it is the way that is less than half way round.
pub(crate) fn risen_round(first: u64, last: u64) -> Option<u64> {
    last.checked_sub(first).or_else(|| {
        let (first, last) = (u32::try_from(first).ok()?, u32::try_from(last).ok()?);
        Some(last.wrapping_sub(first)).filter(|risen| *risen < 1 << 31).map(u64::from)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_counter_goes_round_but_not_back() {
        assert_eq!(risen_round(10, 14), Some(4));
        assert_eq!(risen_round(u64::from(u32::MAX) - 1, 3), Some(5), "it went round");
        assert_eq!(risen_round(1_000, 3), None, "another disk counts from zero");
        assert_eq!(risen_round(1 << 40, 3), None, "it has more than 32 bits");
        assert_eq!(risen_round(1 << 40, (1 << 40) + 3), Some(3));
    }

    proptest! {
        #[test]
        fn a_count_of_32_bits_rises_by_what_was_added(first: u32, added in 0_u32..1 << 31) {
            let last = first.wrapping_add(added);
            prop_assert_eq!(risen_round(first.into(), last.into()), Some(added.into()));
        }
    }
}
