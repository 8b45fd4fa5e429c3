//! The search for the largest packet that comes back in one piece: no system and no clock but that of
//! its waiting.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use befund_model::probe::path::MtuFacts;

use crate::probe::platform::echo::{Echoes, Heard, PATIENCE};

/// The least that is tried: every way carries it (RFC 791, 3.2; RFC 8200, 5).
const LEAST_V4: u32 = 576;
const LEAST_V6: u32 = 1_280;
/// Larger frames than the usual ones are told of their own network only.
const MOST: u32 = 1_500;
/// How long later echoes are waited for at least; the first are for [`PATIENCE`].
const LATER: Duration = Duration::from_millis(250);
/// How often a size is tried before it counts as too large: a lost packet is no large one.
const ATTEMPTS: u32 = 3;
/// The heads of IPv4, IPv6 and ICMP.
const IPV4: u32 = 20;
const IPV6: u32 = 40;
const ICMP: u32 = 8;

/// Fills in what is found. `left` gives how much of a time is left until the probe must end.
///
/// # Errors
/// If no echo can be sent, none comes back, or the time is over.
pub(super) fn largest(
    echo: &impl Echoes,
    facts: &mut MtuFacts,
    address: IpAddr,
    left: impl Fn(Duration) -> Result<Duration, String>,
) -> Result<(), String> {
    let (head, least) =
        if address.is_ipv4() { (IPV4 + ICMP, LEAST_V4) } else { (IPV6 + ICMP, LEAST_V6) };
    let mut sequence = 0;
    let mut patience = PATIENCE;
    let mut astray = None;
    let mut fits = |size: u32, facts: &mut MtuFacts| -> Result<Sized, String> {
        let data = usize::try_from(size.saturating_sub(head)).unwrap_or(0);
        for _ in 0..ATTEMPTS {
            let within = left(patience)?;
            sequence += 1;
            facts.sent += 1;
            let started = Instant::now();
            echo.send(sequence, data).map_err(|error| format!("echoes cannot be sent: {error}"))?;
            loop {
                match echo.receive(within.saturating_sub(started.elapsed())) {
                    Some(Heard::Back { sequence: back, .. }) if back == sequence => {
                        patience = (started.elapsed() * 4).clamp(LATER, PATIENCE);
                        return Ok(Sized::Fits);
                    }
                    Some(Heard::TooLarge { sequence: of })
                        if of.is_none_or(|of| of == sequence) =>
                    {
                        return Ok(Sized::Told);
                    }
                    // A late word on one before.
                    Some(Heard::Back { .. } | Heard::TooLarge { .. }) => {}
                    Some(Heard::Astray { why }) => {
                        astray = Some(why);
                        break;
                    }
                    None => break,
                }
            }
        }
        Ok(Sized::Lost)
    };
    if fits(least, facts)? != Sized::Fits && fits(head, facts)? != Sized::Fits {
        let why = astray.map(|why| format!(" ({why})")).unwrap_or_default();
        return Err(format!("{address} answers no echoes{why}"));
    }
    facts.method = Some("icmp".to_owned());
    let most = facts.interface_mtu.unwrap_or(MOST).clamp(least, MOST);
    let mut silent = false;
    let (mut low, mut high) = (least, most + 1);
    // The largest first: it mostly fits, and there is nothing to look for.
    let mut next = most;
    while low + 1 < high {
        match fits(next, facts)? {
            Sized::Fits => low = next,
            Sized::Told => high = next,
            Sized::Lost => {
                silent = true;
                high = next;
            }
        }
        next = low + (high - low) / 2;
    }
    // Not even the least may fit, on a way that should not be.
    if low == least && fits(least, facts)? != Sized::Fits {
        facts.mtu = Some(least - 1);
    } else {
        facts.mtu = Some(low);
    }
    facts.black_hole = Some(silent && low < most);
    Ok(())
}

/// What came of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sized {
    Fits,
    /// Somebody said that it is too large.
    Told,
    /// Nobody said anything.
    Lost,
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::io;

    use proptest::prelude::*;

    use super::*;

    /// How a way deals with what is too large for it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Manner {
        /// It is said, and of which.
        Told,
        /// It is said, and not of which.
        ToldOfSome,
        Silent,
    }

    /// A way that carries packets of so many bytes, and loses the first attempts of some.
    struct Way {
        carries: u32,
        head: u32,
        manner: Manner,
        /// The first so many of each size's attempts are lost.
        loses: u32,
        last: Cell<(usize, u32)>,
        words: RefCell<VecDeque<Heard>>,
    }

    impl Way {
        fn new(carries: u32, head: u32, manner: Manner, loses: u32) -> Self {
            let (last, words) = (Cell::new((usize::MAX, 0)), RefCell::default());
            Self { carries, head, manner, loses, last, words }
        }
    }

    impl Echoes for Way {
        fn send(&self, sequence: u16, data: usize) -> io::Result<()> {
            let (size, count) = self.last.get();
            let count = if size == data { count + 1 } else { 0 };
            self.last.set((data, count));
            let mut words = self.words.borrow_mut();
            // Late words on one before come first.
            let before = sequence.wrapping_sub(1);
            words.push_back(Heard::Back { sequence: before, took: None });
            words.push_back(Heard::TooLarge { sequence: Some(before) });
            let size = u32::try_from(data).expect("a small packet") + self.head;
            if size > self.carries {
                match self.manner {
                    Manner::Told => {
                        words.push_back(Heard::TooLarge { sequence: Some(sequence) });
                    }
                    Manner::ToldOfSome => words.push_back(Heard::TooLarge { sequence: None }),
                    Manner::Silent => {}
                }
            } else if count >= self.loses {
                words.push_back(Heard::Back { sequence, took: None });
            }
            Ok(())
        }

        fn receive(&self, _: Duration) -> Option<Heard> {
            self.words.borrow_mut().pop_front()
        }
    }

    fn found(way: &Way, address: &str, interface_mtu: Option<u32>) -> Result<MtuFacts, String> {
        let mut facts = MtuFacts { interface_mtu, ..MtuFacts::default() };
        let address = address.parse().expect("an address");
        largest(way, &mut facts, address, Ok)?;
        Ok(facts)
    }

    proptest! {
        #[test]
        fn whatever_a_way_carries_is_found(
            carries in 100_u32..2_000,
            interface in prop::option::of(1_281_u32..9_000),
            manner in prop::sample::select(vec![Manner::Told, Manner::ToldOfSome, Manner::Silent]),
            loses in 0..ATTEMPTS,
            six: bool,
        ) {
            let (address, head, least) = if six { ("2001:db8::1", 48, 1_280) } else { ("192.0.2.1", 28, 576) };
            let way = Way::new(carries, head, manner, loses);
            let facts = found(&way, address, interface).expect("echoes come back");
            let most = interface.unwrap_or(1_500).min(1_500);
            let expected = if carries < least { least - 1 } else { carries.min(most) };
            prop_assert_eq!(facts.mtu, Some(expected));
            let silent = manner == Manner::Silent && expected < most;
            prop_assert_eq!(facts.black_hole, Some(silent));
            prop_assert!(facts.sent <= 50, "{} packets", facts.sent);
        }
    }

    #[test]
    fn a_way_that_answers_nothing_is_no_small_one() {
        let way = Way::new(1_500, 28, Manner::Told, ATTEMPTS);
        let error = found(&way, "192.0.2.1", None).expect_err("nothing came back");
        assert!(error.contains("answers no echoes"), "{error}");
    }

    /// A way on which a router says why nothing gets through.
    struct Closed;

    impl Echoes for Closed {
        fn send(&self, _: u16, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn receive(&self, _: Duration) -> Option<Heard> {
            Some(Heard::Astray { why: "the network cannot be reached".to_owned() })
        }
    }

    #[test]
    fn why_nothing_came_back_is_told() {
        let mut facts = MtuFacts::default();
        let address = [192, 0, 2, 1].into();
        let error = largest(&Closed, &mut facts, address, Ok).expect_err("nothing came back");
        assert_eq!(error, "192.0.2.1 answers no echoes (the network cannot be reached)");
        let late = largest(&Closed, &mut facts, address, |_| Err("too late".to_owned()));
        assert_eq!(late, Err("too late".to_owned()));
    }
}
