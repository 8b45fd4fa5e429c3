//! Interfaces, routes and leases, in network namespaces of their own: a machine and its gateway, joined by a
//! cable. They need root and `ip`; without them each story says that it was skipped.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use befund_model::action::Holds;
use befund_model::snapshot::Status;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};

use crate::common::{Made, is_root, skipped};

struct Network {
    machine: String,
    gateway: String,
    services: Vec<Child>,
}

fn ip(line: &str) -> bool {
    let status = Command::new("ip")
        .args(line.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

impl Network {
    /// A machine whose `eth0` has no address yet.
    fn make(story: &str) -> Option<Self> {
        if !is_root() || !ip("-Version") {
            skipped(story, "it needs root and the command `ip`");
            return None;
        }
        let id = u32::from_be_bytes(befund_runtime::clock::random());
        let (machine, gateway) = (format!("bam{id:08x}"), format!("bag{id:08x}"));
        let network = Self { machine, gateway, services: Vec::new() };
        let (machine, gateway) = (&network.machine, &network.gateway);
        if !ip(&format!("netns add {machine}")) {
            skipped(story, "this system gives no network namespaces");
            return None;
        }
        for line in [
            format!("netns add {gateway}"),
            format!("link add e{id:08x} type veth peer name g{id:08x}"),
            format!("link set e{id:08x} netns {machine} name eth0"),
            format!("link set g{id:08x} netns {gateway} name lan0"),
            format!("-n {machine} link set lo up"),
            format!("-n {machine} link set eth0 up"),
            format!("-n {gateway} addr add 10.78.0.1/24 dev lan0"),
            format!("-n {gateway} link set lan0 up"),
        ] {
            assert!(ip(&line), "ip {line}");
        }
        Some(network)
    }

    fn machine(&self, line: &str) {
        let line = format!("-n {} {line}", self.machine);
        assert!(ip(&line), "ip {line}");
    }

    /// What `ip` shows of the machine.
    fn shows(&self, line: &str) -> String {
        let words = format!("-n {} {line}", self.machine);
        let output = Command::new("ip").args(words.split(' ')).output().expect("ip runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Does something on the machine: in a thread of its own, which is moved there.
    fn on<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let space = File::open(format!("/run/netns/{}", self.machine)).expect("a namespace");
        std::thread::scope(|scope| {
            let moved = scope.spawn(|| {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(space.as_fd(), kind).expect("moved");
                what()
            });
            moved.join().expect("it ends well")
        })
    }

    fn start(&mut self, namespace: &str, words: &[&str]) {
        let child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.services.push(child.expect("it starts"));
    }

    /// A DHCP server on the gateway.
    fn serve(&mut self, made: &Made) -> bool {
        let lease = made.folder.path().join("dnsmasq.leases");
        let gateway = self.gateway.clone();
        if Command::new("dnsmasq").arg("--version").output().is_err() {
            return false;
        }
        let lease = format!("--dhcp-leasefile={}", lease.display());
        self.start(
            &gateway,
            &[
                "dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--port=0",
                "--interface=lan0",
                "--bind-interfaces",
                "--pid-file=",
                "--no-ping",
                "--dhcp-range=10.78.0.50,10.78.0.90,10m",
                "--dhcp-option=3,10.78.0.1",
                "--dhcp-option=6,10.78.0.53",
                "--dhcp-authoritative",
                &lease,
            ],
        );
        true
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for space in [&self.machine, &self.gateway] {
            // What was started in there by the client, too: told by the namespace, which is ours alone.
            let pids = Command::new("ip").args(["netns", "pids", space]).output();
            for pid in String::from_utf8_lossy(&pids.expect("ip runs").stdout).lines() {
                let _ = Command::new("kill").args(["-9", pid]).status();
            }
            ip(&format!("netns del {space}"));
        }
        for service in &mut self.services {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

#[test]
fn the_largest_packet_is_set_and_set_back() {
    let Some(network) = Network::make("the_largest_packet") else { return };
    let made = Made::new();
    let to = json!({"interface": "eth0", "mtu": 1_400});
    let acted = network.on(|| made.lives("net.mtu_set", &to));
    assert!(network.shows("link show eth0").contains("mtu 1400"));
    let undone = network.on(|| made.undo("net.mtu_set", &to, &acted.before));
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert!(network.shows("link show eth0").contains("mtu 1500"));
    let none =
        network.on(|| made.perform("net.mtu_set", &json!({"interface": "eth7", "mtu": 1_400})));
    assert_eq!(none.reason, "this machine has no interface eth7; it has lo, eth0");
}

#[test]
fn an_interface_is_switched_on_and_off_again() {
    let Some(network) = Network::make("an_interface_is_switched_on") else { return };
    network.machine("link set eth0 down");
    let made = Made::new();
    let which = json!({"interface": "eth0"});
    let acted = network.on(|| made.lives("net.adapter_enable", &which));
    assert!(network.shows("link show eth0").contains(",UP"));
    network.on(|| made.undo("net.adapter_enable", &which, &acted.before));
    assert!(!network.shows("link show eth0").contains(",UP"));
    let lo = network.on(|| made.perform("net.adapter_enable", &json!({"interface": "lo"})));
    assert!(lo.reason.contains("is left alone"), "{lo:?}");
}

#[test]
fn an_interface_that_is_restarted_keeps_its_addresses_and_routes() {
    let Some(network) = Network::make("an_interface_that_is_restarted") else { return };
    for line in [
        "addr add 10.78.0.2/24 dev eth0",
        "addr add fd00:78::2/64 dev eth0 nodad",
        "route add default via 10.78.0.1 metric 50",
        "route add 192.0.2.0/24 via 10.78.0.1 table 100",
        "-6 route add default via fd00:78::1 dev eth0",
    ] {
        network.machine(line);
    }
    let all = || {
        let mut lines: Vec<String> = [
            "route show table all dev eth0 proto boot",
            "-6 route show dev eth0 proto boot",
            "-6 addr show dev eth0 scope global",
        ]
        .iter()
        .flat_map(|line| network.shows(line).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| {
            !line.contains("valid_lft") && !line.contains("link/") && !line.contains("mtu")
        })
        .map(|line| line.replace(" linkdown", "").replace(" tentative", "").trim().to_owned())
        .collect();
        lines.sort_unstable();
        lines
    };
    let before = all();
    assert!(before.len() >= 4, "{before:?}");
    let made = Made::new();
    let which = json!({"interface": "eth0"});

    let acted = network.on(|| made.perform("net.adapter_restart", &which));

    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(all(), before);
    // Cut short in the middle, the machine is put back by what was noted.
    network.machine("link set eth0 down");
    assert_eq!(network.on(|| made.holds("net.adapter_restart", &which)), Holds::NotDone);
    let undone = network.on(|| made.undo("net.adapter_restart", &which, &acted.before));
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert_eq!(all(), before);
}

#[test]
fn the_default_route_of_the_lease_is_put_back_and_removed_again() {
    let Some(network) = Network::make("the_default_route") else { return };
    network.machine("addr add 10.78.0.2/24 dev eth0");
    let made = Made::new();
    made.write(
        "/var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n  interface \"eth0\";\n  fixed-address 10.78.0.2;\n  option routers 10.78.0.1;\n  option domain-name-servers 10.78.0.53;\n}\n",
    );
    let acted = network.on(|| made.lives("net.route_default_restore", &Value::Null));
    assert!(network.shows("route show default").contains("via 10.78.0.1 dev eth0"));
    let undone = network.on(|| made.undo("net.route_default_restore", &Value::Null, &acted.before));
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert_eq!(network.shows("route show default"), "");

    std::fs::remove_dir_all(made.path("/var")).expect("removed");
    let none =
        network.on(|| made.perform("net.route_default_restore", &json!({"interface": "eth0"})));
    assert!(none.reason.contains("has no lease that can be read"), "{none:?}");
}

#[test]
fn name_servers_of_the_lease_take_the_place_of_those_by_hand() {
    let Some(network) = Network::make("name_servers_of_the_lease") else { return };
    let made = Made::new();
    let before = "# by hand\nnameserver 192.0.2.1\nsearch example.com\n";
    made.write("/etc/resolv.conf", before).write(
        "/var/lib/dhcp/dhclient.leases",
        "lease {\n  interface \"eth0\";\n  option domain-name-servers 10.78.0.53;\n}\n",
    );
    let which = json!({"interface": "eth0"});
    let acted = network.on(|| made.lives("dns.use_dhcp_servers", &which));
    assert_eq!(
        made.read("/etc/resolv.conf"),
        "# by hand\nsearch example.com\nnameserver 10.78.0.53\n"
    );
    let undone = network.on(|| made.undo("dns.use_dhcp_servers", &which, &acted.before));
    assert_eq!((undone.status, made.read("/etc/resolv.conf").as_str()), (Status::Ok, before));

    std::fs::remove_file(made.path("/etc/resolv.conf")).expect("removed");
    std::os::unix::fs::symlink(
        "../run/systemd/resolve/stub-resolv.conf",
        made.path("/etc/resolv.conf"),
    )
    .expect("a link");
    let none = network.on(|| made.perform("dns.use_dhcp_servers", &which));
    assert_eq!(none.status, Status::Unsupported, "{none:?}");
    assert!(none.reason.contains("leads to ../run/systemd"), "{none:?}");
}

/// The running system's processes, and the system's own DHCP client alone, kept from the system's own files: its
/// script sets the address and nothing else, and its leases lie in the test's folder.
fn with_client(client: &str) -> Option<Made> {
    let mut made = Made::new();
    made.machine.root = "/".into();
    made.within_ms = 40_000;
    let known = ["/usr/sbin", "/sbin", "/usr/bin"];
    let real = known.iter().map(|folder| format!("{folder}/{client}"));
    let real = real.into_iter().find(|path| std::fs::exists(path).is_ok_and(|there| there))?;
    let folder = made.folder.path().display().to_string();
    made.program(
        "script",
        "case \"$1$reason\" in\n\
         bound|renew) ip addr replace \"$ip/$mask\" dev \"$interface\";;\n\
         PREINIT) ip link set \"$interface\" up;;\n\
         BOUND|RENEW|REBIND|REBOOT) ip addr replace \"$new_ip_address/24\" dev \"$interface\";;\n\
         esac",
    );
    let own = if client == "dhclient" {
        format!("-sf {folder}/programs/script -lf {folder}/leases -pf {folder}/pid -cf /dev/null")
    } else {
        format!("-s {folder}/programs/script")
    };
    made.program(client, &format!("exec {real} {own} \"$@\""));
    Some(made)
}

/// The system's own files that a DHCP client would write to.
fn own_files() -> Vec<Option<Vec<u8>>> {
    let paths = ["/etc/resolv.conf", "/var/lib/dhcp/dhclient.leases", "/run/dhclient.pid"];
    paths.iter().map(|path| std::fs::read(path).ok()).collect()
}

fn renewed(story: &str, client: &str) {
    let Some(mut network) = Network::make(story) else { return };
    let Some(made) = with_client(client) else {
        return skipped(story, &format!("there is no {client}"));
    };
    if !network.serve(&made) {
        return skipped(story, "there is no dnsmasq");
    }
    let before = own_files();
    let which = json!({"interface": "eth0"});
    let told = network.on(|| made.predict("net.dhcp_renew", &which));
    assert!(told.changes && !told.known, "{told:?}");
    let acted = network.on(|| made.perform("net.dhcp_renew", &which));
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert!(acted.summary.starts_with("eth0 has the address 10.78.0."), "{acted:?}");
    assert!(network.shows("addr show eth0").contains("inet 10.78.0."));
    assert_eq!(own_files(), before, "the test has changed this very machine");
}

#[test]
fn an_address_is_asked_for_with_udhcpc() {
    renewed("an_address_is_asked_for_with_udhcpc", "udhcpc");
}

#[test]
fn an_address_is_asked_for_with_dhclient() {
    renewed("an_address_is_asked_for_with_dhclient", "dhclient");
}

#[test]
fn a_udhcpc_that_runs_is_had_to_ask_again() {
    let story = "a_udhcpc_that_runs";
    let Some(mut network) = Network::make(story) else { return };
    let Some(made) = with_client("udhcpc") else { return skipped(story, "there is no udhcpc") };
    if !network.serve(&made) {
        return skipped(story, "there is no dnsmasq");
    }
    let machine = network.machine.clone();
    let client = made.folder.path().join("programs/udhcpc").display().to_string();
    network.start(&machine, &[&client, "-i", "eth0", "-f"]);
    // The event that is awaited: the client has set the address.
    let mut tries = 0;
    while !network.shows("addr show eth0").contains("inet 10.78.0.") {
        tries += 1;
        assert!(tries < 600, "no address came");
        std::thread::sleep(Duration::from_millis(50));
    }
    network.machine("addr flush dev eth0");
    let which = json!({"interface": "eth0"});
    let told = network.on(|| made.predict("net.dhcp_renew", &which));
    assert_eq!(told.lines[0], "have udhcpc ask for the address of eth0 again");
    let acted = network.on(|| made.perform("net.dhcp_renew", &which));
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
}

#[test]
fn without_a_server_no_address_is_told() {
    let story = "without_a_server";
    let Some(network) = Network::make(story) else { return };
    let mut made = Made::new();
    made.within_ms = 1_500;
    made.program("udhcpc", "echo 'udhcpc: sending discover'; exit 0");
    let acted = network.on(|| made.perform("net.dhcp_renew", &json!({"interface": "eth0"})));
    assert!(acted.reason.contains("no DHCP server answers"), "{acted:?}");
    assert_eq!(acted.commands.len(), 1);
}

#[test]
fn without_a_client_nobody_asks() {
    let Some(network) = Network::make("without_a_client") else { return };
    let made = Made::new();
    let acted = network.on(|| made.perform("net.dhcp_renew", &json!({"interface": "eth0"})));
    assert_eq!(acted.status, Status::Unsupported);
    assert!(acted.reason.contains("looked for NetworkManager, systemd-networkd"), "{acted:?}");
}
