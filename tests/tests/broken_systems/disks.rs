//! `disk.full`, and what of `disk.failing` can be seen here.

use befund_tests::laboratory::system::LoopDisk;
use befund_tests::systemd::Layer;

#[test]
fn disks_that_are_full() {
    let Some(machine) = super::machine(Layer::new(), "disks that are full") else { return };

    // Temporary files that nobody has used go, and nothing else.
    let disk = LoopDisk::new(64, 400);
    let disk = disk.with_old("old", 30_000).with_old("deep/older", 12_000).with("new", 14_000);
    let mounted = machine.mount(disk, "/var/tmp");
    let run = machine.tries("disk.full", "system-full", &["least=15"]);
    run.tried(&["disk.clean_packages needless", "disk.clean_temp verified"]);
    run.is_accepted(true);
    assert_eq!(machine.sh("cd /var/tmp; find . -type f"), "./new");
    let undone = machine.undo(&run);
    assert!(undone.contains("cannot be taken back"), "{undone}");
    assert_eq!(machine.sh("cd /var/tmp; find . -type f"), "./new");
    drop(mounted);

    let mut disk = LoopDisk::new(16, 64);
    for number in 0..50 {
        disk = disk.with_old(&format!("small-{number}"), 1);
    }
    let mounted = machine.mount(disk, "/var/tmp");
    machine.sh(
        "cd /var/tmp; for number in $(seq 100); do touch new-$number 2> /dev/null || break; done",
    );
    let run = machine.tries("disk.full", "files-full", &[]);
    run.tried(&["disk.clean_temp verified"]);
    run.is_accepted(true);
    assert_eq!(machine.sh("cd /var/tmp; find . -name 'small-*' | wc -l"), "0");
    drop(mounted);

    let mounted = machine.mount(LoopDisk::new(16, 64).with("vmlinuz-6.1", 11_500), "/boot");
    let run = machine.tries("disk.full", "boot-full", &["least=30"]);
    run.tried(&[]);
    run.is_accepted(false);
    drop(mounted);

    let mounted = machine.mount(LoopDisk::new(16, 64).with("video", 11_500), "/srv/data");
    let run = machine.tries_with("disk.full", "data-full", &["least=30"], || {
        machine.sh("rm /srv/data/video");
    });
    run.tried(&["user.instruct verified"]);
    run.is_accepted(true);
    drop(mounted);

    // What the kernel says of a disk, as a program that has been told it would pass it on.
    machine.sh("logger -p user.err -t kernel 'Buffer I/O error on dev sdb1, logical block 3, async page read'");
    let run = machine.finds("disk.failing", "log-errors", &[]);
    run.tried(&["user.instruct not_verified"]);
}
