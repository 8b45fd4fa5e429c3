//! Who gives an interface its address: NetworkManager, systemd-networkd, or one of the DHCP clients.

use crate::context::Context;
use crate::trouble::Outcome;

use super::links::Link;

/// Who does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::linux) enum Supplier {
    /// NetworkManager, by the connection with this UUID.
    NetworkManager(String),
    /// systemd-networkd.
    Networkd,
    /// A client that runs by itself.
    Client(Client),
    /// None that is known.
    Nobody,
}

/// A DHCP client that runs by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::linux) struct Client {
    pub(super) kind: Kind,
    pub(super) pid: u32,
    /// What it was started with, without its own name.
    pub(super) arguments: Vec<String>,
}

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dhclient,
    Dhcpcd,
    Udhcpc,
}

pub(in crate::platform::linux) fn of(context: &Context<'_>, link: &Link) -> Outcome<Supplier> {
    if let Some(uuid) = connection(context, &link.name)? {
        return Ok(Supplier::NetworkManager(uuid));
    }
    let state = context.root.text(&format!("/run/systemd/netif/links/{}", link.index));
    if state.is_ok_and(|text| is_configured(&text)) && context.programs.find("networkctl").is_some()
    {
        return Ok(Supplier::Networkd);
    }
    Ok(client(context, &link.name).map_or(Supplier::Nobody, Supplier::Client))
}

/// The connection of NetworkManager's that is active on this interface.
pub(in crate::platform::linux) fn connection(
    context: &Context<'_>,
    interface: &str,
) -> Outcome<Option<String>> {
    if !context.root.exists("/run/NetworkManager") {
        return Ok(None);
    }
    let Some(nmcli) = context.programs.find("nmcli") else { return Ok(None) };
    let asked = context.ask(&nmcli, &["-g", "GENERAL.CON-UUID", "device", "show", interface])?;
    let uuid = asked.text.trim();
    Ok((asked.is_ok() && is_uuid(uuid)).then(|| uuid.to_owned()))
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_configured(state: &str) -> bool {
    state.lines().any(|line| matches!(line, "ADMIN_STATE=configured" | "ADMIN_STATE=configuring"))
}

/// A client of this interface among the processes of this network namespace.
fn client(context: &Context<'_>, interface: &str) -> Option<Client> {
    let root = context.root;
    let here = std::fs::read_link("/proc/thread-self/ns/net").ok();
    root.names("/proc").into_iter().filter_map(|name| name.parse::<u32>().ok()).find_map(|pid| {
        let comm = root.line(&format!("/proc/{pid}/comm"))?;
        let kind = match comm.as_str() {
            "dhclient" => Kind::Dhclient,
            "dhcpcd" => Kind::Dhcpcd,
            "udhcpc" => Kind::Udhcpc,
            "busybox" => Kind::Udhcpc,
            _ => return None,
        };
        let line = root.text(&format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&str> = line.split('\0').collect();
        if comm == "busybox" && !words.iter().take(2).any(|word| word.ends_with("udhcpc")) {
            return None;
        }
        let there = root.link(&format!("/proc/{pid}/ns/net")).map(std::path::PathBuf::from);
        if there.is_some() && there != here {
            return None;
        }
        let mine = words.contains(&interface) || (kind == Kind::Dhcpcd && words.len() <= 2);
        let arguments = words.into_iter().skip(1).filter(|word| !word.is_empty());
        mine.then(|| Client { kind, pid, arguments: arguments.map(str::to_owned).collect() })
    })
}
