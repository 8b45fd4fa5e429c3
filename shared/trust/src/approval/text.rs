//! What a statement says, in plain words, for whoever is about to sign it. What came from a machine is
//! shown with its controls written out. Not how it is asked.

use befund_model::action::Risk;
use serde_json::Value;

use super::{Act, Statement, Step};
use crate::plain::shown;

impl Statement {
    /// What is signed, in plain words.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("{}: approve one step on one machine", shown(&self.organisation)),
            String::new(),
            line("Machine", format!("{} (agent {})", shown(&self.machine), self.step.agent)),
        ];
        step(&mut lines, &self.step);
        lines.push(String::new());
        if self.prediction.is_empty() {
            lines.push("The machine does not say what would change.".to_owned());
        } else {
            lines.push("What would change, as the machine predicts it:".to_owned());
            lines.extend(self.prediction.iter().map(|line| format!("  - {}", shown(line))));
        }
        lines.push(String::new());
        references(&mut lines, &self.step);
        lines.push(line("Good", format!("once, from {} to {}", self.not_before, self.expires)));
        lines.push(line("Number", self.number.to_string()));
        lines.push(line("Challenge", self.challenge.to_string()));
        finish(lines)
    }
}

fn step(lines: &mut Vec<String>, step: &Step) {
    lines.push(match step.ticket {
        Some(ticket) => line("Ticket", format!("#{ticket}")),
        None => line("Ticket", "none".to_owned()),
    });
    lines.push(line(
        "Why",
        format!(
            "runbook {} (version {}) found the cause {}; this is fix {} of it",
            shown(&step.runbook.name),
            step.runbook.version,
            shown(&step.fix.cause),
            u64::from(step.fix.index) + 1,
        ),
    ));
    lines.push(line(
        "Does",
        match &step.act {
            Act::Action(name) => format!("the action {}", shown(name)),
            Act::Script { path, .. } => format!("the script {}", shown(path)),
            Act::Instruct => "tells the person at the machine what to do".to_owned(),
            Act::OpenUrl => "opens an address in the person's browser".to_owned(),
            Act::Reboot => "restarts the machine".to_owned(),
        },
    ));
    let parameters = step.parameters.as_object().filter(|parameters| !parameters.is_empty());
    match parameters {
        None => lines.push(line("With", "no parameters".to_owned())),
        Some(parameters) => {
            for (place, (name, value)) in parameters.iter().enumerate() {
                let label = if place == 0 { "With" } else { "" };
                lines.push(line(label, format!("{} = {}", shown(name), value_shown(value))));
            }
        }
    }
    lines.push(line(
        "Risk",
        match step.risk {
            Risk::Read => "read: it only looks".to_owned(),
            Risk::Change => "change: hardly noticed by a person, or can be undone".to_owned(),
            Risk::Disruptive => {
                "DISRUPTIVE: interrupts work, may lose something, or cannot be undone".to_owned()
            }
        },
    ));
}

fn references(lines: &mut Vec<String>, step: &Step) {
    lines.push(line("Job", step.job.to_string()));
    lines.push(line(
        "Catalogue",
        format!("version {}, SHA-256 {}", step.catalogue.version, step.catalogue.digest),
    ));
    lines.push(line("Runbook", format!("SHA-256 {}", step.runbook.digest)));
    if let Act::Script { sha256, .. } = &step.act {
        lines.push(line("Script", format!("SHA-256 {sha256}")));
    }
}

/// JSON, in which `serde_json` has escaped quotes and controls; what else deceives is written out as JSON writes it.
fn value_shown(value: &Value) -> String {
    let mut out = String::new();
    for char in value.to_string().chars() {
        if shown(char.encode_utf8(&mut [0; 4])).starts_with("\\u") {
            for unit in char.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(char);
        }
    }
    out
}

fn line(label: &str, text: String) -> String {
    format!("{label:<11}{text}")
}

fn finish(lines: Vec<String>) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
