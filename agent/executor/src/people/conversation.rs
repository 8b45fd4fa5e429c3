//! What may follow what on one connection at the people's door. Free of I/O; who may speak at all, and what an answer
//! counts for, is [`super::desk`]'s.

use befund_model::language::Language;

use super::protocol::FromPerson;

/// The most frames of one connection: far more than a person answers.
pub(crate) const MAX_FRAMES: u32 = 4_000;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was said yet.
    Fresh,
    /// It waits for questions.
    Attending,
    /// It started a run.
    Fixing,
    /// Nothing that it says counts any more.
    Over,
}

/// A connection's way.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    state: State,
    frames: u32,
}

/// What is to be done about a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Turn {
    /// It attends from now on.
    Attend(Language),
    /// It wants a run.
    Fix(Wish, Language),
    /// It wants to know what there is. Nothing follows.
    List(Language),
    /// It answers a question.
    Answer {
        /// The question's number.
        number: u64,
        /// The choice.
        choice: String,
    },
    /// It agrees, or does not.
    Consent {
        /// The question's number.
        number: u64,
        /// Whether.
        given: bool,
        /// Whether for the ticket.
        for_ticket: bool,
    },
    /// Its run is to be stopped; what came of it is still told.
    Stop,
    /// It leaves.
    Leave,
    /// It does not belong here: it is told so, and nothing follows.
    Misplaced,
}

/// A run that a person wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The runbook's name.
    pub runbook: String,
    /// Its inputs.
    pub inputs: std::collections::BTreeMap<String, serde_json::Value>,
    /// How it is meant.
    pub mode: befund_model::runbook::Mode,
    /// The ticket that it is for.
    pub ticket: Option<befund_model::id::TicketNumber>,
}

impl Conversation {
    /// One that just began.
    pub(crate) const fn new() -> Self {
        Self { state: State::Fresh, frames: 0 }
    }

    /// Whether nothing that it says counts any more.
    #[cfg(test)]
    fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Takes a frame.
    pub(crate) fn hear(&mut self, frame: FromPerson) -> Turn {
        self.frames = self.frames.saturating_add(1);
        let turn = if self.frames > MAX_FRAMES { Turn::Misplaced } else { self.turn(frame) };
        self.state = match (&turn, self.state) {
            (Turn::Attend(_), _) => State::Attending,
            (Turn::Fix(..), _) => State::Fixing,
            (Turn::List(_) | Turn::Leave | Turn::Misplaced, _) => State::Over,
            (Turn::Answer { .. } | Turn::Consent { .. } | Turn::Stop, state) => state,
        };
        turn
    }

    fn turn(&self, frame: FromPerson) -> Turn {
        match (self.state, frame) {
            (State::Fresh, FromPerson::Attend { language }) => Turn::Attend(spoken(&language)),
            (State::Fresh, FromPerson::List { language }) => Turn::List(spoken(&language)),
            (State::Fresh, FromPerson::Fix { runbook, inputs, mode, ticket, language }) => {
                Turn::Fix(Wish { runbook, inputs, mode, ticket }, spoken(&language))
            }
            (State::Attending | State::Fixing, FromPerson::Answer { number, choice }) => {
                Turn::Answer { number, choice }
            }
            (
                State::Attending | State::Fixing,
                FromPerson::Consent { number, given, for_ticket },
            ) => Turn::Consent { number, given, for_ticket },
            (State::Fixing, FromPerson::Cancel) => Turn::Stop,
            (State::Fresh | State::Attending, FromPerson::Cancel) => Turn::Leave,
            (
                State::Fresh | State::Over,
                FromPerson::Answer { .. } | FromPerson::Consent { .. },
            )
            | (
                State::Attending | State::Fixing | State::Over,
                FromPerson::Attend { .. } | FromPerson::Fix { .. } | FromPerson::List { .. },
            )
            | (State::Over, FromPerson::Cancel) => Turn::Misplaced,
        }
    }
}

/// The language of a tag; English for one that we do not have.
fn spoken(tag: &str) -> Language {
    Language::of_tag(tag).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = FromPerson> {
        let language = || prop_oneof![Just("de".to_owned()), Just(String::new()), ".{0,8}"];
        prop_oneof![
            language().prop_map(|language| FromPerson::Attend { language }),
            language().prop_map(|language| FromPerson::List { language }),
            language().prop_map(|language| FromPerson::Fix {
                runbook: "net.x".to_owned(),
                inputs: Default::default(),
                mode: Default::default(),
                ticket: None,
                language,
            }),
            any::<u64>().prop_map(|number| FromPerson::Answer { number, choice: "yes".to_owned() }),
            (any::<u64>(), any::<bool>()).prop_map(|(number, given)| FromPerson::Consent {
                number,
                given,
                for_ticket: given,
            }),
            Just(FromPerson::Cancel),
        ]
    }

    proptest! {
        /// Whatever is said in whatever order: it begins once, answers count only in between, and after the end
        /// nothing does.
        #[test]
        fn a_connection_begins_once_and_ends_for_good(said in prop::collection::vec(frames(), 0..40)) {
            let mut conversation = Conversation::new();
            let (mut begun, mut over) = (false, false);
            for frame in said {
                let turn = conversation.hear(frame);
                prop_assert!(!over || turn == Turn::Misplaced, "{turn:?} after the end");
                match turn {
                    Turn::Attend(_) | Turn::Fix(..) => {
                        prop_assert!(!begun, "a second beginning");
                        begun = true;
                    }
                    Turn::List(_) => {
                        prop_assert!(!begun);
                        over = true;
                    }
                    Turn::Answer { .. } | Turn::Consent { .. } | Turn::Stop => prop_assert!(begun),
                    Turn::Leave | Turn::Misplaced => over = true,
                }
                prop_assert_eq!(conversation.is_over(), over);
            }
        }

        /// What is not a frame of ours is an error, never a panic.
        #[test]
        fn no_bytes_are_more_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<FromPerson>(&bytes);
        }
    }

    #[test]
    fn nobody_talks_for_ever() {
        let mut conversation = Conversation::new();
        conversation.hear(FromPerson::Attend { language: "de".to_owned() });
        let answer = || FromPerson::Answer { number: 1, choice: "yes".to_owned() };
        for _ in 1..MAX_FRAMES {
            assert!(matches!(conversation.hear(answer()), Turn::Answer { .. }));
        }
        assert_eq!(conversation.hear(answer()), Turn::Misplaced);
        assert!(conversation.is_over());
    }
}
