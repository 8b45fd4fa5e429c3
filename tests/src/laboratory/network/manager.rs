//! NetworkManager, looking after a machine's network in the place of the client that asked for its address. It takes over
//! every interface that it sees, and so is started only where the network is the machine's own.

use std::process::Command;

use super::office::Office;
use crate::process::eventually;

/// What is needed, as programs.
const PROGRAMS: [&str; 3] = ["NetworkManager", "nmcli", "dbus-daemon"];
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
printf '[main]\nplugins=keyfile\ndns=default\nrc-manager=file\ndhcp=internal\nno-auto-default=*\n' \
    > /etc/NetworkManager/NetworkManager.conf
dbus-daemon --system --fork --nopidfile > /dev/null 2>&1
NetworkManager > /dev/null 2>&1
"#;

/// What this system lacks of what it takes.
#[must_use]
pub fn lacking() -> Vec<&'static str> {
    let lacks = |program: &&str| {
        Command::new("which").arg(program).output().is_ok_and(|of| !of.status.success())
    };
    PROGRAMS.into_iter().filter(lacks).collect()
}

impl Office<'_> {
    /// Has NetworkManager look after the machine's network from now on, with these name servers entered by hand.
    ///
    /// # Panics
    /// If that fails, or the network is not the machine's own.
    pub fn is_managed(&self, servers: &str) {
        let machine = self.machine.space();
        let own = |process: &str| {
            std::fs::read_link(format!("/proc/{process}/ns/net")).expect("a network")
        };
        assert_ne!(own(&machine.holder.to_string()), own("self"), "a network that others use");
        machine.does(START);
        eventually("NetworkManager to answer", || {
            let asked = self.output(Command::new("nmcli").args(["-t", "general", "status"]));
            asked.status.success()
        });
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
