//! Random histories with a random crash, random damage, and any bytes at all.

use befund_executor::journal::record::{self, Tail};
use befund_executor::journal::{Entry, OpenStep};
use befund_model::action::Repeat;
use proptest::prelude::*;

use crate::disk::{Cuts, Disk, Image, images};
use crate::promises::{Call, check, play};
use crate::sample::*;

fn repeat() -> impl Strategy<Value = Repeat> {
    prop_oneof![Just(Repeat::Idempotent), Just(Repeat::Probed), Just(Repeat::Never)]
}

fn step_name() -> impl Strategy<Value = String> {
    (0_u8..3).prop_map(|number| format!("fix/dns-dead/{number}/act"))
}

fn a_call() -> impl Strategy<Value = Call> {
    let entry = prop_oneof![
        4 => (1_u32..9).prop_map(news),
        3 => step_name().prop_map(|name| waited(&name)),
        5 => (step_name(), repeat()).prop_map(|(name, repeat)| intent(&name, repeat)),
        5 => step_name().prop_map(|name| exit(&name)),
        3 => step_name().prop_map(|name| heard_acted(&name)),
        1 => Just(ended()),
        1 => Just(reported()),
    ];
    prop_oneof![
        1 => (1_u8..4).prop_map(Call::Receive),
        1 => (1_u8..4).prop_map(Call::Sync),
        10 => ((1_u8..4), entry).prop_map(|(job, entry)| Call::Append(job, entry)),
    ]
}

/// A history in which what is told of a step follows its exit, as it does in a run.
fn history() -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(a_call(), 0..40).prop_map(|mut calls| {
        let mut exits = std::collections::BTreeSet::new();
        let mut begun = std::collections::BTreeMap::new();
        calls.retain(|call| match call {
            Call::Append(job, Entry::Intent(intent)) => {
                begun.insert(*job, intent.step.clone());
                true
            }
            Call::Append(job, Entry::Exit { step, .. }) => {
                let follows = begun.get(job) == Some(step);
                if follows {
                    exits.insert((*job, step.clone()));
                }
                follows
            }
            Call::Append(job, Entry::Heard { heard, .. }) => match &**heard {
                befund_runbook::machine::Heard::Acted { step, .. } => {
                    begun.get(job) == Some(step) && exits.contains(&(*job, step.clone()))
                }
                _of_no_step => true,
            },
            Call::Receive(_) | Call::Sync(_) | Call::Append(..) => true,
        });
        (1..4).map(Call::Receive).chain(calls).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_anywhere_breaks_no_promise(calls in history(), at in any::<prop::sample::Index>()) {
        let (disk, told) = play(&calls);
        let ops = disk.ops();
        let crash = at.index(ops.len() + 1);
        for image in images(&Image::new(), &ops[..crash], Cuts::Some(5)) {
            check(&image, &told, crash);
        }
    }

    #[test]
    fn damage_is_told_and_never_taken_for_less(
        calls in history(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let (disk, _) = play(&calls);
        let mut image = disk.image();
        let name = format!("{}.journal", job(1));
        let mut bytes = image[&name].clone();
        let records = record::read(job(1), &bytes).records;
        let whole = open(&Disk::of(&image)).recover(None).expect("readable");
        let was_reported = whole.iter().all(|found| found.job != job(1));
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        image.insert(name, bytes);

        let disk = Disk::of(&image);
        let recovered = open(&disk).recover(None).expect("readable");

        let found = recovered.iter().find(|found| found.job == job(1));
        let last = records.last().expect("it was taken on");
        let durable_follows = records.iter().any(|record| record.synced > at as u64);
        if durable_follows || records.len() == 1 {
            let found = found.expect("it is not over");
            let told = matches!(&found.open, OpenStep::Indeterminate { why, .. } if why.contains("damaged"));
            prop_assert!(told, "{found:?}");
            prop_assert_eq!(found.ended.as_ref(), None);
            let aside = format!("{}.damaged", job(1));
            prop_assert!(disk.image().contains_key(&aside), "what there was is kept");
        } else if !was_reported {
            let torn = found.expect("it is not over").torn;
            prop_assert!(torn > 0 && torn <= last.payload.end as u64);
        }
        // Opened once more, it is the same.
        prop_assert_eq!(open(&disk).recover(None).expect("readable").len(), recovered.len());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let contents = record::read(job(1), &bytes);
        prop_assert!(contents.whole <= bytes.len() as u64);
        let mut image = Image::new();
        image.insert(format!("{}.journal", job(1)), bytes);
        let recovered = open(&Disk::of(&image)).recover(None).expect("readable");
        prop_assert_eq!(recovered.len(), 1, "a name alone says that there was a job");
    }

    #[test]
    fn records_are_read_as_they_were_written(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for (number, payload) in (0..).zip(&payloads) {
            let record = record::encode(job(1), number, bytes.len() as u64, payload);
            bytes.extend_from_slice(&record);
            ends.push(bytes.len());
        }
        let contents = record::read(job(1), &bytes);
        prop_assert_eq!(&contents.tail, &Tail::Whole);
        let read: Vec<_> = contents.records.iter().map(|record| &bytes[record.payload.clone()]).collect();
        prop_assert_eq!(read, payloads.iter().map(Vec::as_slice).collect::<Vec<_>>());
        // Another job's are none.
        prop_assert!(record::read(job(2), &bytes).records.is_empty());

        let cut = cut.index(bytes.len());
        let contents = record::read(job(1), &bytes[..cut]);
        prop_assert_eq!(contents.records.len(), ends.iter().filter(|end| **end <= cut).count());
    }
}
