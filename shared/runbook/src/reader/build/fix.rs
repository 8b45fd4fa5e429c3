//! What is done about a cause, with the defaults that its action brings.

use std::time::Duration;

use befund_model::action::{self, ActionSpec, Repeat, Risk, Undo};

use super::{Build, both, condition, duration, text, with, word};
use crate::document::{Act, Confirm, Consent, Fix, Interpreter, OnInterrupt, Script, UndoBy};
use crate::language::words::{AUTO, INSTRUCT, NONE, OPEN_URL, REBOOT, REPEATS, Word};
use crate::yaml::Node;

/// How long a script may take unless told otherwise.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a person or a restart may take unless told otherwise.
const PERSON_TIMEOUT: Duration = Duration::from_mins(10);
/// How long what worked before may fail after a change of the network, unless told otherwise.
const CONFIRM_WITHIN: Duration = Duration::from_secs(60);

impl Build<'_> {
    pub(super) fn fix(&mut self, path: &str, node: &Node) -> Option<Fix> {
        let act = match node.get("act").and_then(Node::text) {
            Some(INSTRUCT) => Act::Instruct,
            Some(OPEN_URL) => Act::OpenUrl,
            Some(REBOOT) => Act::Reboot,
            Some(name) => Act::Action(name.to_owned()),
            None => Act::Script(self.script(path, node)?),
        };
        let spec = spec_of(&act);
        let own = match &act {
            Act::Action(_) => spec.map_or(Risk::Disruptive, |spec| spec.risk),
            Act::Script(_) => Risk::Read,
            Act::Instruct | Act::OpenUrl => Risk::Read,
            Act::Reboot => Risk::Disruptive,
        };
        let unsaid = if matches!(act, Act::Script(_)) { Risk::Disruptive } else { own };
        let said = word(node, "risk", unsaid)?;
        if said < own {
            let message = format!(
                "it is `{}` and a runbook may raise that, never lower it to `{}`",
                own.as_str(),
                said.as_str()
            );
            self.complain(&format!("{path}.risk"), "risk-lowered", message);
        }
        let risk = said.max(own);
        let consent = match risk {
            Risk::Read => Consent::Policy,
            Risk::Change => Consent::User,
            Risk::Disruptive => Consent::Present,
        };
        let within = match &act {
            Act::Action(_) => spec.map_or(SCRIPT_TIMEOUT, |it| Duration::from_millis(it.within_ms)),
            Act::Script(_) => SCRIPT_TIMEOUT,
            Act::Instruct | Act::OpenUrl | Act::Reboot => PERSON_TIMEOUT,
        };
        let undo = match node.get("undo") {
            Some(undo) => self.undo(&format!("{path}.undo"), undo)?,
            None if spec.is_some_and(|spec| spec.undo == Undo::Restores) => UndoBy::Auto,
            None => UndoBy::None,
        };
        let confirm = match node.get("confirm") {
            Some(node) => Some(Confirm {
                within: duration(node, "within", CONFIRM_WITHIN)?,
                until: condition(node, "until"),
            }),
            None if spec.is_some_and(|spec| spec.network) => {
                Some(Confirm { within: CONFIRM_WITHIN, until: None })
            }
            None => None,
        };
        Some(Fix {
            with: with(node)?,
            when: condition(node, "when"),
            risk,
            consent: word(node, "consent", consent)?,
            text: match node.get("text") {
                Some(node) => Some(both(node)?),
                None => None,
            },
            timeout: duration(node, "timeout", within)?,
            on_interrupt: word(node, "on_interrupt", OnInterrupt::Recheck)?,
            undo,
            confirm,
            act,
        })
    }

    fn undo(&mut self, path: &str, node: &Node) -> Option<UndoBy> {
        Some(match node.text() {
            Some(AUTO) => UndoBy::Auto,
            Some(NONE) => UndoBy::None,
            Some(action) => UndoBy::Action(action.to_owned()),
            None => UndoBy::Script(self.script(path, node)?),
        })
    }

    fn script(&mut self, path: &str, node: &Node) -> Option<Script> {
        let script = text(node, "script")?;
        let ending = script.rsplit_once('.').map_or("", |(_, ending)| ending);
        let interpreter = match (node.get("interpreter"), ending) {
            (Some(node), _) => Interpreter::read(node.text()?)?,
            (None, "sh") => Interpreter::Sh,
            (None, "ps1") => Interpreter::PowerShell,
            (None, "py") => Interpreter::Python,
            (None, _) => {
                let message = "its ending does not tell what runs it: give it an `interpreter`";
                self.complain(&format!("{path}.script"), "missing-key", message.to_owned());
                Interpreter::Sh
            }
        };
        let repeat = match node.get("repeat") {
            Some(node) => {
                let word = node.text()?;
                REPEATS.iter().find(|(known, _)| *known == word).map(|(_, repeat)| *repeat)?
            }
            None => Repeat::Never,
        };
        Some(Script { path: script, interpreter, repeat })
    }
}

fn spec_of(act: &Act) -> Option<&'static ActionSpec> {
    match act {
        Act::Action(name) => action::find(name),
        Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
    }
}
