//! The words of the language that stand for something.

use befund_model::action::{ACTIONS, Repeat, Risk};
use befund_model::language::Text;
use befund_model::section;

use crate::document::{Consent, Interpreter, OnInterrupt, System, Whom};

/// The only version of the language.
pub(crate) const API: &str = "befund/v1";
/// Whether the trouble is over, in an escalation's expressions.
pub(crate) const ACCEPTED: &str = "accepted";
/// Tells the person to do something.
pub(crate) const INSTRUCT: &str = "user.instruct";
/// Opens an address for the person.
pub(crate) const OPEN_URL: &str = "user.open_url";
/// Restarts the machine.
pub(crate) const REBOOT: &str = "machine.reboot";
/// An undo as the action itself can.
pub(crate) const AUTO: &str = "auto";
/// No undo.
pub(crate) const NONE: &str = "none";

/// Something that is written as one of some words.
pub(crate) trait Word: Copy + 'static {
    /// All of them.
    const ALL: &'static [(&'static str, Self)];

    /// What the word stands for.
    fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(word, _)| *word == text).map(|(_, it)| *it)
    }
}

/// The words alone.
pub(crate) fn words<W: Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|(word, _)| *word).collect()
}

impl Word for System {
    const ALL: &'static [(&'static str, Self)] =
        &[("linux", Self::Linux), ("windows", Self::Windows), ("macos", Self::Macos)];
}

impl Word for Whom {
    const ALL: &'static [(&'static str, Self)] =
        &[("user", Self::User), ("technician", Self::Technician)];
}

impl Word for Risk {
    const ALL: &'static [(&'static str, Self)] =
        &[("read", Self::Read), ("change", Self::Change), ("disruptive", Self::Disruptive)];
}

impl Word for Consent {
    const ALL: &'static [(&'static str, Self)] =
        &[("policy", Self::Policy), ("user", Self::User), ("present", Self::Present)];
}

impl Word for OnInterrupt {
    const ALL: &'static [(&'static str, Self)] = &[
        ("recheck", Self::Recheck),
        ("rerun", Self::Rerun),
        ("undo", Self::Undo),
        ("escalate", Self::Escalate),
    ];
}

impl Word for Interpreter {
    const ALL: &'static [(&'static str, Self)] =
        &[("sh", Self::Sh), ("powershell", Self::PowerShell), ("python", Self::Python)];
}

/// What scripts can say of being run twice: there is no probe for them.
pub(crate) const REPEATS: &[(&str, Repeat)] =
    &[("idempotent", Repeat::Idempotent), ("never", Repeat::Never)];

/// What interrupts a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    Reboot,
    Disconnect,
    AgentRestart,
}

impl Word for Interruption {
    const ALL: &'static [(&'static str, Self)] = &[
        ("reboot", Self::Reboot),
        ("disconnect", Self::Disconnect),
        ("agent_restart", Self::AgentRestart),
    ];
}

/// The types of inputs, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputType {
    Host,
    Number,
    Word,
    Flag,
    Name,
}

impl Word for InputType {
    const ALL: &'static [(&'static str, Self)] = &[
        ("host", Self::Host),
        ("number", Self::Number),
        ("word", Self::Word),
        ("flag", Self::Flag),
        ("name", Self::Name),
    ];
}

/// The versions of the language.
pub(crate) fn apis() -> Vec<&'static str> {
    vec![API]
}

/// What can be done about a cause.
pub(crate) fn acts() -> Vec<&'static str> {
    let own = [INSTRUCT, OPEN_URL, REBOOT];
    actions().into_iter().chain(own).collect()
}

/// How a fix can be undone, a script left out.
pub(crate) fn undos() -> Vec<&'static str> {
    [AUTO, NONE].into_iter().chain(actions()).collect()
}

/// How often a script may be run.
pub(crate) fn repeats() -> Vec<&'static str> {
    REPEATS.iter().map(|(word, _)| *word).collect()
}

/// What happens when a confirmation does not hold.
pub(crate) fn elses() -> Vec<&'static str> {
    vec!["undo"]
}

/// The sections of a snapshot.
pub(crate) fn sections() -> Vec<&'static str> {
    section::ALL.iter().map(|known| known.kind.as_str()).collect()
}

/// The answers whose texts need not be written.
const ANSWERS: [(&str, &str, &str); 4] = [
    ("yes", "Yes", "Ja"),
    ("no", "No", "Nein"),
    ("unsure", "I am not sure", "Ich bin nicht sicher"),
    ("later", "Later", "Später"),
];

/// The text of one of them.
pub(crate) fn answer_text(value: &str) -> Option<Text> {
    let (_, en, de) = ANSWERS.iter().find(|(known, ..)| *known == value)?;
    Some(Text { en: (*en).to_owned(), de: (*de).to_owned() })
}

/// The names of the compiled-in actions, sorted.
fn actions() -> Vec<&'static str> {
    let mut names: Vec<&str> = ACTIONS.iter().map(|spec| spec.name).collect();
    names.sort_unstable();
    names
}
