//! What a job tells while it runs.

use serde::{Deserialize, Serialize};

use super::JobState;
use crate::Timestamp;
use crate::action::{Acted, Prediction, Risk};
use crate::language::Text;
use crate::runbook::{Answer, FixRef};
use crate::snapshot::Status;

/// Something that happened while a job ran, told live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobEvent {
    /// Counted from 1 for each job, without gaps; makes delivery exactly once in effect.
    pub seq: u32,
    /// When, by the machine's corrected clock.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "date-time"))]
    pub at: Timestamp,
    /// What.
    pub what: JobNews,
}

/// What a [`JobEvent`] tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobNews {
    /// It began.
    Started,
    /// A line of output, for people.
    Output(String),
    /// A runbook's step began.
    StepStarted {
        /// The step's name within the runbook.
        step: String,
    },
    /// A runbook's step ended.
    StepEnded {
        /// The step's name within the runbook.
        step: String,
        /// How it came out.
        status: Status,
        /// One line for people.
        summary: String,
    },
    /// A runbook's cause was judged.
    Cause {
        /// The cause's id within the runbook.
        cause: String,
        /// Found, excluded or unknown.
        verdict: crate::runbook::CauseVerdict,
        /// One line for people.
        summary: String,
    },
    /// Where the job stands now.
    State(JobState),
    /// A person is asked; answered by [`Self::Answered`].
    Asked(Box<Question>),
    /// The answer that is taken.
    Answered(Answer),
    /// What a fix would change.
    Predicted {
        /// Which fix.
        fix: FixRef,
        /// The action's name, or the script's path.
        act: String,
        /// What it may do.
        risk: Risk,
        /// What would change.
        prediction: Prediction,
    },
    /// Whether a fix was agreed to.
    Consent {
        /// Which fix.
        fix: FixRef,
        /// Whether.
        given: bool,
        /// Who, or why not.
        by: String,
    },
    /// A fix waits for signatures; this is the text to be signed.
    ApprovalAsked {
        /// Which fix.
        fix: FixRef,
        /// The statement, exactly as it is to be signed.
        statement: String,
        /// How many people have to sign it.
        people: u32,
    },
    /// Somebody signed, and a fix waits for others to sign as well; a new [`Self::ApprovalAsked`] begins anew.
    Signed {
        /// Which fix.
        fix: FixRef,
        /// Who has signed so far, each as `Name (id)`.
        by: Vec<String>,
        /// How many people have to sign it.
        people: u32,
    },
    /// A fix was approved.
    Approved {
        /// Which fix.
        fix: FixRef,
        /// Who signed, or that it was started at the machine itself.
        by: String,
    },
    /// A fix is being done.
    Acting {
        /// Which fix.
        fix: FixRef,
        /// The action's name, or the script's path.
        act: String,
    },
    /// A fix was done, or failed.
    Acted {
        /// Which fix.
        fix: FixRef,
        /// What came of it.
        acted: Box<Acted>,
    },
    /// Whether a fix's cause is gone.
    Verified {
        /// Which fix.
        fix: FixRef,
        /// Whether; absent where that cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gone: Option<bool>,
        /// One line for people.
        summary: String,
    },
    /// A fix was undone.
    Undone {
        /// Which fix.
        fix: FixRef,
        /// What came of it.
        acted: Box<Acted>,
    },
    /// The job goes on after an interruption.
    Resumed {
        /// What interrupted it.
        after: String,
    },
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Question {
    /// Its name within the runbook.
    pub name: String,
    /// Whether the person at the machine is asked; else the technician.
    pub user: bool,
    /// The words.
    pub text: Text,
    /// The answers to choose from.
    pub choice: Vec<Choice>,
    /// What is taken when nobody answers.
    pub default: String,
    /// How long is waited, in milliseconds.
    pub within_ms: u64,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Choice {
    /// As the runbook sees it.
    pub value: String,
    /// As people read it.
    pub text: Text,
}
