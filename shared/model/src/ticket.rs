//! A ticket, the events of its timeline, and the one function through which it changes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{AgentId, JobId, RequestId, SnapshotId, TicketNumber};
use crate::job::{JobNews, JobState, Work};
use crate::snapshot::Status;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in commands, on the wire and in the store.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word; `None` for any other.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(
    /// Where a ticket stands.
    TicketStatus {
        /// Nobody has looked at it.
        New = "new",
        /// Being worked on.
        Open = "open",
        /// The next step is the user's.
        WaitingForUser = "waiting_for_user",
        /// Solved; the user may still say otherwise.
        Resolved = "resolved",
        /// Ended.
        Closed = "closed",
    }
);
words!(
    /// How urgent a ticket is.
    Priority {
        /// When there is time.
        Low = "low",
        /// The usual.
        Normal = "normal",
        /// Before the others.
        High = "high",
        /// Somebody cannot work.
        Urgent = "urgent",
    }
);
words!(
    /// Which level of support has the ticket.
    Level {
        /// First level.
        L1 = "L1",
        /// Second level.
        L2 = "L2",
        /// Specialists.
        L3 = "L3",
    }
);

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ticket {
    /// Its number.
    pub number: TicketNumber,
    /// Counts its changes; a change names the version that it was based on.
    pub version: i64,
    /// One line.
    pub subject: String,
    /// Who asked for help: an account's name.
    pub requester: String,
    /// The machine that it is about.
    pub machine: Option<AgentId>,
    /// Where it stands.
    pub status: TicketStatus,
    /// How urgent it is.
    pub priority: Priority,
    /// Which level has it.
    pub level: Level,
    /// Who has it: an account's name.
    pub assignee: Option<String>,
    /// How it was solved.
    pub solution: Option<String>,
    /// When it was opened.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub opened_at: Timestamp,
    /// When it last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub updated_at: Timestamp,
    /// The request at the machine that opened it.
    pub request: Option<RequestId>,
}

/// What somebody wants done to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketChange {
    /// Write something onto the timeline.
    Comment(String),
    /// Give it to this account, or to nobody.
    Assign(Option<String>),
    /// Raise or lower its priority.
    Priority(Priority),
    /// Hand it to a level.
    Level(Level),
    /// Wait for the user, or go on.
    Status(TicketStatus),
    /// Close it, with what solved it.
    Close {
        /// What solved it.
        solution: String,
    },
    /// Take it up again, with why.
    Reopen {
        /// Why.
        reason: String,
    },
}

impl TicketChange {
    /// The action's name in the audit record.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Comment(_) => "ticket.comment",
            Self::Assign(_) => "ticket.assign",
            Self::Priority(_) => "ticket.priority",
            Self::Level(_) => "ticket.level",
            Self::Status(_) => "ticket.status",
            Self::Close { .. } => "ticket.close",
            Self::Reopen { .. } => "ticket.reopen",
        }
    }
}

/// A change that makes no sense for the ticket as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChange {
    /// A closed ticket takes comments and a reopening, nothing else.
    #[error("ticket {0} is closed; reopen it first")]
    Closed(TicketNumber),
    /// Only a resolved or closed ticket can be reopened.
    #[error("ticket {0} is {1}, so there is nothing to reopen")]
    NotClosed(TicketNumber, TicketStatus),
    /// A text that must not be empty is.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// It already is so.
    #[error("ticket {0} already has {1}")]
    Unchanged(TicketNumber, String),
    /// Closing needs a solution, so it is not a mere change of status.
    #[error("a ticket is closed with its solution, not by its status")]
    CloseByStatus,
}

/// What happened on a ticket, as its timeline keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum TicketEvent {
    /// It was opened.
    Opened {
        /// What the person wrote.
        message: String,
    },
    /// Somebody wrote something.
    Commented {
        /// What.
        text: String,
    },
    /// A snapshot of the machine came.
    SnapshotAttached {
        /// Which.
        snapshot: SnapshotId,
        /// How many sections it has.
        sections: u32,
        /// How many of them could not be read in full.
        incomplete: u32,
    },
    /// The checks judged a snapshot.
    Judged {
        /// Which.
        snapshot: SnapshotId,
        /// How many checks failed.
        failed: u32,
        /// How many warned.
        warned: u32,
        /// How many could not tell.
        unknown: u32,
    },
    /// Somebody started a job.
    JobStarted {
        /// Which.
        job: JobId,
        /// What it runs.
        work: Work,
    },
    /// The job told something while it ran.
    Output {
        /// Which job.
        job: JobId,
        /// What.
        news: JobNews,
    },
    /// The job ended.
    Result {
        /// Which job.
        job: JobId,
        /// What it ran.
        work: Work,
        /// The state that it ended in.
        state: JobState,
        /// How the measurement came out.
        status: Status,
        /// One line for people.
        summary: String,
    },
    /// The level was raised.
    Escalated {
        /// From.
        from: Level,
        /// To.
        to: Level,
    },
    /// A field changed.
    Changed {
        /// Which.
        field: String,
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// It was closed.
    Solved {
        /// What solved it.
        solution: String,
    },
    /// It was taken up again.
    Reopened {
        /// Why.
        reason: String,
    },
}

/// An event with its place on the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TimelineEntry {
    /// Its place, ascending over all tickets.
    pub seq: i64,
    /// The ticket.
    pub ticket: TicketNumber,
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub at: Timestamp,
    /// Who, by name.
    pub by: String,
    /// What.
    pub event: TicketEvent,
}

impl Ticket {
    /// Applies a change: the ticket as it is afterwards (its version not yet raised), and the event
    /// that tells of it. Pure; the store commits both together with the audit entry.
    ///
    /// # Errors
    /// When the change makes no sense for the ticket as it stands; nothing is changed then.
    pub fn apply(&self, change: &TicketChange) -> Result<(Self, TicketEvent), InvalidChange> {
        let mut next = self.clone();
        if self.status == TicketStatus::Closed
            && !matches!(change, TicketChange::Comment(_) | TicketChange::Reopen { .. })
        {
            return Err(InvalidChange::Closed(self.number));
        }
        let changed = |field: &str, from: String, to: String| {
            if from == to {
                Err(InvalidChange::Unchanged(self.number, format!("{field} {to}")))
            } else {
                Ok(TicketEvent::Changed { field: field.to_owned(), from, to })
            }
        };
        let event = match change {
            TicketChange::Comment(text) => {
                TicketEvent::Commented { text: filled("a comment", text)? }
            }
            TicketChange::Assign(to) => {
                next.assignee.clone_from(to);
                if next.status == TicketStatus::New && to.is_some() {
                    next.status = TicketStatus::Open;
                }
                changed("assignee", name(self.assignee.as_ref()), name(to.as_ref()))?
            }
            TicketChange::Priority(to) => {
                next.priority = *to;
                changed("priority", self.priority.to_string(), to.to_string())?
            }
            TicketChange::Level(to) => {
                next.level = *to;
                let event = changed("level", self.level.to_string(), to.to_string())?;
                if *to > self.level {
                    TicketEvent::Escalated { from: self.level, to: *to }
                } else {
                    event
                }
            }
            TicketChange::Status(TicketStatus::Closed) => return Err(InvalidChange::CloseByStatus),
            TicketChange::Status(to) => {
                next.status = *to;
                changed("status", self.status.to_string(), to.to_string())?
            }
            TicketChange::Close { solution } => {
                let solution = filled("the solution", solution)?;
                next.status = TicketStatus::Closed;
                next.solution = Some(solution.clone());
                TicketEvent::Solved { solution }
            }
            TicketChange::Reopen { reason } => {
                if !matches!(self.status, TicketStatus::Resolved | TicketStatus::Closed) {
                    return Err(InvalidChange::NotClosed(self.number, self.status));
                }
                next.status = TicketStatus::Open;
                TicketEvent::Reopened { reason: filled("the reason", reason)? }
            }
        };
        Ok((next, event))
    }
}

fn filled(what: &'static str, text: &str) -> Result<String, InvalidChange> {
    let text = text.trim();
    if text.is_empty() { Err(InvalidChange::Empty(what)) } else { Ok(text.to_owned()) }
}

fn name(account: Option<&String>) -> String {
    account.map_or_else(|| "nobody".to_owned(), Clone::clone)
}

/// The most characters of a subject.
pub const MAX_SUBJECT_CHARS: usize = 120;

/// The subject of a ticket that a message opens: its first line, cut at a word if it is long.
#[must_use]
pub fn subject_of(message: &str) -> String {
    let line =
        message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Help wanted");
    if line.chars().count() <= MAX_SUBJECT_CHARS {
        return line.to_owned();
    }
    let cut: String = line.chars().take(MAX_SUBJECT_CHARS - 1).collect();
    let end = cut.rfind(' ').filter(|end| *end > MAX_SUBJECT_CHARS / 2).unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(status: TicketStatus) -> Ticket {
        Ticket {
            number: TicketNumber(7),
            version: 3,
            subject: "no sound".into(),
            requester: "ada".into(),
            machine: None,
            status,
            priority: Priority::Normal,
            level: Level::L1,
            assignee: None,
            solution: None,
            opened_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            request: None,
        }
    }

    #[test]
    fn assigning_a_new_ticket_opens_it() {
        let (next, event) = ticket(TicketStatus::New)
            .apply(&TicketChange::Assign(Some("bo".into())))
            .expect("a new ticket can be assigned");
        assert_eq!(next.status, TicketStatus::Open);
        assert_eq!(next.assignee.as_deref(), Some("bo"));
        assert!(matches!(event, TicketEvent::Changed { field, .. } if field == "assignee"));
    }

    #[test]
    fn a_closed_ticket_takes_only_comments_and_a_reopening() {
        let closed = ticket(TicketStatus::Closed);
        assert_eq!(
            closed.apply(&TicketChange::Priority(Priority::High)).unwrap_err(),
            InvalidChange::Closed(TicketNumber(7))
        );
        assert!(closed.apply(&TicketChange::Comment("still broken".into())).is_ok());
        let (open, _) = closed
            .apply(&TicketChange::Reopen { reason: "it came back".into() })
            .expect("a closed ticket can be reopened");
        assert_eq!(open.status, TicketStatus::Open);
    }

    #[test]
    fn closing_needs_a_solution() {
        let open = ticket(TicketStatus::Open);
        assert_eq!(
            open.apply(&TicketChange::Close { solution: "  ".into() }).unwrap_err(),
            InvalidChange::Empty("the solution")
        );
        assert_eq!(
            open.apply(&TicketChange::Status(TicketStatus::Closed)).unwrap_err(),
            InvalidChange::CloseByStatus
        );
    }

    #[test]
    fn only_a_higher_level_is_an_escalation() {
        let mut second = ticket(TicketStatus::Open);
        second.level = Level::L2;
        let (_, up) = second.apply(&TicketChange::Level(Level::L3)).expect("up");
        let (_, down) = second.apply(&TicketChange::Level(Level::L1)).expect("down");
        assert!(matches!(up, TicketEvent::Escalated { .. }));
        assert!(matches!(down, TicketEvent::Changed { .. }));
        assert!(second.apply(&TicketChange::Level(Level::L2)).is_err());
    }

    #[test]
    fn a_long_message_gives_a_short_subject() {
        let subject = subject_of(&"word ".repeat(100));
        assert!(subject.chars().count() <= MAX_SUBJECT_CHARS);
        assert!(subject.ends_with('…'));
        assert_eq!(subject_of("\n\n"), "Help wanted");
    }
}
