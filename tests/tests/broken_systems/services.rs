//! `service.down`, `system.pending-reboot` and `app.crashes`.

use befund_tests::laboratory::system::{LoopDisk, SystemMachine};
use befund_tests::systemd::Layer;

/// Fails until somebody has made it well.
const FRAIL: &str = "[Service]\nExecStart=/bin/sh -c 'test -e /run/well && exec sleep infinity'\n";
/// Is well, and does not start by itself.
const LASTING: &str =
    "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";
/// Falls over again and again.
const LOOPING: &str = "[Unit]\nStartLimitIntervalSec=0\n\
    [Service]\nExecStart=/bin/sh -c 'exit 3'\nRestart=always\nRestartSec=2\n";
/// Wants a port that another has.
const CROWDED: &str = "[Service]\nExecStart=/usr/bin/python3 -c \
    'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 46099)); s.listen()'\n";
const CROWDING: &str = "[Service]\nExecStart=/usr/bin/python3 -c 'import socket, time; \
    s = socket.socket(); s.bind((\"127.0.0.1\", 46099)); s.listen(); time.sleep(10000)'\n";

fn state(machine: &SystemMachine, unit: &str) -> String {
    let said = machine.inside().run(&["systemctl", "is-active", unit]);
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

#[test]
fn services_that_do_not_run() {
    let mut layer = Layer::new();
    for (name, text) in [
        ("frail", FRAIL),
        ("lasting", LASTING),
        ("looping", LOOPING),
        ("crowded", CROWDED),
        ("crowding", CROWDING),
    ] {
        layer.text(&format!("/etc/systemd/system/{name}.service"), text);
    }
    let Some(machine) = super::machine(layer, "services that do not run") else { return };

    // It failed, its reason is gone, and so it is started again.
    machine
        .sh("systemctl start frail; until systemctl is-failed frail; do :; done; touch /run/well");
    let run = machine.tries("service.down", "failed", &[]);
    run.tried(&["service.restart verified"]);
    run.is_accepted(true);
    assert_eq!(state(&machine, "frail"), "active");
    let _ = machine.undo(&run);
    assert_eq!(state(&machine, "frail"), "inactive");

    // Its reason is still there: it does not go on, which is told, and nothing else is done.
    machine.sh("rm /run/well; systemctl start frail; until systemctl is-failed frail; do :; done");
    let run = machine.tries("service.down", "failed", &["service=frail"]);
    run.tried(&["service.restart failed"]);
    run.is_accepted(false);
    machine.sh("systemctl reset-failed");

    let run = machine.tries_all("service.down", &["switched-off", "stopped"], &["service=lasting"]);
    run.tried(&["service.enable verified", "service.start verified"]);
    run.is_accepted(true);
    assert_eq!(machine.sh("systemctl is-enabled lasting"), "enabled");
    let _ = machine.undo(&run);
    assert_eq!(state(&machine, "lasting"), "inactive");
    let said = machine.inside().run(&["systemctl", "is-enabled", "lasting"]);
    assert_eq!(said.stdout.trim_ascii(), b"disabled");

    machine.sh("systemctl enable --quiet lasting");
    let run = machine.tries("service.down", "stopped", &["service=lasting"]);
    run.tried(&["service.start verified"]);
    run.is_accepted(true);
    let _ = machine.undo(&run);
    assert_eq!(state(&machine, "lasting"), "inactive");

    machine.sh("ln -s /dev/null /etc/systemd/system/barred.service; systemctl daemon-reload");
    let run = machine.tries("service.down", "barred", &["service=barred"]);
    run.tried(&[]);
    run.is_accepted(false);

    let run = machine.tries("service.down", "not-installed", &["service=nobody-knows-it"]);
    run.is_accepted(false);

    // One that was started by hand is not made to start with the machine because it falls over.
    machine.sh("systemctl start looping");
    let run = machine.tries("service.down", "restart-loop", &["service=looping"]);
    run.tried(&[]);
    run.is_accepted(false);
    machine.sh("systemctl stop looping");

    machine.sh("systemctl start crowding; until ss -ltn | grep -q 46099; do :; done
         systemctl start crowded; until systemctl is-failed crowded; do :; done");
    let run = machine.tries("service.down", "port-taken", &["service=crowded"]);
    run.tried(&[]);
    machine.sh("systemctl reset-failed");

    // No room, which comes before whatever follows from it.
    let disk = LoopDisk::new(16, 200).with("old_1.0_all.deb", 10_000).with("partial/part", 1);
    let mounted = machine.mount(disk, "/var/cache/apt/archives");
    let run = machine.run("service.down", &[]);
    assert!(run.causes("found").is_empty(), "there is room: {run}");
    machine.sh(
        "head -c 100M /dev/zero > /var/cache/apt/archives/more_1.0_all.deb 2> /dev/null || true",
    );
    let run = machine.tries("service.down", "disk-full", &[]);
    run.tried(&["disk.clean_packages verified"]);
    run.is_accepted(true);
    drop(mounted);

    restarts(&machine);
    crashes(&machine);
}

fn restarts(machine: &SystemMachine) {
    machine.sh("touch /run/reboot-required; echo libc6 > /run/reboot-required.pkgs");
    // Nobody is there: a machine is not restarted behind anybody's back, and here not at all.
    let run = machine.tries("system.pending-reboot", "restart-due", &[]);
    run.tried(&["machine.reboot refused"]);
    run.is_accepted(false);
    machine.sh("rm /run/reboot-required /run/reboot-required.pkgs");
}

/// What systemd-coredump writes when a program has crashed, in the machine's own journal.
fn crashes(machine: &SystemMachine) {
    machine.sh("for minutes in 60 50 40; do logger --journald <<END
MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1
PRIORITY=2
MESSAGE=Process 4711 (lame) of user 1500 dumped core.
COREDUMP_TIMESTAMP=$(date -d \"$minutes minutes ago\" +%s)000000
COREDUMP_COMM=lame
COREDUMP_EXE=/usr/bin/lame
COREDUMP_SIGNAL=11
COREDUMP_SIGNAL_NAME=SIGSEGV
END
done");
    let run = machine.tries("app.crashes", "crash-loop", &[]);
    run.tried(&["user.instruct verified"]);
    run.is_accepted(true);
    machine.sh("rm -rf /run/log/journal/* /var/log/journal/*; systemctl restart systemd-journald");
}
