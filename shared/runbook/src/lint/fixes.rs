//! What is done: actions that exist with parameters that fit, consent that is enough, an undo that there is.

use befund_model::action::{self, ActionSpec, Repeat, Risk, Undo};

use super::{Linter, listed};
use crate::document::{Act, Consent, Fix, OnInterrupt, System, UndoBy};
use crate::language::quantity::duration_text;

impl Linter<'_> {
    pub(super) fn fixes(&mut self) {
        let runbook = self.runbook();
        let mut reboots = 0_u32;
        for (index, cause) in runbook.causes.iter().enumerate() {
            for (fix, at) in cause.fixes.iter().zip(0..) {
                let path = format!("causes[{index}].fix[{at}]");
                if fix.act == Act::Reboot {
                    reboots += 1;
                }
                self.act(fix, &path);
                self.consent(fix, &path);
                self.undo(fix, &path);
                self.interrupted(fix, &path);
                self.times(fix, &path);
            }
        }
        let allowed = runbook.limits.reboots;
        if reboots > 0 && allowed == 0 {
            let message =
                "a fix restarts the machine; say how often it may: `limits: {reboots: 1}`";
            self.error("reboots", "limits", message);
        } else if reboots == 0 && allowed > 0 {
            self.warn("reboots", "limits.reboots", "no fix restarts the machine");
        }
    }

    fn act(&mut self, fix: &Fix, path: &str) {
        match &fix.act {
            Act::Action(name) => {
                if let Some(spec) = action::find(name) {
                    self.action_parameters(spec, &fix.with, path);
                }
            }
            Act::Script(script) => {
                let systems = &self.runbook().fits.systems;
                let windows = System::Windows;
                let only = |system: System| systems.as_slice() == [system];
                match script.interpreter {
                    crate::document::Interpreter::Sh if only(windows) => {
                        self.warn("interpreter", path, "Windows has no `sh`");
                    }
                    crate::document::Interpreter::PowerShell
                        if !systems.is_empty() && !systems.contains(&windows) =>
                    {
                        self.warn("interpreter", path, "only Windows has `powershell` by itself");
                    }
                    crate::document::Interpreter::Sh
                    | crate::document::Interpreter::PowerShell
                    | crate::document::Interpreter::Python => {}
                }
                self.told(fix, path, "a script");
            }
            Act::Instruct => {
                self.told(fix, path, "`user.instruct`");
                self.takes(fix, path, &[]);
            }
            Act::OpenUrl => {
                self.told(fix, path, "`user.open_url`");
                self.takes(fix, path, &["url"]);
                match fix.with.get("url") {
                    Some(template) => self.address(template, &format!("{path}.with.url")),
                    None => self.error("missing-parameter", path, "`user.open_url` needs `url`"),
                }
            }
            Act::Reboot => {
                self.takes(fix, path, &[]);
            }
        }
        if fix.risk == Risk::Disruptive && fix.text.is_none() {
            let message = "it interrupts people's work and does not tell them: give it a `text`";
            self.error("no-text", path, message);
        }
    }

    fn told(&mut self, fix: &Fix, path: &str, what: &str) {
        if fix.text.is_none() && fix.risk < Risk::Disruptive {
            let message = format!("{what} has no words of its own: give it a `text`");
            self.error("no-text", path, message);
        }
    }

    fn takes(&mut self, fix: &Fix, path: &str, known: &[&str]) {
        for name in fix.with.keys().filter(|name| !known.contains(&name.as_str())) {
            let known = listed(known.iter().copied());
            let message = format!("it takes no `{name}`; it takes {known}");
            self.error("unknown-parameter", &format!("{path}.with.{name}"), message);
        }
    }

    fn consent(&mut self, fix: &Fix, path: &str) {
        let path = format!("{path}.consent");
        if fix.risk == Risk::Disruptive && fix.consent < Consent::Present {
            let message = "what interrupts people's work needs one of them there: `present`";
            self.error("consent", &path, message);
        } else if fix.risk == Risk::Read && fix.consent > Consent::Policy {
            self.warn("consent", &path, "it changes nothing that could be agreed to");
        }
    }

    fn undo(&mut self, fix: &Fix, path: &str) {
        let spec = spec_of(&fix.act);
        let path = format!("{path}.undo");
        match &fix.undo {
            UndoBy::Auto => match (&fix.act, spec.map(|spec| spec.undo)) {
                (_, Some(Undo::Restores)) => {}
                (_, Some(Undo::Needless)) => {
                    self.error("undo", &path, "there is nothing to put back: `none`");
                }
                (_, Some(Undo::Impossible)) => {
                    let message = "it cannot be undone: `none`, and say so to the person";
                    self.error("undo", &path, message);
                }
                (_, None) => {
                    let message = "only an action can undo itself: `none`, an action or a script";
                    self.error("undo", &path, message);
                }
            },
            UndoBy::Action(name) => {
                let Some(undo) = action::find(name) else { return };
                for known in undo.parameters.iter().filter(|known| known.required) {
                    if !fix.with.contains_key(known.name) {
                        let message = format!(
                            "`{name}` needs `{}`, which the fix does not have in its `with`",
                            known.name
                        );
                        self.error("undo", &path, message);
                    }
                }
                // Who agrees to a fix, and who signs it, agrees to its undoing: that may do no more than the fix.
                if undo.risk > fix.risk {
                    let message = format!(
                        "`{name}` is `{}`, and what it undoes only `{}`: raise the fix's `risk`",
                        undo.risk.as_str(),
                        fix.risk.as_str()
                    );
                    self.error("undo", &path, message);
                }
            }
            UndoBy::Script(_) => {
                if fix.risk == Risk::Read {
                    let message = "there is nothing to undo: it changes nothing, as it says";
                    self.error("undo", &path, message);
                }
            }
            UndoBy::None => {
                // An action that restores does so by default; to give that up is a decision.
                if spec.is_some_and(|spec| spec.undo == Undo::Restores) {
                    self.warn("undo", &path, "it could be undone and will not be: `auto`?");
                }
            }
        }
        let undone = match &fix.undo {
            UndoBy::None => spec.is_some_and(|spec| spec.undo == Undo::Needless),
            UndoBy::Auto | UndoBy::Action(_) | UndoBy::Script(_) => true,
        };
        if fix.confirm.is_some() && !undone {
            let message = "it is undone unless it is confirmed, and there is no undo";
            self.error("undo", &path, message);
        }
        if fix.on_interrupt == OnInterrupt::Undo && !undone {
            let message = "after an interruption it is undone, and there is no undo";
            self.error("undo", &path, message);
        }
    }

    fn interrupted(&mut self, fix: &Fix, path: &str) {
        let repeat = match &fix.act {
            Act::Action(name) => action::find(name).map_or(Repeat::Never, |spec| spec.repeat),
            Act::Script(script) => script.repeat,
            Act::Instruct | Act::OpenUrl => Repeat::Idempotent,
            Act::Reboot => Repeat::Never,
        };
        if fix.on_interrupt == OnInterrupt::Rerun && repeat != Repeat::Idempotent {
            let message = match &fix.act {
                Act::Script(_) => {
                    "the script does not say that it can be run twice: `repeat: idempotent`"
                }
                Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => {
                    "it cannot be done twice: `recheck` measures anew first"
                }
            };
            self.error("rerun", &format!("{path}.on_interrupt"), message);
        }
    }

    fn times(&mut self, fix: &Fix, path: &str) {
        let wall = self.runbook().limits.wall;
        let waits = match fix.act {
            Act::Instruct | Act::OpenUrl => return,
            Act::Action(_) | Act::Script(_) | Act::Reboot => fix.timeout,
        };
        let confirm = fix.confirm.as_ref().map(|confirm| confirm.within).unwrap_or_default();
        if waits + confirm > wall {
            let (most, wall) = (duration_text(waits + confirm), duration_text(wall));
            let message =
                format!("it may take {most} with its confirmation; the whole run has {wall}");
            self.error("too-long", path, message);
        }
    }
}

fn spec_of(act: &Act) -> Option<&'static ActionSpec> {
    match act {
        Act::Action(name) => action::find(name),
        Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
    }
}
