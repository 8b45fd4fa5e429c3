//! What a machine remembers.

use befund_trust::floor::{Clock, Floors, MAX_SEEN, Number, RESYNC, Refusal, Seen};

use crate::organisation::{NOW, at, floors, now, now_at, verified};

#[test]
fn a_clock_that_was_set_back_stops_all_but_setting_it_right() {
    let mut floors = floors();
    floors.saw(now(), &verified());
    for (clock, good) in [
        ("2026-05-01T12:00:01Z", true),
        ("2026-05-01T11:58:00Z", true),
        ("2026-05-01T11:57:59Z", false),
        ("1970-01-01T00:00:00Z", false),
    ] {
        let read = floors.now(at(clock));
        assert!(read.permits(RESYNC), "{clock}");
        assert_eq!(read.permits("net.dhcp_renew"), good, "{clock}");
        match read {
            Clock::Good(now) => assert!(good && now.timestamp() >= floors.floor(), "{clock}"),
            Clock::SetBack { floor, .. } => {
                assert!(!good, "{clock}");
                assert_eq!(floor, at(NOW));
                assert!(read.now().expect_err("set back").to_string().contains(RESYNC));
            }
        }
    }
}

#[test]
fn a_program_is_not_older_than_the_time() {
    let mut floors = Floors::new(at("2026-04-01T00:00:00Z"));
    assert!(matches!(floors.now(at("2026-03-01T00:00:00Z")), Clock::SetBack { .. }));
    floors.built(at("2026-06-01T00:00:00Z"));
    assert!(matches!(floors.now(at(NOW)), Clock::SetBack { .. }));
    floors.built(at("2026-01-01T00:00:00Z"));
    assert_eq!(floors.build_time, at("2026-06-01T00:00:00Z"), "an older program forgets nothing");
}

#[test]
fn a_clock_that_once_was_years_ahead_does_not_bar_the_machine() {
    let mut floors = floors();
    floors.took_catalogue(&verified(), now());
    floors.saw(now_at("2099-01-01T00:00:00Z"), &verified());
    assert_eq!(floors.time, at(NOW));
    floors.saw(now_at("2026-05-31T07:59:59Z"), &verified());
    assert_eq!(floors.time, at("2026-05-31T07:59:59Z"), "the catalogue held then");
}

#[test]
fn floors_are_kept_and_never_go_down() {
    let mut floors = floors();
    floors.took_catalogue(&verified(), now());
    floors.saw(now_at("2026-04-02T00:00:00Z"), &verified());
    assert_eq!(floors.time, at(NOW));
    let written = serde_json::to_string(&floors).expect("JSON");
    assert_eq!(serde_json::from_str::<Floors>(&written).expect("what was written"), floors);
}

#[test]
fn a_number_is_used_once_and_forgotten_only_once_it_has_expired() {
    let mut seen = Seen::default();
    let expires = at("2026-05-01T13:00:00Z");
    assert_eq!(seen.take(Number([1; 16]), expires, now()), Ok(()));
    assert_eq!(seen.take(Number([1; 16]), expires, now()), Err(Refusal::Again(Number([1; 16]))));
    let written = serde_json::to_string(&seen).expect("JSON");
    assert_eq!(serde_json::from_str::<Seen>(&written).expect("what was written"), seen);
    let later = now_at("2026-05-01T13:00:00Z");
    assert!(matches!(seen.take(Number([2; 16]), expires, later), Err(Refusal::Expired { .. })));
    assert_eq!(seen.take(Number([3; 16]), at("2026-05-02T00:00:00Z"), later), Ok(()));
    assert!(!seen.contains(Number([1; 16])), "it cannot be used any more");
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_full_memory_takes_nothing_and_forgets_nothing() {
    let mut seen = Seen::default();
    let number = |count: usize| Number((count as u128).to_be_bytes());
    for count in 0..MAX_SEEN {
        let soon = if count == 0 { "2026-05-01T13:00:00Z" } else { "2026-05-02T00:00:00Z" };
        assert_eq!(seen.take(number(count), at(soon), now()), Ok(()));
    }
    let next = number(MAX_SEEN);
    let expires = at("2026-05-02T00:00:00Z");
    assert_eq!(seen.take(next, expires, now()), Err(Refusal::Full(next)));
    assert!(seen.contains(number(0)));
    let later = now_at("2026-05-01T13:00:00Z");
    assert_eq!(seen.take(next, expires, later), Ok(()), "one has expired");
    assert!(!seen.contains(number(0)));
}
