//! The runbooks that come with Befund: each reads without a complaint, each rehearsal of it comes out as it says, and
//! between them the rehearsals show every cause found and ruled out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use befund_model::Timestamp;
use befund_model::action;
use befund_model::language::Text;
use befund_model::runbook::{AttemptEnd, CauseVerdict};
use befund_runbook::document::{Act, Runbook, System};
use befund_runbook::rehearsal::{self, Accepted, Assent, Rehearsal};
use befund_runbook::{load, render};

const RUNBOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runbooks");
/// The groups that a ticket may go to.
const GROUPS: [&str; 4] = ["L2-network", "L2-desktop", "L2-security", "field"];
/// Who is called this is at home in every organisation; any other is somebody's.
const NAMES: [&str; 20] = [
    "account.locked",
    "app.crashes",
    "devices.blocked",
    "disk.failing",
    "disk.full",
    "net.no-internet",
    "net.proxy",
    "net.slow-dns",
    "net.tls",
    "net.vpn",
    "net.wifi",
    "printer.queue",
    "service.down",
    "share.unreachable",
    "slow.cpu",
    "slow.memory",
    "sound.none",
    "system.pending-reboot",
    "time.wrong",
    "updates.failing",
];

/// The files of this ending in a folder, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == ending))
        .collect();
    paths.sort();
    paths
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shipped() -> Vec<Runbook> {
    let (mut runbooks, mut complaints) = (Vec::new(), String::new());
    for path in files(Path::new(RUNBOOKS), "yaml") {
        let (name, text) = (path.display().to_string(), text(&path));
        let told = match load(&text) {
            Ok((runbook, told)) => {
                assert_eq!(
                    path.file_stem().and_then(|it| it.to_str()),
                    Some(runbook.name.as_str())
                );
                runbooks.push(runbook);
                told
            }
            Err(problems) => problems,
        };
        complaints.push_str(&render(&name, &text, &told));
    }
    assert!(complaints.is_empty(), "{complaints}");
    runbooks
}

fn rehearsals(runbook: &Runbook) -> Vec<(String, Rehearsal)> {
    files(&Path::new(RUNBOOKS).join("tests").join(&runbook.name), "yaml")
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let read = rehearsal::read(&text(path));
            let rehearsal = read.unwrap_or_else(|error| panic!("{name}: {error}: {:?}", error));
            (name, rehearsal)
        })
        .collect()
}

/// Rehearsals name their own time; one that needs it and does not would be of this one.
fn day() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().expect("a time")
}

#[test]
fn all_twenty_read_without_a_complaint() {
    let names: Vec<String> = shipped().into_iter().map(|runbook| runbook.name).collect();
    assert_eq!(names, NAMES);
}

#[test]
fn every_rehearsal_comes_out_as_it_says() {
    let mut failed = Vec::new();
    for runbook in shipped() {
        for (name, rehearsal) in rehearsals(&runbook) {
            let report = rehearsal::rehearse_at(&runbook, &rehearsal, day());
            if !report.is_met() {
                failed.push(format!("{name}\n{report}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn each_cause_is_found_once_and_ruled_out_once() {
    for runbook in shipped() {
        let mut seen: HashMap<CauseVerdict, BTreeSet<String>> = HashMap::new();
        for (_, rehearsal) in rehearsals(&runbook) {
            // What a rehearsal says is what it comes to, by the test above.
            for (cause, verdict) in rehearsal.expect.causes {
                seen.entry(verdict).or_default().insert(cause);
            }
        }
        for cause in &runbook.causes {
            for verdict in [CauseVerdict::Found, CauseVerdict::Excluded] {
                let is_seen = seen.get(&verdict).is_some_and(|causes| causes.contains(&cause.id));
                assert!(is_seen, "{}: no rehearsal has {} {verdict:?}", runbook.name, cause.id);
            }
        }
    }
}

#[test]
fn each_runbook_is_rehearsed_healthy_unknown_and_refused() {
    for runbook in shipped() {
        let all = rehearsals(&runbook);
        let is_healthy = |it: &Rehearsal| {
            it.expect.accepted.is_none_or(|over| over == Accepted::Yes)
                && it.expect.causes.len() == runbook.causes.len()
                && it.expect.causes.values().all(|verdict| *verdict == CauseVerdict::Excluded)
        };
        assert!(all.iter().any(|(_, it)| is_healthy(it)), "{}: nothing is wrong", runbook.name);
        let is_unknown = |it: &Rehearsal| {
            it.expect.causes.values().any(|verdict| *verdict == CauseVerdict::Unknown)
        };
        assert!(all.iter().any(|(_, it)| is_unknown(it)), "{}: facts are missing", runbook.name);
        let changes = runbook
            .causes
            .iter()
            .flat_map(|cause| &cause.fixes)
            .any(|fix| matches!(fix.act, Act::Action(_) | Act::Script(_) | Act::Reboot));
        let is_refused = |it: &Rehearsal| {
            let ends = it.expect.attempts.iter().flat_map(BTreeMap::values);
            it.consent == Assent::No && ends.into_iter().any(|end| *end == AttemptEnd::Refused)
        };
        assert_eq!(all.iter().any(|(_, it)| is_refused(it)), changes, "{}: refused", runbook.name);
    }
}

#[test]
fn whoever_a_ticket_goes_to_is_a_group_that_there_is() {
    for runbook in shipped() {
        let escalate = runbook.escalate.as_ref().expect("it goes to somebody");
        let groups: Vec<&str> = escalate.to.text.split('\'').skip(1).step_by(2).collect();
        let known = groups.iter().filter(|it| it.starts_with("L2-") || **it == "field");
        assert!(known.clone().count() > 0, "{}: {}", runbook.name, escalate.to.text);
        for group in known {
            assert!(GROUPS.contains(group), "{}: {group}", runbook.name);
        }
    }
}

#[test]
fn a_failing_disk_is_never_written_to() {
    let runbooks = shipped();
    let failing = runbooks.iter().find(|it| it.name == "disk.failing").expect("shipped");
    assert!(
        failing.causes.iter().flat_map(|cause| &cause.fixes).all(|fix| fix.act == Act::Instruct)
    );
}

#[test]
fn programs_are_ended_only_if_they_are_a_persons_and_somebody_is_there() {
    let runbooks = shipped();
    let ending = runbooks.iter().flat_map(|it| &it.causes).flat_map(|it| &it.fixes);
    let ending: Vec<_> =
        ending.filter(|fix| fix.act == Act::Action("process.end".to_owned())).collect();
    assert!(!ending.is_empty());
    for fix in ending {
        let when = fix.when.as_ref().expect("not any program");
        assert!(when.text.contains("uid >= 1000"), "{}", when.text);
        assert_eq!(fix.consent, befund_runbook::document::Consent::Present);
    }
}

/// Every text of a runbook that people read.
fn texts(runbook: &Runbook) -> Vec<&Text> {
    let mut texts = vec![&runbook.title, &runbook.about];
    texts.extend(runbook.inputs.values().map(|input| &input.title));
    for question in &runbook.ask {
        texts.push(&question.text);
        texts.extend(question.choice.iter().map(|choice| &choice.text));
    }
    for cause in &runbook.causes {
        texts.push(&cause.title);
        texts.extend(&cause.advice);
        texts.extend(cause.fixes.iter().filter_map(|fix| fix.text.as_ref()));
    }
    texts
}

#[test]
fn people_read_both_languages_and_are_spoken_to_politely() {
    for runbook in shipped() {
        for Text { en, de } in texts(&runbook) {
            assert!(
                !en.trim().is_empty() && !de.trim().is_empty(),
                "{}: {en:?} {de:?}",
                runbook.name
            );
            assert!(en != de || en.len() < 12, "{}: not translated: {en}", runbook.name);
            let familiar = [" du ", " dein", " dir ", "bitte prüfe ", "klicke "];
            let lower = de.to_lowercase();
            assert!(!familiar.iter().any(|word| lower.contains(word)), "{}: {de}", runbook.name);
        }
        // Whoever sits in front of it reads no jargon.
        for fix in runbook.causes.iter().flat_map(|cause| &cause.fixes) {
            let Some(text) = &fix.text else { panic!("{}: a fix without words", runbook.name) };
            for word in ["DNS", "DHCP", "MTU", "daemon", "inode", "cache", "PID", "CUPS", "systemd"]
            {
                let said = text.en.split(|c: char| !c.is_alphanumeric()).any(|it| it == word);
                assert!(!said, "{}: {word} in {:?}", runbook.name, text.en);
            }
        }
    }
}

#[test]
fn whoever_reads_of_a_cause_reads_what_to_do() {
    for runbook in shipped() {
        for cause in &runbook.causes {
            let told = cause.advice.is_some() || !cause.fixes.is_empty();
            assert!(told, "{}: {} has neither a fix nor an advice", runbook.name, cause.id);
        }
    }
}

#[test]
fn least_is_risked_first() {
    for runbook in shipped() {
        for cause in &runbook.causes {
            let risks: Vec<_> = cause
                .fixes
                .iter()
                .filter(|fix| !matches!(fix.act, Act::Instruct | Act::OpenUrl))
                .map(|fix| fix.risk)
                .collect();
            assert!(risks.is_sorted(), "{}: {}: {risks:?}", runbook.name, cause.id);
        }
    }
}

#[test]
fn each_is_offered_somewhere_and_every_action_is_used_or_known() {
    let runbooks = shipped();
    let used: BTreeSet<&str> = runbooks
        .iter()
        .flat_map(|it| &it.causes)
        .flat_map(|it| &it.fixes)
        .filter_map(|fix| match &fix.act {
            Act::Action(name) => Some(name.as_str()),
            Act::Script(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
        })
        .collect();
    assert!(used.iter().all(|name| action::find(name).is_some()), "{used:?}");
    for runbook in &runbooks {
        let fits = &runbook.fits;
        assert!(fits.systems.contains(&System::Linux), "{}", runbook.name);
        assert!(!fits.findings.is_empty() && !fits.words.is_empty(), "{}", runbook.name);
    }
}
