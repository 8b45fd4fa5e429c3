//! Addresses that DHCP servers gave, as the programs that asked for them keep them: systemd-networkd,
//! NetworkManager, dhclient, dhcpcd and wicked. Each keeps them in its own form ([`formats`]); of
//! the running system only those are told whose address it has.

pub(crate) mod formats;
#[cfg(test)]
mod tests;

use befund_model::Timestamp;
use befund_model::section::reach::{Lease, Leases};
use jiff::SignedDuration;

use crate::collector::{Context, Gap};

use super::interfaces::by_index;
use super::{addresses, managed};
use formats::Told;

const NETWORKD: &str = "/run/systemd/netif/leases";
const NETWORK_MANAGER: &str = "/var/lib/NetworkManager";
const WICKED: &str = "/run/wicked";
/// Debian's and Red Hat's folder of dhclient.
const DHCLIENT: [&str; 2] = ["/var/lib/dhcp", "/var/lib/dhclient"];
const DHCPCD: [&str; 2] = ["/var/lib/dhcpcd", "/var/lib/dhcpcd5"];
/// How much of a file of leases is read: dhclient appends to its own for weeks.
const MAX_BYTES: u64 = 128 << 10;
/// How many files of one program are read, the last by name.
const MAX_FILES: usize = 64;

/// Section `network.leases`.
pub(crate) fn leases(cx: &Context) -> Result<Leases, Gap> {
    let mut leases = networkd(cx);
    if cx.root.is_live() {
        leases.extend(cx.note(managed::leases(cx)).unwrap_or_default());
    }
    leases.extend(network_manager(cx));
    leases.extend(DHCLIENT.iter().flat_map(|folder| dhclient(cx, folder)));
    leases.extend(DHCPCD.iter().flat_map(|folder| dhcpcd(cx, folder)));
    leases.extend(wicked(cx));
    if cx.root.is_live() {
        let ours = cx.note(addresses::ask(cx).map_err(|error| {
            Gap::failed(format!("the kernel could not be asked for addresses: {error}"))
        }));
        // Without them every lease of old is told, which is better than none.
        if let Some(ours) = ours {
            leases.retain(|lease| ours.iter().any(|address| address.address == lease.address));
        }
    }
    let leases = merged(leases);
    if leases.is_empty() {
        return Err(Gap::unsupported(
            "no DHCP lease is kept here by systemd-networkd, NetworkManager, dhclient, dhcpcd or wicked",
        ));
    }
    Ok(Leases { leases })
}

/// One for each interface and address, sorted: that which ends last, and what it leaves out from the
/// others.
pub(crate) fn merged(mut leases: Vec<Lease>) -> Vec<Lease> {
    leases.retain(|lease| !lease.interface.is_empty() && !lease.address.is_empty());
    leases.sort_by(|a, b| {
        (&a.interface, &a.address, b.until).cmp(&(&b.interface, &b.address, a.until))
    });
    let mut kept: Vec<Lease> = Vec::new();
    for lease in leases {
        match kept.last_mut() {
            Some(last)
                if (&last.interface, &last.address) == (&lease.interface, &lease.address) =>
            {
                last.server = last.server.take().or(lease.server);
                last.router = last.router.take().or(lease.router);
                last.domain = last.domain.take().or(lease.domain);
                if last.dns.is_empty() {
                    last.dns = lease.dns;
                }
                if last.until.is_none() {
                    (last.since, last.until) = (lease.since, lease.until);
                }
            }
            _ => kept.push(lease),
        }
    }
    kept
}

/// The files of a folder whose names the filter knows.
fn files(cx: &Context, folder: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = cx.note(cx.root.list(folder)).unwrap_or_default();
    names.retain(|name| fits(name));
    names.drain(..names.len().saturating_sub(MAX_FILES));
    names
}

fn text(cx: &Context, path: &str) -> Option<String> {
    let bytes = cx.note(cx.root.tail(path, MAX_BYTES))?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The lease, which began when its file was written if the file itself does not tell. The files of a
/// recorded tree do not tell when they were.
fn dated(cx: &Context, path: &str, told: Told) -> Lease {
    let mut lease = told.lease;
    if lease.since.is_none() && cx.root.is_live() {
        lease.since = cx.root.modified(path).ok();
    }
    if lease.until.is_none() {
        lease.until = ends(lease.since, told.seconds);
    }
    lease
}

/// When a lease ends that was given for so long. One without an end is given for 2³² - 1 s (RFC
/// 2131, 3.3).
pub(crate) fn ends(since: Option<Timestamp>, seconds: Option<u32>) -> Option<Timestamp> {
    let seconds = seconds.filter(|seconds| *seconds < u32::MAX)?;
    since?.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

fn networkd(cx: &Context) -> Vec<Lease> {
    let names = by_index(cx);
    let files = files(cx, NETWORKD, |name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let lease = |file: &String| {
        let path = format!("{NETWORKD}/{file}");
        let mut told = formats::settings(&text(cx, &path)?)?;
        let index: u32 = file.parse().ok()?;
        let name = names.iter().find(|(known, _)| *known == index);
        told.lease.interface = name.map_or_else(|| file.clone(), |(_, name)| name.clone());
        Some(dated(cx, &path, told))
    };
    files.iter().filter_map(lease).collect()
}

fn network_manager(cx: &Context) -> Vec<Lease> {
    let mut leases = Vec::new();
    for file in files(cx, NETWORK_MANAGER, |name| name.ends_with(".lease")) {
        let path = format!("{NETWORK_MANAGER}/{file}");
        let Some(text) = text(cx, &path) else { continue };
        if file.starts_with("dhclient-") {
            leases.extend(formats::dhclient(&text));
        } else if let Some(interface) = formats::managed_interface(&file)
            && let Some(mut told) = formats::settings(&text)
        {
            told.lease.interface = interface.to_owned();
            leases.push(dated(cx, &path, told));
        }
    }
    leases
}

fn dhclient(cx: &Context, folder: &str) -> Vec<Lease> {
    let of_file =
        |file: String| text(cx, &format!("{folder}/{file}")).map(|text| formats::dhclient(&text));
    files(cx, folder, |name| name.ends_with(".leases") || name.ends_with(".lease"))
        .into_iter()
        .filter_map(of_file)
        .flatten()
        .collect()
}

fn dhcpcd(cx: &Context, folder: &str) -> Vec<Lease> {
    let lease = |file: &String| {
        let path = format!("{folder}/{file}");
        let mut told = formats::bootp(&cx.note(cx.root.tail(&path, MAX_BYTES))?)?;
        // `eth0.lease`, `dhcpcd-eth0.lease` of old, `wlan0-NETWORK.lease`.
        let name = file.strip_suffix(".lease")?;
        let name = name.strip_prefix("dhcpcd-").unwrap_or(name);
        told.lease.interface = name.split('-').next()?.to_owned();
        Some(dated(cx, &path, told))
    };
    files(cx, folder, |name| name.ends_with(".lease")).iter().filter_map(lease).collect()
}

fn wicked(cx: &Context) -> Vec<Lease> {
    let lease = |file: &String| {
        let path = format!("{WICKED}/{file}");
        let mut told = formats::settings(&text(cx, &path)?)?;
        told.lease.interface = file.strip_prefix("leaseinfo.")?.split(".dhcp.").next()?.to_owned();
        Some(dated(cx, &path, told))
    };
    let ours = |name: &str| name.starts_with("leaseinfo.") && name.contains(".dhcp.");
    files(cx, WICKED, ours).iter().filter_map(lease).collect()
}
