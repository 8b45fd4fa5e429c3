//! NetworkManager, and systemd-resolved where that is wanted, looking after a machine's network in the place of the client that asked for its address. It takes over
//! every interface that it sees, and so is started only where the network is the machine's own.

use std::process::Command;

use super::office::Office;
use crate::process::eventually;

/// What is needed, as programs.
const PROGRAMS: [&str; 3] = ["NetworkManager", "nmcli", "dbus-daemon"];
const STUB_PROGRAMS: [&str; 2] = ["resolvectl", "/lib/systemd/systemd-resolved"];
/// Its connection.
const NAME: &str = "office";
/// Without udev, which it waits for where devices can be changed.
const START: &str = r#"
[ "$(ls /sys/class/net | sort | tr '\n' ' ')" = 'eth0 lo ' ]
kill $(cat /run/dhclient.eth0.pid)
rm /run/dhclient.eth0.pid /var/lib/dhcp/*
ip addr flush dev eth0 scope global
mount -o remount,ro /sys
rm -rf /var/lib/NetworkManager /etc/NetworkManager
mkdir -p /run/dbus /var/lib/NetworkManager /etc/NetworkManager/system-connections
printf '[main]\nplugins=keyfile\ndhcp=internal\nno-auto-default=*\n' \
    > /etc/NetworkManager/NetworkManager.conf
dbus-daemon --system --fork --nopidfile > /dev/null 2>&1
"#;
const PLAIN: &str = r#"
printf 'dns=default\nrc-manager=file\n' >> /etc/NetworkManager/NetworkManager.conf
"#;
/// The link to what it writes, as its packages make it.
const STUB: &str = r#"
printf 'dns=systemd-resolved\n' >> /etc/NetworkManager/NetworkManager.conf
id systemd-resolve > /dev/null 2>&1 || useradd --system --no-create-home systemd-resolve
install -d -o systemd-resolve -g systemd-resolve /run/systemd/resolve
ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
/lib/systemd/systemd-resolved > /run/resolved.log 2>&1 &
"#;

/// Who answers names on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// Nobody: `/etc/resolv.conf` names the servers.
    None,
    /// systemd-resolved, which asks the servers.
    Stub,
}

/// What this system lacks of what it takes.
#[must_use]
pub fn lacking(resolver: Resolver) -> Vec<&'static str> {
    let lacks = |program: &&str| {
        Command::new("which").arg(program).output().is_ok_and(|of| !of.status.success())
    };
    let more: &[&str] = match resolver {
        Resolver::None => &[],
        Resolver::Stub => &STUB_PROGRAMS,
    };
    PROGRAMS.into_iter().chain(more.iter().copied()).filter(lacks).collect()
}

impl Office<'_> {
    /// Has NetworkManager look after the machine's network from now on, with these name servers entered by hand.
    ///
    /// # Panics
    /// If that fails, or the network is not the machine's own.
    pub fn is_managed(&self, servers: &str, resolver: Resolver) {
        let machine = self.machine.space();
        let own = |process: &str| {
            std::fs::read_link(format!("/proc/{process}/ns/net")).expect("a network")
        };
        assert_ne!(own(&machine.holder.to_string()), own("self"), "a network that others use");
        let start = match resolver {
            Resolver::None => PLAIN,
            Resolver::Stub => STUB,
        };
        machine.does(&format!("{START}{start}"));
        let answers = |program: &str, words: &[&str]| {
            eventually(&format!("{program} to answer"), || {
                self.output(Command::new(program).args(words)).status.success()
            });
        };
        if resolver == Resolver::Stub {
            answers("resolvectl", &["status"]);
        }
        machine.does("NetworkManager > /dev/null 2>&1");
        answers("nmcli", &["-t", "general", "status"]);
        machine.does(&format!(
            "nmcli connection add type ethernet ifname eth0 con-name {NAME} \
             ipv4.dns '{servers}' ipv4.ignore-auto-dns yes > /dev/null
             nmcli connection up {NAME} > /dev/null"
        ));
    }

    /// The name servers that were entered by hand, as NetworkManager says, and whether the network's are ignored.
    #[must_use]
    pub fn servers_by_hand(&self) -> String {
        let ask = format!("nmcli -g ipv4.dns,ipv4.ignore-auto-dns connection show {NAME}");
        self.machine.space().says(&ask).replace('\n', " ").trim().to_owned()
    }
}
