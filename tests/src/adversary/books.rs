//! The runbooks and scripts of the organisation under attack, and those that the attacker would like to be run. Each script
//! leaves a mark: what was run can be counted afterwards.

use std::path::Path;

use super::organisation::Files;

/// What a runbook finds wrong: a word is missing in a log of the policy's.
const MISSING: &str = "!note.lines.exists(l, l.contains('noted'))";

/// A runbook of this name that has this fix for what it finds, and takes these inputs.
#[must_use]
pub fn runbook(name: &str, inputs: &str, fix: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: {name}
version: 1
title: {{en: "Nothing was noted", de: "Nichts wurde notiert"}}
about: {{en: "Notes it.", de: "Notiert es."}}
{inputs}
collect:
  note: {{probe: log.tail@1, timeout: 20s, with: {{log: note}}}}
causes:
  - id: not-noted
    title: {{en: "Nothing is noted", de: "Nichts ist notiert"}}
    when: "{MISSING}"
    fix:
      - {fix}
    verify: {{within: 20s, every: 1s, until: "!({MISSING})"}}
accept: "!({MISSING})"
escalate: {{to: "'L2-desktop'"}}
"#
    )
}

/// A fix by a script.
#[must_use]
pub fn fix(script: &str, risk: &str, consent: &str, more: &str) -> String {
    format!(
        "{{script: scripts/{script}.sh, interpreter: sh, risk: {risk}, repeat: idempotent, consent: {consent}, \
         timeout: 20s, text: {{en: \"A word is written.\", de: \"Ein Wort wird notiert.\"}}{more}}}"
    )
}

const INPUTS: &str = "inputs:
  host: {type: host, default: intranet.example, title: {en: Host, de: Host}}
  name: {type: name, default: eth0, title: {en: Name, de: Name}}
  count: {type: number, min: 1, max: 9, default: 3, title: {en: Count, de: Zahl}}";

/// The files of the organisation's catalogue, for a machine whose marks are in this folder.
#[must_use]
pub fn files(world: &Path) -> Files {
    let undo = ", undo: {script: scripts/erase.sh, interpreter: sh}";
    let with = ", with: {host: \"${inputs.host}\", name: \"${inputs.name}\"}";
    let book = |name: &str, inputs: &str, fix: &str| {
        (format!("{name}.yaml"), runbook(name, inputs, fix).into_bytes())
    };
    let at = |name: &str| world.join(name).to_str().expect("UTF-8").to_owned();
    let note = format!(
        "echo run >> '{}'\necho noted >> '{}'\necho '{{\"before\": null}}'\n",
        at("marks"),
        at("note.log")
    );
    let erase =
        format!("echo 'empty so far' > '{}'\necho undone >> '{}'\n", at("note.log"), at("undone"));
    let two = format!(
        "{}\n      - {}",
        fix("note", "change", "policy", undo),
        fix("erase", "disruptive", "present", "")
    );
    let clock = format!(
        "{}\n      - {{act: time.resync, consent: policy, when: \"note.lines.size() > 1000\"}}",
        fix("note", "change", "policy", "")
    );
    Files::from([
        book("test.clock", "", &clock),
        book("test.note", "", &fix("note", "change", "policy", undo)),
        book("test.asked", "", &fix("note", "change", "user", "")),
        book("test.strong", "", &fix("note", "disruptive", "present", "")),
        book("test.denied", "", &fix("note", "change", "policy", "")),
        book("test.inputs", INPUTS, &fix("note", "change", "policy", with)),
        book("test.two", "", &two),
        ("scripts/note.sh".to_owned(), note.into_bytes()),
        ("scripts/erase.sh".to_owned(), erase.into_bytes()),
    ])
}

/// A script that nobody approved.
#[must_use]
pub fn evil(world: &Path) -> Vec<u8> {
    let owned = world.join("owned");
    format!("echo owned >> '{}'\n", owned.to_str().expect("UTF-8")).into_bytes()
}

/// The files of a catalogue of the attacker's own: one runbook with this fix, and the script that it names.
#[must_use]
pub fn files_of_eve(world: &Path, fix: &str) -> Files {
    Files::from([
        ("evil.book.yaml".to_owned(), runbook("evil.book", "", fix).into_bytes()),
        ("scripts/evil.sh".to_owned(), evil(world)),
    ])
}

/// What the machine's owner allows: what nobody who is signed in agrees to may still be changed, and one runbook is not run.
#[must_use]
pub fn policy(world: &Path) -> String {
    let log = world.join("note.log");
    format!(
        "[logs]\nnote = {log:?}\n[runbooks]\nunattended = \"change\"\ndeny = [\"test.denied\"]\n"
    )
}
