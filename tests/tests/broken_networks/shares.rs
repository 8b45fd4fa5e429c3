//! `share.unreachable`: file servers, and what is connected of them. This kernel has neither SMB nor NFS: a share is a
//! folder that FUSE mounts in its place, under the name of SMB.

use std::net::IpAddr;

use befund_tests::laboratory::network::pages::Pages;
use befund_tests::laboratory::network::{Desk, Office};

use crate::{Scenario, Takes, scenario};

pub(crate) const ALL: &[Scenario] = &[
    scenario("share.unreachable/no-network", Takes::Seconds, pulled_cable),
    scenario("share.unreachable/name-unknown", Takes::Seconds, forgotten_name),
    scenario("share.unreachable/server-silent", Takes::Seconds, silent),
    scenario("share.unreachable/server-refuses", Takes::Seconds, refuses),
    scenario("share.unreachable/not-mounted", Takes::Seconds, not_mounted),
];

/// What mounts a share of this kind: mount(8) calls it with source and folder. A kernel would mount it itself; here
/// somebody does who is told so.
const HELPER: &str =
    "#!/bin/sh\necho \"$1 $2\" > /run/kernel\nuntil mountpoint -q \"$2\"; do sleep 0.05; done\n";
const KERNEL: &str = "while read -r source folder < /run/kernel; do
    bindfs -o fsname=\"$source\",subtype=smb /run/share \"$folder\"
done";

/// An office whose file server has this name.
fn office<'a>(desk: &'a Desk, number: u8) -> (Office<'a>, String) {
    let name = format!("files{number}.example");
    let office =
        Office::with_targets(desk, number, &format!("[targets.tcp]\nfiles = \"{name}:445\""));
    office.knows(&name, office.outside(6));
    (office, name)
}

fn serve(desk: &Desk, office: &Office<'_>) {
    let _ = Pages::serve(&desk.world.space, IpAddr::V4(office.outside(6)), 445, "");
}

/// A share that is set up on the machine, and not connected.
fn set_up(office: &Office<'_>, name: &str) {
    office.machine.space().does(
        "mkdir -p /run/share /run/mounted
         mkdir /run/layer /run/layer/upper /run/layer/work
         mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/layer/upper,workdir=/run/layer/work overlay /usr/sbin
         mkfifo /run/kernel; touch /run/share/report",
    );
    office.machine.write("/usr/sbin/mount.cifs", HELPER);
    office.machine.write("/run/kernel.sh", KERNEL);
    office.machine.space().does(
        "chmod 755 /usr/sbin/mount.cifs; setsid sh /run/kernel.sh >/dev/null 2>&1 </dev/null &",
    );
    let there = office.machine.read("/etc/fstab");
    office
        .machine
        .write("/etc/fstab", &format!("{there}\n//{name}/works /run/mounted cifs ro 0 0\n"));
}

fn pulled_cable(desk: &Desk, number: u8) {
    let (office, name) = office(desk, number);
    serve(desk, &office);
    set_up(&office, &name);
    office.machine.space().does("mount /run/mounted");
    let before = office.machine.state();
    office.router().does("ip link set lan0 down");
    office.machine.space().does("ip neigh flush dev eth0");
    let begun = office.begins("share.unreachable", &[]);
    begun.terminal.wait_for("plug in the network cable");
    office.router().does("ip link set lan0 up");
    begun.ends().mended("no-network", "user.instruct");
    office.settles_to(&before);
}

/// What remembers names on the machine remembers that there is none such.
fn forgotten_name(desk: &Desk, number: u8) {
    let (office, _) = office(desk, number);
    let name = format!("files{number}.example");
    serve(desk, &office);
    set_up(&office, &name);
    office.machine.space().does("mount /run/mounted");
    office.forgets(&name);
    let router = office.lease().router;
    office.machine.space().does(&format!(
        "dnsmasq --conf-file=/dev/null --user=root --no-resolv --server={router} --neg-ttl=3600 \
         --listen-address=127.0.0.1 --bind-interfaces --pid-file=/run/dnsmasq.pid"
    ));
    office.machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    office.machine.space().does(&format!("! getent ahostsv4 {name}"));
    office.knows(&name, office.outside(6));
    let before = office.machine.state();
    office.helped("share.unreachable", &[]).mended("name-unknown", "dns.flush_cache");
    office.undo();
    assert_eq!(office.machine.state(), before);
}

/// A firewall on the way lets nothing through to the server.
fn silent(desk: &Desk, number: u8) {
    let (office, _) = office(desk, number);
    office.router().does(
        "nft add table inet way
         nft 'add chain inet way forward { type filter hook forward priority 0; }'
         nft add rule inet way forward tcp dport 445 drop",
    );
    office.helped("share.unreachable", &[]).only_found("server-silent");
}

/// The server is there, and its file service does not run.
fn refuses(desk: &Desk, number: u8) {
    let (office, _) = office(desk, number);
    office.helped("share.unreachable", &[]).only_found("server-refuses");
}

/// The server answers, and the share that is set up is not connected.
fn not_mounted(desk: &Desk, number: u8) {
    let (office, name) = office(desk, number);
    serve(desk, &office);
    set_up(&office, &name);
    let before = office.machine.state();
    let run = office.helped("share.unreachable", &[]);
    run.mended("not-mounted", "share.reconnect");
    assert!(office.machine.space().says("ls /run/mounted").contains("report"), "{}", run.told());
    office.undo();
    assert_eq!(office.machine.state(), before);
}
