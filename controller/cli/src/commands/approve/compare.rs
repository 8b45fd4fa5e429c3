//! Whether a step is one of the runbook that was signed: its act, its risk and its parameters. Pure.

use befund_runbook::document::{Act, Fix, Runbook, Template};
use befund_trust::approval;
use befund_trust::catalogue::Manifest;
use serde_json::Value;

/// A step as it stands in the runbook.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The runbook.
    pub(crate) runbook: Runbook,
    /// The place of the cause in it.
    pub(crate) cause: usize,
    /// The place of the fix among those of the cause.
    pub(crate) fix: usize,
    /// The names of the parameters that the machine filled in.
    pub(crate) filled: Vec<String>,
}

impl Step {
    /// The fix.
    pub(crate) fn fix(&self) -> Option<&Fix> {
        self.runbook.causes.get(self.cause)?.fixes.get(self.fix)
    }
}

/// The step of the runbook that a statement names, if it is that.
///
/// # Errors
/// In what it differs.
pub(super) fn step(
    said: &approval::Step,
    runbook: Runbook,
    manifest: &Manifest,
) -> Result<Step, String> {
    let name = &runbook.name;
    if (name, runbook.version) != (&said.runbook.name, said.runbook.version) {
        return Err(format!(
            "it names {} {}, and the file is of {name} {}",
            said.runbook.name, said.runbook.version, runbook.version
        ));
    }
    let place = runbook.causes.iter().position(|cause| cause.id == said.fix.cause);
    let place = place.ok_or_else(|| format!("{name} has no cause {}", said.fix.cause))?;
    let index = usize::try_from(said.fix.index).unwrap_or(usize::MAX);
    let fix = runbook.causes[place]
        .fixes
        .get(index)
        .ok_or_else(|| format!("{} has no fix {}", said.fix.cause, said.fix.index))?;
    act(&said.act, &fix.act, manifest)?;
    if said.risk < fix.risk {
        return Err(format!(
            "it says {}, and the runbook {}",
            said.risk.as_str(),
            fix.risk.as_str()
        ));
    }
    let filled = parameters(&said.parameters, fix)?;
    Ok(Step { cause: place, fix: index, filled, runbook })
}

fn act(said: &approval::Act, written: &Act, manifest: &Manifest) -> Result<(), String> {
    let same = match (said, written) {
        (approval::Act::Action(said), Act::Action(written)) => said == written,
        (approval::Act::Script { path, sha256 }, Act::Script(written)) => {
            let signed = manifest.files.get(path).map(|file| file.sha256);
            *path == written.path && signed == Some(*sha256)
        }
        (approval::Act::Instruct, Act::Instruct)
        | (approval::Act::OpenUrl, Act::OpenUrl)
        | (approval::Act::Reboot, Act::Reboot) => true,
        (
            approval::Act::Action(_)
            | approval::Act::Script { .. }
            | approval::Act::Instruct
            | approval::Act::OpenUrl
            | approval::Act::Reboot,
            _,
        ) => false,
    };
    if same { Ok(()) } else { Err("it does something else than the runbook's fix".to_owned()) }
}

/// The names of the parameters that were filled in; the others are as they were written.
fn parameters(said: &Value, fix: &Fix) -> Result<Vec<String>, String> {
    let none = serde_json::Map::new();
    let said = said.as_object().unwrap_or(&none);
    if let Some(name) = said.keys().find(|name| !fix.with.contains_key(*name)) {
        return Err(format!("it has a parameter {name}, and the runbook's fix has none"));
    }
    let mut filled = Vec::new();
    for (name, template) in &fix.with {
        match (said.get(name), is_fixed(template)) {
            (Some(value), Some(written)) if *value == written => {}
            (Some(_), None) => filled.push(name.clone()),
            (Some(value), Some(written)) => {
                return Err(format!(
                    "its parameter {name} is {value}, and the runbook says {written}"
                ));
            }
            (None, _) => return Err(format!("its parameter {name} is missing")),
        }
    }
    Ok(filled)
}

/// The value of a template without an expression.
fn is_fixed(template: &Template) -> Option<Value> {
    match template {
        Template::Fixed(value) => Some(value.clone()),
        Template::Filled(_) => None,
        Template::List(entries) => {
            entries.iter().map(is_fixed).collect::<Option<Vec<_>>>().map(Value::Array)
        }
    }
}
