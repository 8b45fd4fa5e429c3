//! The runbooks of these stories: one with a script, and one with a fix of the program's own.

use std::collections::BTreeMap;
use std::path::Path;

use crate::organisation::Files;

/// `test.link`: an interface without a signal is given one by a script, which goes with `more` of its keys.
pub(crate) fn link(more: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: test.link
version: 1
title: {{en: Link, de: Verbindung}}
about: {{en: Gives an interface its signal., de: Gibt einer Schnittstelle ihr Signal.}}
resume: {{on: [reboot, disconnect, agent_restart]}}
collect:
  link: {{probe: net.link@1, timeout: 20s}}
causes:
  - id: link-down
    title: {{en: No signal, de: Kein Signal}}
    when: "!link.interfaces.exists(i, i.up)"
    fix:
      - script: scripts/up.sh
        risk: change
        consent: user
        timeout: 30s
        text: {{en: "The interface is given its signal.", de: "Die Schnittstelle bekommt ihr Signal."}}
        undo: {{script: scripts/down.sh, repeat: idempotent}}
{more}
    verify: {{within: 20s, every: 5s, until: "link.interfaces.exists(i, i.up)"}}
accept: "link.interfaces.exists(i, i.up)"
escalate: {{to: "'L2'"}}
"#
    )
}

/// The files of a catalogue with that runbook; its script does `first`, then what it is for.
pub(crate) fn files(root: &Path, runbook: String, first: &str) -> Files {
    let card = root.join("sys/class/net/eth0").display().to_string();
    let up = format!(
        "set -e\ncat >{card}/arguments\n{first}\necho raising\necho up >{card}/operstate\necho 1 >{card}/carrier\n\
         echo '{{\"before\": {{\"state\": \"down\"}}}}'\n"
    );
    let down = format!(
        "set -e\ncat >{card}/undo\necho lowering\necho down >{card}/operstate\necho 0 >{card}/carrier\n"
    );
    BTreeMap::from([
        ("test.link.yaml".to_owned(), runbook.into_bytes()),
        ("scripts/up.sh".to_owned(), up.into_bytes()),
        ("scripts/down.sh".to_owned(), down.into_bytes()),
    ])
}

/// A runbook whose one fix is a compiled-in one, if `when` holds.
pub(crate) fn of_one(name: &str, when: &str, fix: &str, until: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: {name}
version: 1
title: {{en: One, de: Eins}}
about: {{en: Does one thing., de: Macht eine Sache.}}
limits: {{wall: 30m, output: 1MiB, reboots: 1}}
resume: {{on: [reboot, disconnect, agent_restart]}}
collect:
  link: {{probe: net.link@1, timeout: 20s}}
causes:
  - id: wrong
    title: {{en: Wrong, de: Falsch}}
    when: "{when}"
    fix: [{{{fix}}}]
    verify: {{within: 20s, every: 5s, until: "{until}"}}
escalate: {{to: "'L2'"}}
"#
    )
}
