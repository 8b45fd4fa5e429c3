//! Network interfaces and their counters: `/sys/class/net`, `/proc/net/dev`.

use befund_model::section::network::{Counters, Interface, InterfaceCounters, Interfaces};

use crate::collector::{Context, Gap};

pub(crate) const NET: &str = "/sys/class/net";

/// Section `network.interfaces`.
pub(crate) fn interfaces(cx: &Context) -> Result<Interfaces, Gap> {
    Ok(Interfaces { interfaces: names(cx)?.into_iter().map(|name| interface(cx, name)).collect() })
}

/// The names of the interfaces, by number for those who have only that.
pub(crate) fn by_index(cx: &Context) -> Vec<(u32, String)> {
    let names = names(cx).unwrap_or_default();
    let index =
        |name: &String| cx.root.number(&format!("{NET}/{name}/ifindex")).ok()??.try_into().ok();
    names.into_iter().filter_map(|name| Some((index(&name)?, name))).collect()
}

pub(crate) fn names(cx: &Context) -> Result<Vec<String>, Gap> {
    let mut names = cx.root.list(NET)?;
    // The bonding module leaves a file among the folders.
    names.retain(|name| name != "bonding_masters");
    Ok(names)
}

fn interface(cx: &Context, name: String) -> Interface {
    // Of an interface that is down the kernel refuses to tell speed, duplex and carrier.
    let line = |file: &str| cx.root.line(&format!("{NET}/{name}/{file}")).ok().flatten();
    let number = |file: &str| line(file).and_then(|value| value.parse::<u32>().ok());
    let last = |file: &str| {
        let link = cx.root.link(&format!("{NET}/{name}/{file}")).ok()?;
        Some(link.file_name()?.to_str()?.to_owned())
    };
    let flags = line("flags")
        .and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
    Interface {
        kind: kind(cx, &name).map(str::to_owned),
        mac: line("address").filter(|mac| mac.bytes().any(|byte| !matches!(byte, b'0' | b':'))),
        mtu: number("mtu"),
        enabled: flags.map(|flags| flags & 1 == 1),
        state: line("operstate"),
        carrier: line("carrier").map(|carrier| carrier == "1"),
        // Drivers say -1 or the largest number when they do not know.
        speed_mbit: number("speed").filter(|speed| (1..u32::MAX).contains(speed)),
        duplex: line("duplex").filter(|duplex| duplex != "unknown"),
        driver: last("device/driver"),
        master: last("master"),
        name,
    }
}

fn kind(cx: &Context, name: &str) -> Option<&'static str> {
    let has = |file: &str| cx.root.exists(&format!("{NET}/{name}/{file}"));
    if is_wireless(cx, name) {
        return Some("wifi");
    }
    if has("bridge") {
        return Some("bridge");
    }
    if has("bonding") {
        return Some("bond");
    }
    if cx.root.exists(&format!("/proc/net/vlan/{name}")) {
        return Some("vlan");
    }
    // What the driver calls it: its kind of hardware may be that of a cable all the same.
    let uevent = cx.root.text(&format!("{NET}/{name}/uevent")).unwrap_or_default();
    match uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")) {
        Some("vlan") => return Some("vlan"),
        Some("wwan") => return Some("mobile"),
        Some("wireguard" | "vxlan" | "geneve" | "gre" | "gretap" | "ip6gre") => {
            return Some("tunnel");
        }
        _ => {}
    }
    // Numbers of `linux/if_arp.h`.
    match cx.root.number(&format!("{NET}/{name}/type")).ok().flatten()? {
        1 if has("device") => Some("ethernet"),
        1 if has("tun_flags") => Some("tunnel"),
        1 => Some("virtual"),
        772 => Some("loopback"),
        512 | 519 => Some("mobile"),
        768 | 769 | 776 | 778 | 823 | 65534 => Some("tunnel"),
        _ => None,
    }
}

pub(crate) fn is_wireless(cx: &Context, name: &str) -> bool {
    cx.root.exists(&format!("{NET}/{name}/phy80211"))
        || cx.root.exists(&format!("{NET}/{name}/wireless"))
}

/// Section `network.counters`.
pub(crate) fn counters(cx: &Context) -> Result<Counters, Gap> {
    const DEV: &str = "/proc/net/dev";
    let text = cx.root.text(DEV)?;
    let lines = text.lines().filter(|line| line.contains(':'));
    let mut interfaces = cx.lines(DEV, lines, counted);
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Counters { interfaces })
}

/// A line of `/proc/net/dev`: eight numbers received and eight sent.
pub(crate) fn counted(line: &str) -> Option<InterfaceCounters> {
    let (name, rest) = line.rsplit_once(':')?;
    let numbers: Vec<u64> =
        rest.split_ascii_whitespace().map_while(|number| number.parse().ok()).collect();
    let &[
        rx_bytes,
        rx_packets,
        rx_errors,
        rx_dropped,
        _,
        _,
        _,
        _,
        tx_bytes,
        tx_packets,
        tx_errors,
        tx_dropped,
        ..,
    ] = numbers.as_slice()
    else {
        return None;
    };
    let name = name.trim().to_owned();
    Some(InterfaceCounters {
        name,
        rx_bytes,
        rx_packets,
        rx_errors,
        rx_dropped,
        tx_bytes,
        tx_packets,
        tx_errors,
        tx_dropped,
    })
}
