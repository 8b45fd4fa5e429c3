//! The runbook whose run is interrupted, and its scripts. One step of each kind: one that may be done again, one that the
//! machine can be asked about, and one that nobody can ask about. What they do is left as lines in a file of the machine,
//! which no runbook looks at, so that nothing but the journal keeps a step from being done twice.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Its name.
pub(crate) const NAME: &str = "test.kills";
/// The cause whose fix may be done again.
pub(crate) const AGAIN: &str = "again";
/// The cause whose fix the machine can be asked about.
pub(crate) const ASKED: &str = "asked";
/// The cause whose fix is done once or reported as indeterminate.
pub(crate) const ONCE: &str = "once";

const RUNBOOK: &str = r#"
api: befund/v1
runbook: test.kills
version: 1
title: {en: "Three steps", de: "Drei Schritte"}
about: {en: "Takes three steps.", de: "Macht drei Schritte."}
inputs:
  tag: {type: name, title: {en: "The job's own word", de: "Das Wort des Auftrags"}}
  pid: {type: number, min: 2, max: 4194304, title: {en: "A process", de: "Ein Prozess"}}
  started: {type: number, min: 0, max: 9000000000000000000, title: {en: "Its start", de: "Sein Beginn"}}
collect:
  note: {probe: log.tail@1, timeout: 10s, with: {log: note}}
causes:
  - id: once
    title: {en: "Only once", de: "Nur einmal"}
    when: "note.lines.exists(l, l.contains('trouble'))"
    fix:
      - script: scripts/once.sh
        interpreter: sh
        with: {tag: "${inputs.tag}"}
        risk: change
        repeat: never
        consent: policy
        timeout: 20s
        text: {en: "Is done once.", de: "Geschieht einmal."}
        undo: {script: scripts/unonce.sh, interpreter: sh, repeat: never}
    verify: {within: 20s, every: 1s, until: "note.lines.size() > 0"}
  - id: asked
    title: {en: "A busy process", de: "Ein beschäftigter Prozess"}
    when: "note.lines.exists(l, l.contains('trouble'))"
    fix:
      - act: process.lower_priority
        with: {pid: "${inputs.pid}", started: "${inputs.started}"}
        consent: policy
        on_interrupt: recheck
    verify: {within: 20s, every: 1s, until: "note.lines.size() > 0"}
  - id: again
    title: {en: "Once more", de: "Noch einmal"}
    when: "note.lines.exists(l, l.contains('trouble'))"
    fix:
      - script: scripts/again.sh
        interpreter: sh
        with: {tag: "${inputs.tag}"}
        risk: change
        repeat: idempotent
        consent: policy
        timeout: 20s
        text: {en: "May be done again.", de: "Darf wiederholt werden."}
        undo: {script: scripts/unagain.sh, interpreter: sh, repeat: idempotent}
    verify: {within: 20s, every: 1s, until: "note.lines.size() > 0"}
accept: "note.lines.exists(l, l.contains('trouble'))"
escalate: {to: "'L2-desktop'"}
"#;

/// A line of a machine's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Which script: `again`, `once`, and what undoes them.
    pub(crate) step: String,
    /// The job's own word.
    pub(crate) tag: String,
    /// What an undoing script was given of what the fix had noted; `-` where it was given nothing.
    pub(crate) was: String,
}

/// A script that leaves one line: the step, the job's word, what was noted, and a number that no other line has, in one
/// write at the end of the file, synced. Before and after it takes some time in a process of its own.
fn script(step: &str, marks: &Path) -> String {
    let marks = marks.display();
    format!(
        "read -r words\n\
         tag=\"${{words##*\\\"tag\\\":\\\"}}\"\n\
         tag=\"${{tag%%\\\"*}}\"\n\
         was=-\n\
         case \"$words\" in *'\"was\":\"'*)\n\
         was=\"${{words##*\\\"was\\\":\\\"}}\"\n\
         was=\"${{was%%\\\"*}}\";;\n\
         esac\n\
         read -r nonce < /proc/sys/kernel/random/uuid\n\
         echo \"{step} begins\"\n\
         sleep 0.02\n\
         echo \"{step} $tag $was $nonce\" >> '{marks}'/\"${{tag%%.*}}\"\n\
         sync '{marks}'/\"${{tag%%.*}}\"\n\
         sleep 0.02\n\
         echo \"{{\\\"before\\\": {{\\\"was\\\": \\\"$tag\\\"}}}}\"\n"
    )
}

/// Writes the folder that is signed.
pub(crate) fn write(folder: &Path, marks: &Path) -> Result<PathBuf> {
    let folder = folder.join("runbooks");
    std::fs::create_dir_all(folder.join("scripts")).context("make a folder for the runbook")?;
    std::fs::write(folder.join(format!("{NAME}.yaml")), RUNBOOK).context("write the runbook")?;
    for step in [AGAIN, ONCE, "unagain", "unonce"] {
        let path = folder.join(format!("scripts/{step}.sh"));
        std::fs::write(path, script(step, marks)).context("write a script")?;
    }
    Ok(folder)
}

/// What was left in a machine's file.
pub(crate) fn marks(path: &Path) -> Vec<Mark> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mark = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Mark { step: words.next()?, tag: words.next()?, was: words.next()? })
    };
    text.lines().filter_map(mark).collect()
}
