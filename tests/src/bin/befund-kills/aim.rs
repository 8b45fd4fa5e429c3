//! Whom a kill is for, and when: drawn beforehand, so that the same seed aims in the same way. Where a job really stands
//! when it comes, the machine's own pace decides.

use std::fmt;
use std::time::Duration;

use crate::chance::Chance;

/// The longest wait without an event: jobs begin at any time, so that a kill comes at any time of theirs.
const LONGEST: Duration = Duration::from_millis(800);

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whom {
    /// The process with the connection.
    Link,
    /// The process with the journal.
    Executor,
    /// First the one, then the other.
    Both,
    /// The other way round.
    BothReversed,
}

/// What is waited for before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// Nothing: somewhere within the time that a job takes.
    Chance,
    /// A job was taken on.
    Received,
    /// A signature is waited for.
    Asked,
    /// A step that changes something begins.
    Intent,
    /// The step that must not be done twice has left its mark.
    Mark,
    /// A step has ended.
    Exit,
    /// A job has ended, and the controller does not know yet.
    Ended,
}

/// One kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    pub(crate) whom: Whom,
    pub(crate) event: Event,
    /// How long after the event; without one, how long after everything runs again.
    pub(crate) after: Duration,
    /// How long the other one lives on where both are killed.
    pub(crate) between: Duration,
}

impl Aim {
    /// Draws one; `lasting` is how long a job takes that nobody disturbs.
    pub(crate) fn draw(chance: &mut Chance, lasting: Duration) -> Self {
        let whom = chance.of_these(&[
            (30, Whom::Link),
            (40, Whom::Executor),
            (15, Whom::Both),
            (15, Whom::BothReversed),
        ]);
        let event = chance.of_these(&[
            (30, Event::Chance),
            (6, Event::Received),
            (6, Event::Asked),
            (16, Event::Intent),
            (12, Event::Mark),
            (10, Event::Exit),
            (10, Event::Ended),
        ]);
        // As long as what follows the event takes, or nearly.
        let most = match event {
            Event::Chance => lasting.min(LONGEST),
            Event::Received | Event::Asked => Duration::from_millis(40),
            Event::Intent => Duration::from_millis(120),
            Event::Mark => Duration::from_millis(50),
            Event::Exit => Duration::from_millis(10),
            Event::Ended => Duration::from_millis(30),
        };
        let after = chance.moment(most);
        let between = chance.moment(Duration::from_millis(5));
        Self { whom, event, after, between }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => "link",
            Self::Executor => "executor",
            Self::Both => "both, link first",
            Self::BothReversed => "both, executor first",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chance => "any time",
            Self::Received => "after RECEIVED",
            Self::Asked => "after a signature was asked for",
            Self::Intent => "after INTENT",
            Self::Mark => "after the mark",
            Self::Exit => "after EXIT",
            Self::Ended => "after ENDED",
        })
    }
}
