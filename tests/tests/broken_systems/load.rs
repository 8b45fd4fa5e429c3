//! `slow.cpu`, `slow.memory`, `sound.none` and `devices.blocked`: as far as a machine without hardware of its own goes.

use std::io::Write as _;

use befund_tests::laboratory::system::{SystemMachine, UID};
use befund_tests::systemd::Layer;

#[test]
fn programs_that_take_everything_and_devices_that_are_not_there() {
    let Some(machine) = super::machine(Layer::new(), "programs that take everything") else {
        return;
    };

    runaway(&machine);

    machine.sh("logger -p user.err 'Out of memory: Killed process 4711 (lame) total-vm:8000000kB'");
    let run = machine.tries("slow.memory", "programs-ended", &[]);
    run.tried(&[]);
    run.is_accepted(true);

    // Nothing plays, nothing records, nothing takes pictures: that is known, and so told.
    let person = machine.sit_down("1");
    let run = machine.finds("sound.none", "no-device", &[]);
    run.tried(&["user.instruct not_verified"]);
    let run = machine.finds("devices.blocked", "no-camera", &[]);
    run.tried(&["user.instruct not_verified"]);
    assert_eq!(run.result()["answers"][0]["answer"], "camera", "{run}");
    drop(person);
    let _person = machine.sit_down("2");
    let run = machine.finds("devices.blocked", "no-microphone", &[]);
    run.tried(&["user.instruct not_verified"]);
}

/// As many threads as there are processors. Nobody else is put behind them, so that where others want the processors,
/// too, no program has most of one.
fn runaway(machine: &SystemMachine) {
    machine.sh(&format!(
        "setsid timeout 90 setpriv --reuid {UID} --regid {UID} --clear-groups \
         sh -c 'echo $$ > /tmp/hog; exec xz -0 -T$(nproc)' < /dev/zero > /dev/null 2>&1 &
         until test -s /tmp/hog; do :; done"
    ));
    // Of each of its threads.
    let nice = || machine.sh("ps -L -o nice= -p $(cat /tmp/hog) | tr -d ' ' | sort -u");
    let before = nice();
    let crowded =
        machine.sh("test $(cut -d. -f1 /proc/loadavg) -gt $(nproc) && echo yes || echo no");
    if crowded == "yes" {
        writeln!(std::io::stderr(), "SKIPPED slow.cpu, runaway: others have the processors")
            .expect("standard error");
    } else {
        let run = machine.tries_first("slow.cpu", "runaway", &[]);
        run.tried(&["process.lower_priority verified"]);
        assert_eq!(nice(), "10");
        let _ = machine.undo(&run);
        assert_eq!(nice(), before);
    }
    machine.sh("kill $(cat /tmp/hog)");
}
