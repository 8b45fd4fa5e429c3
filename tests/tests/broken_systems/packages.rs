//! `updates.failing`, what of `system.pending-reboot` and `app.crashes` is about packages, with a real dpkg and apt.

use befund_tests::laboratory::system::{Internet, LoopDisk, SystemMachine};
use befund_tests::systemd::Layer;

/// A source of updates in the machine itself, with one package that cannot be set up before somebody has made it well.
const SOURCE: &str = "
rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/log/apt/history.log* /srv/build /srv/repo
rm -f /var/log/unattended-upgrades/*
mkdir -p /srv/build/DEBIAN /srv/build/usr/share/lame /srv/repo; cd /srv
cat > build/DEBIAN/postinst <<'END'
#!/bin/sh
set -e
test -e /run/well
echo ready > /var/lib/lame
END
chmod 755 build/DEBIAN/postinst
printf 'Package: lame\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: Story <story@example.com>\\nDescription: it is lame\\n' > build/DEBIAN/control
dpkg-deb --build build repo/lame.deb > /dev/null; cd repo
{ cat ../build/DEBIAN/control; printf 'Filename: ./lame.deb\\nSize: %s\\nSHA256: %s\\n\\n' $(stat -c %s lame.deb) $(sha256sum lame.deb | cut -d' ' -f1); } > Packages
printf 'Origin: Story\\nLabel: Story\\nSuite: stable\\nCodename: stable\\nDate: %s\\nArchitectures: amd64 arm64\\nSHA256:\\n %s %s Packages\\n' \"$(date -Ru)\" $(sha256sum Packages | cut -d' ' -f1) $(stat -c %s Packages) > Release
echo 'deb [trusted=yes] file:/srv/repo ./' > /etc/apt/sources.list
apt-get -qq update";

/// Somebody holds dpkg's lock, as a program that installs does.
const LOCK: &str = "python3 -c '
import fcntl, os, time
held = open(\"/var/lib/dpkg/lock-frontend\", \"r+\")
fcntl.lockf(held, fcntl.LOCK_EX)
open(\"/run/locked\", \"w\").write(str(os.getpid()))
time.sleep(1000)'";

#[test]
fn updates_that_fail() {
    let Some(machine) = super::machine(Layer::new(), "updates that fail") else { return };
    machine.sh(SOURCE);
    let run = machine.run("updates.failing", &[]);
    assert!(run.causes("found").is_empty(), "all is well: {run}");
    run.is_accepted(true);

    // Half installed: first nothing can be done, then it is finished.
    assert!(!machine.inside().run(&["dpkg", "-i", "/srv/repo/lame.deb"]).status.success());
    let run = machine.tries("updates.failing", "half-installed", &[]);
    run.tried(&["packages.repair failed"]);
    run.is_accepted(false);
    let run = machine.tries("system.pending-reboot", "half-installed", &[]);
    run.tried(&["packages.repair failed"]);
    machine.sh("touch /run/well");
    let run = machine.tries("app.crashes", "packages-broken", &[]);
    run.tried(&["packages.repair verified"]);
    run.is_accepted(true);
    assert_eq!(
        machine.sh("dpkg --audit; cat /var/lib/lame; stat -c %a /var/lib/lame"),
        "ready\n644"
    );
    let undone = machine.undo(&run);
    assert!(undone.contains("cannot be taken back"), "{undone}");

    machine.sh("apt-mark hold lame");
    let run = machine.tries("updates.failing", "held-back", &[]);
    run.tried(&[]);
    machine.sh("apt-mark unhold lame");

    machine.sh("find /var/lib/apt /var/cache/apt -exec touch -h -d '20 days ago' {} +");
    let run = machine.tries("updates.failing", "lists-old", &[]);
    run.tried(&["updates.refresh verified"]);
    run.is_accepted(true);

    machine.sh("rm -rf /var/lib/apt/lists/*");
    let run = machine.tries("updates.failing", "lists-old", &[]);
    run.tried(&["updates.refresh verified"]);
    run.is_accepted(true);

    machine.sh("ln -sf /dev/null /etc/systemd/system/packagekit.service");
    let run = machine.tries("updates.failing", "service-off", &[]);
    run.tried(&["service.enable needless"]);
    machine.sh("rm /etc/systemd/system/packagekit.service");

    // Somebody is at it: nothing is touched.
    machine.sh(&format!(
        "setsid {LOCK} > /dev/null 2>&1 < /dev/null & until test -s /run/locked; do :; done"
    ));
    let run = machine.finds("system.pending-reboot", "at-work", &[]);
    run.tried(&["user.instruct not_verified"]);
    super::tries_person(&machine, ("updates.failing", "at-work"), || {
        machine.sh("kill $(cat /run/locked)");
    });

    // dpkg says so itself when it was killed while it wrote its database.
    machine.sh("{ dpkg -s lame; echo; } > /tmp/stanza; mv /tmp/stanza /var/lib/dpkg/updates/0001");
    let run = machine.tries("updates.failing", "half-installed", &[]);
    run.tried(&["packages.repair verified"]);
    run.is_accepted(true);
    assert_eq!(machine.sh("ls /var/lib/dpkg/updates"), "");

    surroundings(&machine);

    machine.sh("rm /run/well; dpkg --purge lame > /dev/null
         for time in 1 2; do
             apt-get -qq -y install lame > /dev/null 2>&1 || true; dpkg --purge lame > /dev/null; sleep 1.1
         done");
    let run = machine.tries("updates.failing", "keeps-failing", &[]);
    run.tried(&[]);
}

/// What is not the packages' fault.
fn surroundings(machine: &SystemMachine) {
    machine.internet(Internet::Gone);
    let run = machine.tries_with("updates.failing", "no-internet", &[], || {
        machine.internet(Internet::There);
    });
    run.tried(&["user.instruct verified"]);
    run.is_accepted(true);

    machine.time_is_ahead(4_000);
    let run = machine.tries("updates.failing", "clock-wrong", &[]);
    run.tried(&["time.resync failed"]);
    machine.time_is_ahead(0);

    let disk = LoopDisk::new(24, 64).with("vmlinuz-6.1", 10_000).with("initrd.img-6.1", 8_000);
    let mounted = machine.mount(disk, "/boot");
    let run = machine.tries("updates.failing", "boot-full", &[]);
    run.tried(&[]);
    drop(mounted);
}
