//! A runbook, read: what it collects, asks, looks for, changes and verifies.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use befund_model::action::Risk;
use befund_model::language::Text;

mod input;

pub(crate) use input::{MOST_HOST, MOST_NAME};

/// A runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Runbook {
    /// Its name, as in `net.no-internet`.
    pub name: String,
    /// Counted up by its authors with each change.
    pub version: u32,
    /// What it is for, in a few words.
    pub title: Text,
    /// What it does, for whoever chooses it; one paragraph.
    pub about: Text,
    /// Where it fits: it is offered on tickets and machines like this.
    pub fits: Fits,
    /// Whether the agent keeps it at hand for when there is no network.
    pub offline: bool,
    /// The bounds of a whole run.
    pub limits: Limits,
    /// What happens when a run is interrupted.
    pub resume: Resume,
    /// What whoever starts it may set.
    pub inputs: BTreeMap<String, Input>,
    /// What is measured, side by side, before anything is judged.
    pub collect: Vec<Collect>,
    /// What a person is asked.
    pub ask: Vec<Question>,
    /// What may be wrong, in the order in which it is put right.
    pub causes: Vec<Cause>,
    /// When the trouble is over; without it, when no cause is found any more.
    pub accept: Option<Condition>,
    /// Whom the ticket goes to otherwise.
    pub escalate: Option<Escalate>,
}

/// An expression in CEL over the facts, the answers (`ask.NAME`) and the inputs (`inputs.NAME`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As it was written.
    pub text: String,
}

/// A text with `${EXPRESSION}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Said(String),
    /// The expression's value.
    Filled(Condition),
}

/// A parameter's value: JSON whose texts may have expressions in them.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// As it stands.
    Fixed(Value),
    /// A text that is filled in; one expression alone keeps its type.
    Filled(Vec<Piece>),
    /// A list.
    List(Vec<Template>),
}

/// Parameters of a probe, action or script.
pub type With = BTreeMap<String, Template>;

/// Where a runbook fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fits {
    /// The systems; all if empty.
    pub systems: Vec<System>,
    /// Categories of checks, as in `network`.
    pub categories: Vec<String>,
    /// Checks whose failing makes it likely, as in `net.dns`.
    pub findings: Vec<String>,
    /// Words of people, as in `internet`, `wlan`.
    pub words: Vec<String>,
}

/// A family of operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
}

/// The bounds of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its time, without that in which people are waited for.
    pub wall: Duration,
    /// What its steps may print, in bytes.
    pub output: u64,
    /// How often it may restart the machine. Restarts that others want are [`Resume::reboot`]'s.
    pub reboots: u32,
}

/// What happens after an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// After a reboot.
    pub reboot: bool,
    /// After the connection was lost.
    pub disconnect: bool,
    /// After the agent was started again.
    pub agent_restart: bool,
}

/// What a step does that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInterrupt {
    /// Measure and judge anew.
    Recheck,
    /// Do it again where it has not helped; only of what is idempotent.
    Rerun,
    /// Undo it.
    Undo,
    /// Stop and escalate.
    Escalate,
}

/// What an input may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
    /// If nothing is given; without it, it must be.
    pub default: Option<Value>,
    /// One line for people.
    pub title: Text,
}

/// The type of an input: the signed schema of what may be told a run from afar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A host name or address: letters, digits, dots, hyphens, colons; 253 characters at most.
    Host,
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// One of these words.
    Word(Vec<String>),
    /// True or false.
    Flag,
    /// The name of a thing that the machine has, as in an interface or a service: letters, digits and
    /// `._:@-`, 128 characters at most, never beginning with a hyphen or a dot.
    Name,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Collect {
    /// Its name; its facts are named so in expressions.
    pub name: String,
    /// What is measured.
    pub source: Source,
    /// How long it may take.
    pub timeout: Duration,
    /// How often it is tried again when it fails, and how long is waited before each.
    pub retry: Retry,
}

/// Where facts come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A probe, as in `net.dns@1`.
    Probe {
        /// Its name.
        name: String,
        /// The version of the shape of its facts.
        version: u32,
        /// Its parameters.
        with: With,
    },
    /// A section of the snapshot, as in `printers`, read now.
    Section {
        /// Its kind.
        kind: String,
    },
}

/// Trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// How often.
    pub max: u32,
    /// How long is waited before the first; doubled for each further one.
    pub backoff: Duration,
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its name; the answer is `ask.NAME`.
    pub name: String,
    /// Only then; without it, always.
    pub when: Option<Condition>,
    /// Whom.
    pub to: Whom,
    /// The words.
    pub text: Text,
    /// The answers to choose from.
    pub choice: Vec<Choice>,
    /// How long is waited.
    pub timeout: Duration,
    /// What is taken when nobody answers; one of the choices.
    pub default: String,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whom {
    /// The person at the machine.
    User,
    /// The technician on the ticket.
    Technician,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As expressions see it.
    pub value: String,
    /// As people read it.
    pub text: Text,
}

/// Something that may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Its id within the runbook.
    pub id: String,
    /// What it says of the machine, for a technician.
    pub title: Text,
    /// The detector.
    pub when: Condition,
    /// The facts shown as evidence: label and expression.
    pub evidence: Vec<(String, Condition)>,
    /// The causes that would follow from this one.
    pub explains: Vec<String>,
    /// What a technician does about it, where no fix can or none helps; without it, what the first fix says.
    pub advice: Option<Text>,
    /// What to do about it, one after the other until it is verified.
    pub fixes: Vec<Fix>,
    /// When it is put right.
    pub verify: Option<Verify>,
}

/// Something that is done about a cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What is done.
    pub act: Act,
    /// Its parameters.
    pub with: With,
    /// Only then.
    pub when: Option<Condition>,
    /// The greater of the action's own and the runbook's.
    pub risk: Risk,
    /// Who has to agree.
    pub consent: Consent,
    /// What the person is told: what will be changed, and why.
    pub text: Option<Text>,
    /// How long it may take.
    pub timeout: Duration,
    /// After an interruption.
    pub on_interrupt: OnInterrupt,
    /// How it is undone.
    pub undo: UndoBy,
    /// What must hold shortly after it, or else it is undone; for what touches the network, always there:
    /// by default, that what worked before works.
    pub confirm: Option<Confirm>,
}

/// What a fix does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A compiled-in action.
    Action(String),
    /// A script of the catalogue.
    Script(Script),
    /// Tells the person to do something themselves, and waits for the verifier.
    Instruct,
    /// Opens an address in the person's browser, after showing them its host. Parameter `url`.
    OpenUrl,
    /// Restarts the machine.
    Reboot,
}

/// A script of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Its path within the catalogue, as in `scripts/clean.sh`.
    pub path: String,
    /// What runs it.
    pub interpreter: Interpreter,
    /// What may happen after a crash.
    pub repeat: befund_model::action::Repeat,
}

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpreter {
    /// `/bin/sh`.
    Sh,
    /// Windows PowerShell.
    PowerShell,
    /// Python 3.
    Python,
}

/// Who has to agree to a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Consent {
    /// The machine's policy is enough.
    Policy,
    /// The person at the machine, or the policy where nobody is signed in.
    User,
    /// A person who is there now.
    Present,
}

/// How a fix is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoBy {
    /// As the action itself can.
    Auto,
    /// By another action.
    Action(String),
    /// By a script.
    Script(Script),
    /// There is nothing to undo, or it cannot be.
    None,
}

/// Commit-confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// Within this time.
    pub within: Duration,
    /// What must hold; without it, that what worked before has not stopped working.
    pub until: Option<Condition>,
}

/// Verifying.
#[derive(Clone, Debug, PartialEq)]
pub struct Verify {
    /// Within this time.
    pub within: Duration,
    /// How often it is looked.
    pub every: Duration,
    /// What must hold.
    pub until: Condition,
}

/// Whom a ticket goes to that was not solved.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalate {
    /// Only then; without it, when it was not accepted. It and [`Self::to`] may name `accepted`, whether the
    /// trouble is over.
    pub when: Option<Condition>,
    /// The group: a text in CEL.
    pub to: Condition,
}
