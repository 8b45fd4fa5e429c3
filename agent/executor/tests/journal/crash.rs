//! Every image that a power cut can leave, at every point of a history; and again while the journal is opened
//! after it.

use std::io::Write as _;

use befund_model::action::Repeat;

use crate::disk::{Cuts, Image, images};
use crate::promises::{Call, check, play};
use crate::sample::{ended, exit, heard_acted, intent, news, reported, undo, waited};

/// Two jobs side by side: one goes all the way, the other is interrupted in what must not be done twice.
fn history() -> Vec<Call> {
    use Call::{Append, Receive, Sync};
    vec![
        Receive(1),
        Append(1, news(1)),
        Append(1, waited("collect/1/dns")),
        Append(1, intent("fix/dns-dead/0/act", Repeat::Probed)),
        Append(1, exit("fix/dns-dead/0/act")),
        Append(1, heard_acted("fix/dns-dead/0/act")),
        Append(1, news(2)),
        Append(1, news(3)),
        Receive(2),
        Append(2, intent("fix/no-lease/0/act", Repeat::Idempotent)),
        Sync(1),
        Append(1, news(4)),
        Append(1, intent("fix/dns-dead/1/act", Repeat::Never)),
        Append(2, exit("fix/no-lease/0/act")),
        Append(2, heard_acted("fix/no-lease/0/act")),
        Append(1, exit("fix/dns-dead/1/act")),
        Append(1, heard_acted("fix/dns-dead/1/act")),
        Append(1, news(5)),
        Append(1, ended()),
        Append(2, intent("fix/gateway-dead/0/act", Repeat::Never)),
        Append(1, reported()),
        Append(2, news(1)),
        Append(2, news(2)),
    ]
}

#[test]
fn no_power_cut_breaks_a_promise() {
    let (disk, told) = play(&history());
    assert_eq!(told.len(), history().len(), "nothing was refused");
    let ops = disk.ops();
    let (mut tried, mut tried_again) = (0_u64, 0_u64);
    for crash in 0..=ops.len() {
        for image in images(&Image::new(), &ops[..crash], Cuts::Some(100)) {
            let opened = check(&image, &told, crash);
            tried += 1;
            // Power goes again while it is opened: for every 50th, since each makes hundreds.
            if tried % 50 == 0 {
                let ops = opened.ops();
                for again in 0..=ops.len() {
                    for second in images(&image, &ops[..again], Cuts::Some(3)) {
                        check(&second, &told, crash);
                        tried_again += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 5_000, "{tried} images are too few to prove anything");
    writeln!(
        std::io::stderr(),
        "journal: {tried} images after a power cut, {tried_again} after a second one"
    )
    .expect("standard error");
}

#[test]
fn a_killed_process_finds_what_it_wrote_and_makes_it_durable() {
    let (disk, told) = play(&history());
    let ops = disk.ops();
    for crash in 0..=ops.len() {
        // All that was written, synced or not.
        let Some(whole) = images(&Image::new(), &ops[..crash], Cuts::Some(1)).pop() else {
            continue;
        };
        let opened = check(&whole, &told, crash);
        let decided = crate::sample::open(&opened).recover(None).expect("it can be read");
        // Power goes right after it was decided: it is decided the same way.
        for image in images(&whole, &opened.ops(), Cuts::Some(3)) {
            let later = crate::sample::open(&crate::disk::Disk::of(&image));
            let later = later.recover(None).expect("it can be read");
            let (now, then): (Vec<_>, Vec<_>) = (
                later.iter().map(|found| (&found.job, &found.open, &found.ended)).collect(),
                decided.iter().map(|found| (&found.job, &found.open, &found.ended)).collect(),
            );
            assert_eq!(now, then);
        }
    }
}

#[test]
fn undoing_survives_a_power_cut_at_any_point() {
    use Call::{Append, Receive};
    let (disk, told) = play(&[
        Receive(1),
        Append(1, intent("fix/a/0/act", Repeat::Never)),
        Append(1, exit("fix/a/0/act")),
        Append(1, ended()),
        Append(1, reported()),
        Receive(3),
        Append(3, undo("undo/1", (1, "fix/a/0/act"))),
    ]);
    let ops = disk.ops();
    for crash in 0..=ops.len() {
        for image in images(&Image::new(), &ops[..crash], Cuts::EveryByte) {
            check(&image, &told, crash);
        }
    }
}
