//! What the journal does on good days and on bad disks.

use std::path::Path;
use std::time::Duration;

use befund_executor::journal::{
    Boot, Bounds, Certainty, Doing, Entry, Journal, JournalError, OpenStep, RealIo, Receipt, Tried,
    Whose,
};
use befund_model::Timestamp;
use befund_model::action::Repeat;
use befund_model::snapshot::Status;
use befund_runbook::machine::Heard;
use serde_json::{Value, json};

use crate::disk::{Disk, Fault, Image, Op};
use crate::promises::{Call, call, only, play};
use crate::sample::*;

#[test]
fn a_job_is_taken_on_once_and_comes_back_whole_from_a_real_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("journal");
    let mut journal = Journal::open(&place, RealIo, Bounds::default()).expect("a journal");

    assert_eq!(journal.receive(received(1)).expect("room"), Receipt::New);
    assert_eq!(journal.receive(received(1)).expect("room"), Receipt::Known);
    journal.append(job(1), waited("collect/1/dns")).expect("written");
    journal.append(job(1), news(1)).expect("written");
    journal.append(job(1), intent("fix/a/0/act", Repeat::Probed)).expect("written");
    drop(journal);

    let mut journal = Journal::open(&place, RealIo, Bounds::default()).expect("a journal");
    let found = journal.recover(Some(&boot(1))).expect("readable").remove(0);
    assert_eq!(found.order, Some(received(1)));
    assert_eq!(found.past.len(), 1);
    assert_eq!(found.news.len(), 1);
    let OpenStep::Probe(open) = found.open else { panic!("{:?}", found.open) };
    assert_eq!((open.intent.step.0.as_str(), open.boot), ("fix/a/0/act", Boot::Same));
    assert_eq!(journal.receive(received(1)).expect("room"), Receipt::Known);
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))
        .expect("a mode");

    let opened = Journal::open(folder.path(), RealIo, Bounds::default());

    assert!(matches!(opened, Err(JournalError::Folder { .. })), "{opened:?}");
}

#[test]
fn what_never_may_be_done_twice_is_not_begun_twice() {
    let (disk, _) =
        play(&[Call::Receive(1), Call::Append(1, intent("fix/a/0/act", Repeat::Never))]);
    let mut journal = open(&Disk::of(&disk.image()));
    let (id, found) = only(&journal);
    assert!(
        matches!(found.open, OpenStep::Indeterminate { step: Some(_), .. }),
        "{:?}",
        found.open
    );

    let again = journal.append(id, intent("fix/a/0/act", Repeat::Never));
    assert!(matches!(again, Err(JournalError::Order { .. })), "{again:?}");
    journal.append(id, heard(Heard::Indeterminate { step: step("fix/a/0/act") })).expect("told");
    let again = journal.append(id, intent("fix/a/0/act", Repeat::Idempotent));

    assert!(matches!(again, Err(JournalError::Order { .. })), "{again:?}");
    assert_eq!(only(&journal).1.open, OpenStep::None);
}

#[test]
fn a_restart_is_done_once_the_system_runs_anew_and_is_never_repeated_blindly() {
    let restart = doing("fix/a/0/act", Repeat::Never, Doing::Restart);
    let (disk, _) = play(&[Call::Receive(1), Call::Append(1, restart)]);
    let journal = open(&disk);

    let decided = |now: Option<u32>| {
        journal.recover(now.map(boot).as_ref()).expect("readable").remove(0).open
    };

    assert!(matches!(decided(Some(2)), OpenStep::Done { .. }));
    assert!(matches!(decided(Some(1)), OpenStep::Again(_)));
    assert!(matches!(decided(None), OpenStep::Indeterminate { .. }));
}

#[test]
fn an_outcome_is_kept_until_reported_and_nothing_follows_it() {
    let (disk, _) = play(&[Call::Receive(1), Call::Append(1, news(1)), Call::Append(1, ended())]);
    let mut journal = open(&Disk::of(&disk.image()));
    assert_eq!(only(&journal).1.ended, Some(outcome()));
    for entry in [ended(), news(2), intent("fix/a/0/act", Repeat::Idempotent)] {
        let refused = journal.append(job(1), entry);
        assert!(matches!(refused, Err(JournalError::Order { .. })), "{refused:?}");
    }

    journal.append(job(1), reported()).expect("reported");

    assert_eq!(journal.recover(None).expect("readable"), []);
    let kept = journal.entries(job(1)).expect("kept for undoing");
    assert!(!kept.iter().any(|entry| matches!(entry, Entry::News(_))), "{kept:?}");
}

#[test]
fn what_was_noted_first_is_what_undoing_needs_however_often_a_step_is_done() {
    let noted = |before: Value| {
        let Entry::Intent(mut intent) = intent("fix/a/0/act", Repeat::Idempotent) else {
            unreachable!("an intent is one")
        };
        intent.before = before;
        Entry::Intent(intent)
    };
    // Done again after an interruption, it finds what it did the first time: nothing is to be changed.
    let nothing = Entry::Exit {
        step: step("fix/a/0/act"),
        acted: Box::new(acted(Status::Ok, Value::Null)),
        output: 0,
    };
    let (disk, _) = play(&[
        Call::Receive(1),
        Call::Append(1, noted(Value::Null)),
        Call::Append(1, noted(json!({"was": "first"}))),
        Call::Append(1, noted(Value::Null)),
        Call::Append(1, nothing),
    ]);

    let changes = open(&Disk::of(&disk.image())).undoable(Whose::Job(job(1))).expect("readable");

    assert_eq!(changes[0].before, json!({"was": "first"}));
}

#[test]
fn changes_of_a_ticket_are_undone_last_first_with_what_was_there_before() {
    let failed = Entry::Exit {
        step: step("fix/c/0/act"),
        acted: Box::new(acted(Status::Failed, Value::Null)),
        output: 0,
    };
    let denied = Entry::Exit {
        step: step("fix/d/0/act"),
        acted: Box::new(acted(Status::Denied, Value::Null)),
        output: 0,
    };
    let (disk, _) = play(&[
        // The later job has the smaller id.
        Call::Receive(9),
        Call::Append(9, intent("fix/a/0/act", Repeat::Never)),
        Call::Append(9, exit("fix/a/0/act")),
        Call::Append(9, ended()),
        Call::Append(9, reported()),
        Call::Receive(1),
        Call::Append(1, intent("fix/b/0/act", Repeat::Never)),
        Call::Append(1, exit("fix/b/0/act")),
        Call::Append(1, heard_acted("fix/b/0/act")),
        Call::Append(1, intent("fix/c/0/act", Repeat::Never)),
        Call::Append(1, failed),
        Call::Append(1, heard_acted("fix/c/0/act")),
        Call::Append(1, intent("fix/d/0/act", Repeat::Never)),
        Call::Append(1, denied),
    ]);
    let mut journal = open(&Disk::of(&disk.image()));

    let told = |journal: &Journal<Disk>, whose| -> Vec<_> {
        let changes = journal.undoable(whose).expect("readable");
        changes
            .into_iter()
            .map(|change| (change.change.step.0, change.certainty, change.tried))
            .collect()
    };
    let (a, b, c) = ("fix/a/0/act".to_owned(), "fix/b/0/act".to_owned(), "fix/c/0/act".to_owned());
    assert_eq!(
        told(&journal, Whose::Ticket(TICKET)),
        [
            (c.clone(), Certainty::Perhaps, Tried::No),
            (b.clone(), Certainty::Made, Tried::No),
            (a.clone(), Certainty::Made, Tried::No),
        ]
    );
    let changes = journal.undoable(Whose::Job(job(9))).expect("readable");
    assert_eq!(changes[0].before, json!({"was": "fix/a/0/act"}));

    // One is undone, undoing another is interrupted.
    call(&mut journal, &Call::Receive(3)).expect("room");
    journal.append(job(3), undo("undo/1", (1, "fix/b/0/act"))).expect("written");
    journal.append(job(3), exit("undo/1")).expect("written");
    journal.append(job(3), undone("undo/1")).expect("written");
    journal.append(job(3), undo("undo/2", (9, "fix/a/0/act"))).expect("written");

    assert_eq!(
        told(&journal, Whose::Ticket(TICKET)),
        [(c, Certainty::Perhaps, Tried::No), (a, Certainty::Made, Tried::Failed),]
    );
}

#[test]
fn a_full_journal_refuses_new_jobs_and_forgets_only_what_is_over() {
    let disk = Disk::of(&Image::new());
    let kept_for = Duration::from_secs(100);
    let bounds = Bounds { jobs: 2, kept_for, ..Bounds::default() };
    let mut journal = Journal::open(Path::new("/journal"), disk, bounds).expect("a journal");
    for number in [1, 2] {
        journal.receive(received(number)).expect("room");
    }
    journal.append(job(1), ended()).expect("written");
    journal.append(job(1), reported()).expect("written");
    let at = |seconds| {
        let mut received = received(3);
        received.at = Timestamp::new(seconds, 0).expect("a time");
        received
    };

    let refused = journal.receive(at(99));
    assert!(matches!(refused, Err(JournalError::Full { jobs: 2, .. })), "{refused:?}");
    assert_eq!(journal.recover(None).expect("readable").len(), 1);
    assert_eq!(journal.receive(at(100)).expect("room"), Receipt::New);

    let unknown = journal.entries(job(1));
    assert!(matches!(unknown, Err(JournalError::Unknown { .. })), "{unknown:?}");
}

#[test]
fn a_job_that_tells_too_much_still_has_a_place_for_its_end() {
    let disk = Disk::of(&Image::new());
    let bounds = Bounds { job_bytes: 2_000, ..Bounds::default() };
    let mut journal =
        Journal::open(Path::new("/journal"), disk.clone(), bounds).expect("a journal");
    journal.receive(received(1)).expect("room");
    journal.append(job(1), intent("fix/a/0/act", Repeat::Never)).expect("room");
    let full = (1..100).find_map(|seq| journal.append(job(1), news(seq)).err());
    assert!(matches!(full, Some(JournalError::JobFull { .. })), "{full:?}");

    journal.append(job(1), exit("fix/a/0/act")).expect("a place");
    journal.append(job(1), ended()).expect("a place");

    let journal = Journal::open(Path::new("/journal"), disk, bounds).expect("a journal");
    assert_eq!(only(&journal).1.ended, Some(outcome()));
}

#[test]
fn json_that_could_not_be_read_again_is_refused_and_harms_nothing() {
    let (disk, _) = play(&[Call::Receive(1)]);
    let mut journal = open(&disk);
    let deep = (0..200).fold(Value::Null, |inner, _| json!([inner]));
    let values = vec![Ok(deep)];

    let refused = journal.append(job(1), heard(Heard::Evaluated { step: step("judge/1"), values }));

    assert!(matches!(refused, Err(JournalError::Unreadable { .. })), "{refused:?}");
    journal.append(job(1), ended()).expect("written");
    assert_eq!(only(&open(&disk)).1.ended, Some(outcome()));
}

/// Whatever of closing a job fails, it is not reported before it is said to be, and can be closed then.
#[test]
fn a_disk_that_fails_while_a_job_is_closed_has_it_closed_the_second_time() {
    let calls = [Call::Receive(1), Call::Append(1, news(1)), Call::Append(1, ended())];
    let (whole, _) = play(&calls);
    let begun = whole.done();
    let mut failures = 0;
    for at in begun..begun + 3 {
        let (disk, _) = play(&calls);
        let mut journal = open(&disk);
        let begun = disk.done();
        disk.fail(Fault::Once(disk.done() + at - whole.done()));
        if journal.append(job(1), reported()).is_err() {
            failures += 1;
            assert_eq!(journal.recover(None).expect("readable").len(), 1, "not reported yet");
            journal.append(job(1), reported()).expect("the disk is well again");
        }
        assert!(disk.done() > begun);
        assert_eq!(journal.recover(None).expect("readable"), []);
        assert_eq!(open(&Disk::of(&disk.image())).recover(None).expect("readable"), []);
    }
    assert!(failures > 1, "{failures} failures prove nothing");
}

/// Waiting for the disk is most of what a step that reads costs.
#[test]
fn a_job_that_only_measured_waits_for_the_disk_when_it_is_taken_on_and_at_its_end() {
    let syncs = |disk: &Disk| {
        let ops = disk.ops();
        ops.iter().filter(|op| matches!(op, Op::Sync { .. } | Op::SyncFolder)).count()
    };
    let (disk, _) = play(&[Call::Receive(1), Call::Append(1, news(1))]);
    let received = syncs(&disk);
    assert_eq!(received, 2, "the file, and its name");

    let (disk, _) = play(&[
        Call::Receive(1),
        Call::Append(1, news(1)),
        Call::Append(1, waited("collect/1/dns")),
        Call::Append(1, news(2)),
        Call::Append(1, ended()),
    ]);

    assert_eq!(syncs(&disk) - received, 1);
}

/// Every operation of a history fails once: what was refused is not there, and goes in the second time.
#[test]
fn a_failing_disk_promises_nothing_and_can_be_tried_again() {
    let calls = [
        Call::Receive(1),
        Call::Append(1, news(1)),
        Call::Append(1, intent("fix/a/0/act", Repeat::Never)),
        Call::Append(1, news(2)),
        Call::Append(1, exit("fix/a/0/act")),
        Call::Append(1, ended()),
    ];
    let (whole, _) = play(&calls);
    let mut failures = 0;
    for at in 0..whole.done() {
        let disk = Disk::of(&Image::new());
        disk.fail(Fault::Once(at));
        let mut journal = open(&disk);
        for each in &calls {
            if let Err(error) = call(&mut journal, each) {
                assert!(matches!(error, JournalError::Write { .. }), "{error:?}");
                failures += 1;
                call(&mut journal, each).expect("the disk is well again");
            }
        }
        let before = journal.entries(job(1)).expect("readable");
        assert_eq!(before.len(), calls.len(), "once each: {before:?}");
        let after = open(&Disk::of(&disk.image())).entries(job(1)).expect("readable");
        assert_eq!(before, after);
    }
    assert!(failures > 5, "{failures} failures prove nothing");
}
