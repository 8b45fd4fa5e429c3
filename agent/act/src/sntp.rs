//! SNTP (RFC 4330), and what several servers' answers come to. No I/O.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The length of a packet without extensions.
pub(crate) const PACKET: usize = 48;
pub(crate) const PORT: u16 = 123;
/// From 1900, NTP's beginning, to 1970, in seconds (RFC 5905, figure 4).
const EPOCH: i64 = 2_208_988_800;
/// What is left to the slow correction of a clock that runs: ntpd's step threshold.
pub(crate) const FINE_US: i64 = 128_000;
/// How far servers may be apart and still agree.
const AGREE_US: u64 = 2_000_000;
/// The largest jump that one server alone is believed: as far as a clock may run off within months.
const ALONE_US: u64 = 600_000_000;

/// A client's question. The nonce stands in place of the time: it comes back, and tells nobody this
/// machine's clock (draft-ietf-ntp-data-minimization).
pub(crate) fn question(nonce: [u8; 8]) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    // Version 4, mode 3: a client.
    packet[0] = 0x23;
    packet[40..].copy_from_slice(&nonce);
    packet
}

/// Reads an answer to the question with this nonce: how far the clock is behind, in microseconds, when it
/// said `sent_at` as the question left and the answer came `round` later. `None` for anything else, `Err` for a
/// server that has no time.
pub(crate) fn offset(
    bytes: &[u8],
    nonce: [u8; 8],
    sent_at: Timestamp,
    round: Duration,
) -> Option<Result<i64, &'static str>> {
    let packet = bytes.get(..PACKET)?;
    if packet[0] & 0x07 != 4 || packet[24..32] != nonce {
        return None;
    }
    if packet[1] == 0 {
        return Some(Err("it says that it will not answer"));
    }
    if packet[0] >> 6 == 3 || packet[1] >= 16 {
        return Some(Err("it says that its own clock is not set"));
    }
    let (received, transmitted) = (unix_us(&packet[32..40])?, unix_us(&packet[40..48])?);
    // RFC 4330, 5; the time on the way is taken from the clock that only counts on.
    let t1 = sent_at.as_microsecond();
    let t4 = t1.saturating_add(i64::try_from(round.as_micros()).unwrap_or(i64::MAX));
    let there = received.saturating_sub(t1);
    let back = transmitted.saturating_sub(t4);
    Some(Ok(there.saturating_add(back) / 2))
}

/// An NTP timestamp as Unix microseconds. Seconds with the highest bit clear are those after 2036
/// (RFC 4330, 3).
fn unix_us(bytes: &[u8]) -> Option<i64> {
    let (seconds, fraction) = bytes.split_at_checked(4)?;
    let seconds = u32::from_be_bytes(seconds.try_into().ok()?);
    let fraction = u32::from_be_bytes(fraction.try_into().ok()?);
    let era: i64 = if seconds & 0x8000_0000 == 0 { 1 << 32 } else { 0 };
    let micros = i64::try_from((u64::from(fraction) * 1_000_000) >> 32).ok()?;
    Some((i64::from(seconds) + era - EPOCH) * 1_000_000 + micros)
}

/// What the servers say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The clock is right, but for this many microseconds.
    Right(i64),
    /// It is to be set forward by this many microseconds.
    Set(i64),
    /// They are not believed.
    Refused(String),
}

/// Judges the servers' answers: more than half of them must agree, a large jump needs two that do, and no
/// clock goes back before `not_before` (seconds since 1970).
pub(crate) fn judge(offsets: &[i64], now: Timestamp, not_before: i64) -> Judgement {
    let mut sorted = offsets.to_vec();
    sorted.sort_unstable();
    let Some(&middle) = sorted.get(sorted.len() / 2) else {
        return Judgement::Refused("no time server answered".to_owned());
    };
    let agreeing = sorted.iter().filter(|offset| offset.abs_diff(middle) <= AGREE_US).count();
    if agreeing * 2 <= sorted.len() {
        let (least, most) = (seconds(sorted[0]), seconds(sorted[sorted.len() - 1]));
        return Judgement::Refused(format!(
            "the time servers disagree: they say from {least} to {most}"
        ));
    }
    let jump = seconds(middle);
    if middle.unsigned_abs() > ALONE_US && agreeing < 2 {
        return Judgement::Refused(format!(
            "one time server alone is not believed that the clock is off by {jump}; the policy lists more under targets.ntp"
        ));
    }
    let Ok(then) = now.checked_add(SignedDuration::from_micros(middle)) else {
        return Judgement::Refused(format!("no clock can be off by {jump}"));
    };
    if then.as_second() < not_before {
        return Judgement::Refused(format!(
            "the time servers say {then}, which is before a time that is known to have been"
        ));
    }
    if middle.unsigned_abs() < FINE_US.unsigned_abs() {
        Judgement::Right(middle)
    } else {
        Judgement::Set(middle)
    }
}

/// Microseconds as seconds, with a sign.
pub(crate) fn seconds(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "+" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn judged(offsets: &[i64]) -> Judgement {
        judge(offsets, Timestamp::from_second(NOW).expect("a time"), NOW - 100_000)
    }

    #[test]
    fn servers_are_believed_as_far_as_they_agree() {
        let second = 1_000_000;
        assert_eq!(judged(&[20_000, 30_000, -10_000]), Judgement::Right(20_000));
        assert_eq!(judged(&[90 * second]), Judgement::Set(90 * second));
        assert_eq!(judged(&[0, 5_000 * second, 5_001 * second]), Judgement::Set(5_000 * second));
        for refused in [
            &[][..],
            // One alone with a large jump.
            &[5_000 * second],
            // Two that disagree.
            &[0, 5_000 * second],
            &[0, 50 * second, 100 * second, 150 * second],
            // Back before what is known to have been.
            &[-200_000 * second, -200_000 * second],
            &[i64::MAX, i64::MAX],
        ] {
            assert!(matches!(judged(refused), Judgement::Refused(_)), "{refused:?}");
        }
    }

    #[test]
    fn an_answer_is_read_and_others_are_not() {
        let nonce = [7; 8];
        let mut packet = question(nonce);
        packet[0] = 0x24;
        packet[1] = 2;
        packet[24..32].copy_from_slice(&nonce);
        packet[32..40].copy_from_slice(&[0x83, 0xaa, 0x7e, 0x8a, 0, 0, 0, 0]);
        packet[40..48].copy_from_slice(&[0x83, 0xaa, 0x7e, 0x8a, 0, 0, 0, 0]);
        let read = |packet: &[u8], nonce| {
            offset(packet, nonce, Timestamp::UNIX_EPOCH, Duration::from_secs(2))
        };
        assert_eq!(read(&packet, nonce), Some(Ok(9_000_000)));
        assert_eq!(read(&packet, [8; 8]), None);
        assert_eq!(read(&packet[..47], nonce), None);
        packet[1] = 0;
        assert!(matches!(read(&packet, nonce), Some(Err(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader_and_no_answers_the_judge(
            bytes in prop::collection::vec(any::<u8>(), 0..80), nonce: [u8; 8],
            offsets in prop::collection::vec(any::<i64>(), 0..6), floor: i64
        ) {
            offset(&bytes, nonce, Timestamp::MAX, Duration::MAX);
            let now = Timestamp::from_second(NOW).expect("a time");
            if let Judgement::Set(us) = judge(&offsets, now, floor) {
                let then = now.checked_add(SignedDuration::from_micros(us)).expect("a time");
                prop_assert!(then.as_second() >= floor);
                let agreeing = offsets.iter().filter(|o| o.abs_diff(us) <= AGREE_US).count();
                prop_assert!(agreeing * 2 > offsets.len());
            }
        }
    }
}
