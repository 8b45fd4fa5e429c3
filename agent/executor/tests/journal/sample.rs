//! Jobs and what happens in them, for the stories.

use std::path::Path;
use std::time::Duration;

use befund_executor::journal::{
    BootId, Bounds, ChangeRef, Doing, Entry, Intent, Journal, Received, StartedBy,
};
use befund_model::Timestamp;
use befund_model::action::{Acted, Repeat, Risk};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{JobEvent, JobNews, JobState, Outcome, Work};
use befund_model::runbook::Mode;
use befund_model::snapshot::Status;
use befund_runbook::document::{Act, OnInterrupt, UndoBy};
use befund_runbook::machine::{FixOrder, Heard, Step};
use serde_json::{Value, json};

use crate::disk::Disk;

pub(crate) const TICKET: TicketNumber = TicketNumber(7);

pub(crate) fn open(disk: &Disk) -> Journal<Disk> {
    Journal::open(Path::new("/journal"), disk.clone(), Bounds::default()).expect("a journal")
}

pub(crate) fn boot(number: u32) -> BootId {
    BootId(format!("boot-{number}"))
}

pub(crate) fn job(number: u8) -> JobId {
    JobId::new(Timestamp::UNIX_EPOCH, [number; 10])
}

pub(crate) fn step(name: &str) -> Step {
    Step(name.to_owned())
}

pub(crate) fn received(number: u8) -> Received {
    Received {
        job: job(number),
        work: Work::Runbook("net.no-internet".to_owned()),
        catalogue: Some("c0ffee".to_owned()),
        mode: Mode::Run,
        inputs: json!({"site": "intranet.example"}),
        ticket: Some(TICKET),
        at: Timestamp::UNIX_EPOCH,
        within: Duration::from_secs(1200),
        by: StartedBy::Afar,
        order: String::new(),
    }
}

pub(crate) fn fix(act: &str) -> FixOrder {
    FixOrder {
        cause: "dns-dead".to_owned(),
        index: 0,
        act: Act::Action(act.to_owned()),
        parameters: json!({}),
        risk: Risk::Change,
        text: None,
        within: Duration::from_secs(40),
        output: 1 << 20,
        on_interrupt: OnInterrupt::Recheck,
        undo: UndoBy::Auto,
    }
}

pub(crate) fn intent(name: &str, repeat: Repeat) -> Entry {
    doing(name, repeat, Doing::Act)
}

pub(crate) fn doing(name: &str, repeat: Repeat, doing: Doing) -> Entry {
    Entry::Intent(Box::new(Intent {
        step: step(name),
        doing,
        fix: fix("dns.flush_cache"),
        repeat,
        boot: Some(boot(1)),
        before: Value::Null,
        turn: 0,
    }))
}

pub(crate) fn undo(name: &str, of: (u8, &str)) -> Entry {
    doing(name, Repeat::Probed, Doing::Undo(ChangeRef { job: job(of.0), step: step(of.1) }))
}

pub(crate) fn acted(status: Status, before: Value) -> Acted {
    Acted {
        status,
        reason: String::new(),
        summary: "the cache was emptied".to_owned(),
        commands: Vec::new(),
        before,
        took_us: 1200,
    }
}

pub(crate) fn exit(name: &str) -> Entry {
    let acted = Box::new(acted(Status::Ok, json!({"was": name})));
    Entry::Exit { step: step(name), acted, output: 12 }
}

pub(crate) fn heard_acted(name: &str) -> Entry {
    let acted = Box::new(acted(Status::Ok, json!({"was": name})));
    heard(Heard::Acted { step: step(name), acted, output: 12 })
}

pub(crate) fn undone(name: &str) -> Entry {
    let acted = Box::new(acted(Status::Ok, Value::Null));
    heard(Heard::Undone { step: step(name), acted })
}

pub(crate) fn waited(name: &str) -> Entry {
    heard(Heard::Waited { step: step(name) })
}

pub(crate) fn heard(heard: Heard) -> Entry {
    Entry::Heard { heard: Box::new(heard), at: Duration::from_millis(1500) }
}

pub(crate) fn news(seq: u32) -> Entry {
    let what = JobNews::Output(format!("line {seq}"));
    Entry::News(Box::new(JobEvent { seq, at: Timestamp::UNIX_EPOCH, what }))
}

pub(crate) fn outcome() -> Outcome {
    Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: json!({"conclusion": "the name servers answer again"}),
        took_us: 4_000_000,
    }
}

pub(crate) fn ended() -> Entry {
    Entry::Ended(Box::new(outcome()))
}

pub(crate) fn reported() -> Entry {
    Entry::Reported { at: Timestamp::UNIX_EPOCH }
}
