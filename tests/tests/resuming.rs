//! Runs that a restart of the machine comes between, after a fix was done and before it was verified: each goes on as its
//! fix says. The machine's processes end without warning, and when they come back, the system says that it has started
//! anew: a file is laid over the one in which the kernel names its start, within namespaces of the agent's own.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::PathBuf;

use befund_model::runbook::{Attempt, AttemptEnd, RunbookResult};
use befund_tests::noting::{Consent, NotingMachine};
use befund_tests::process::{eventually, under_mounts};
use serde_json::Value;

/// Lays a file over the kernel's name of its start: `$0`.
const STARTED: &str = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
/// What goes on after a restart of the machine.
const ALL: &str = "reboot, disconnect, agent_restart";

/// A runbook by whose fix nothing is well yet when it is done once.
fn runbook(name: &str, on_interrupt: &str, resume: &str, within: &str) -> String {
    format!(
        r#"api: befund/v1
runbook: test.{name}
version: 1
title: {{en: "Not well", de: "Nicht gut"}}
about: {{en: "Makes it well.", de: "Macht es gut."}}
resume: {{on: [{resume}]}}
collect:
  note: {{probe: log.tail@1, timeout: 10s, with: {{log: note}}}}
causes:
  - id: unwell
    title: {{en: "Not well", de: "Nicht gut"}}
    when: "!note.lines.exists(l, l.contains('{name} is well'))"
    fix:
      - script: scripts/{name}.sh
        interpreter: sh
        risk: change
        repeat: idempotent
        consent: policy
        timeout: 20s
        on_interrupt: {on_interrupt}
        text: {{en: "It is made well.", de: "Es wird gut gemacht."}}
        undo: {{script: scripts/{name}-undo.sh, interpreter: sh, repeat: idempotent}}
    verify: {{within: {within}, every: 1s, until: "note.lines.exists(l, l.contains('{name} is well'))"}}
accept: "note.lines.exists(l, l.contains('{name} is well'))"
escalate: {{to: "'L2-desktop'"}}
"#
    )
}

/// The machine, and what each start of it is called.
struct Restarting {
    machine: NotingMachine,
    started: PathBuf,
    ticket: String,
}

impl Restarting {
    fn new(books: &[(&str, &str, &str, &str)]) -> Self {
        let rules = "unattended = \"change\"";
        let machine = NotingMachine::new(Consent::Policy, rules, |folder, command| {
            let started = folder.join("started");
            std::fs::write(&started, "first\n").unwrap();
            under_mounts(STARTED, &[started.as_os_str()], &command)
        });
        let (folder, within) = (machine.folder(), machine.agent.folder());
        let (marks, log) = (within.join("marks"), within.join("note.log"));
        std::fs::write(&marks, "").unwrap();
        let (marks, log) = (marks.display(), log.display());
        for (name, on_interrupt, resume, length) in books {
            let script = format!(
                "echo {name} >> '{marks}'\n\
                 if [ \"$(grep -cx {name} '{marks}')\" -ge 2 ]; then echo '{name} is well' >> '{log}'; fi\n\
                 echo '{{\"before\": {{\"was\": \"unwell\"}}}}'\n"
            );
            let text = runbook(name, on_interrupt, resume, length);
            std::fs::write(folder.join(format!("test.{name}.yaml")), text).unwrap();
            std::fs::write(folder.join(format!("scripts/{name}.sh")), script).unwrap();
            let undo = format!("echo {name} undone >> '{marks}'\n");
            std::fs::write(folder.join(format!("scripts/{name}-undo.sh")), undo).unwrap();
        }
        machine.signers.publish(&machine.operator, &folder);
        machine.wait_for_catalogue(2);
        let started = within.join("started");
        let ticket = machine.ticket("not well");
        Self { machine, started, ticket }
    }

    /// Starts a runbook, up to the signature.
    fn start(&self, name: &str) -> String {
        let (agent, runbook) = (self.machine.agent.id(), format!("test.{name}"));
        let run = ["run", &runbook, "--on", &agent, "--ticket", &self.ticket, "--detach"];
        let job = self.machine.operator.json(&run)["id"].as_str().unwrap().to_owned();
        self.machine.wait_for(&job, "needs_approval");
        job
    }

    /// Signs for all of them, and waits until their fixes were done.
    fn let_go(&self, jobs: &[&str]) {
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(|| self.machine.approve(job));
            }
        });
        for job in jobs {
            eventually("the fix to be done", || {
                self.news(job).iter().any(|news| news["acted"].is_object())
            });
        }
    }

    /// What was told of a job.
    fn news(&self, job: &str) -> Vec<Value> {
        let view = self.machine.operator.json(&["ticket", "show", &self.ticket]);
        let events = view["timeline"].as_array().unwrap().iter().map(|entry| &entry["event"]);
        events.filter(|event| event["job"] == *job).map(|event| event["news"].clone()).collect()
    }

    /// The power goes, and comes back.
    fn restart(&mut self, name: &str) {
        self.machine.agent.kill();
        std::fs::write(&self.started, name).unwrap();
        let policy = self.machine.agent.folder().join("policy.toml");
        let started = self.started.clone();
        let arguments = ["--policy", policy.to_str().unwrap()];
        self.machine.agent.start_link_as(&arguments, |command| {
            under_mounts(STARTED, &[started.as_os_str()], &command)
        });
    }

    /// What a job came to.
    fn end(&self, job: &str) -> (RunbookResult, Attempt) {
        eventually("the run to end", || self.machine.job(job)["outcome"].is_object());
        let shown = self.machine.job(job);
        let result = serde_json::from_value(shown["outcome"]["result"].clone());
        let result: RunbookResult = result.unwrap_or_else(|why| panic!("{why}: {shown:#}"));
        assert_eq!(result.attempts.len(), 1, "{shown:#}");
        let attempt = result.attempts[0].clone();
        (result, attempt)
    }

    fn marks(&self, line: &str) -> usize {
        let text = std::fs::read_to_string(self.machine.agent.folder().join("marks")).unwrap();
        text.lines().filter(|mark| *mark == line).count()
    }
}

#[test]
fn after_a_restart_of_the_machine_each_fix_goes_on_as_it_says() {
    let mut it = Restarting::new(&[
        ("recheck", "recheck", ALL, "2m"),
        ("undo", "undo", ALL, "25s"),
        ("escalate", "escalate", ALL, "25s"),
        ("rerun", "rerun", ALL, "25s"),
        ("stop", "undo", "agent_restart", "2m"),
    ]);
    let [recheck, undo, escalate, rerun] =
        ["recheck", "undo", "escalate", "rerun"].map(|name| it.start(name));
    it.let_go(&[&recheck, &undo, &escalate, &rerun]);

    it.restart("second");

    let log = it.machine.agent.folder().join("note.log");
    std::fs::write(&log, format!("{}recheck is well\n", it.machine.log())).unwrap();
    let (_, attempt) = it.end(&recheck);
    assert_eq!((attempt.end, it.marks("recheck")), (AttemptEnd::Verified, 1), "{attempt:#?}");
    let (_, attempt) = it.end(&undo);
    assert_eq!((attempt.end, it.marks("undo undone")), (AttemptEnd::Reverted, 1), "{attempt:#?}");
    let (result, attempt) = it.end(&escalate);
    assert_eq!(attempt.end, AttemptEnd::NotVerified, "{attempt:#?}");
    assert!(attempt.reason.contains("what was changed is kept"), "{attempt:#?}");
    assert_eq!((result.escalate_to.as_deref(), result.accepted), (Some("L2-desktop"), Some(false)));
    let (result, attempt) = it.end(&rerun);
    assert_eq!((attempt.end, it.marks("rerun")), (AttemptEnd::Verified, 2), "{attempt:#?}");
    assert_eq!(result.accepted, Some(true));
    for job in [&recheck, &undo, &escalate, &rerun] {
        let resumed = it
            .news(job)
            .into_iter()
            .find_map(|news| news["resumed"]["after"].as_str().map(str::to_owned));
        assert_eq!(resumed.as_deref(), Some("a restart of the machine"));
    }

    // One that does not go on after that says so, and undoes what it has not verified at once.
    let stop = it.start("stop");
    it.let_go(&[&stop]);
    it.restart("third");
    let (result, attempt) = it.end(&stop);
    assert_eq!((attempt.end, it.marks("stop undone")), (AttemptEnd::Reverted, 1), "{attempt:#?}");
    assert!(attempt.reason.contains("does not go on"), "{attempt:#?}");
    assert_eq!(result.escalate_to.as_deref(), Some("L2-desktop"));
    let _ = it.machine.operator.says(&["ticket", "undo", &it.ticket]);
    let undone = ["recheck", "undo", "escalate", "rerun", "stop"];
    let undone = undone.map(|name| it.marks(&format!("{name} undone")));
    assert_eq!(undone, [1, 1, 1, 2, 1], "each doing once");
}
