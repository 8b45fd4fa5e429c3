//! What NetworkManager is asked over D-Bus: leases, name servers of interfaces, VPN connections. All
//! of its objects come in one answer; what is not asked for here (networks around) is thrown away
//! unread.

#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::section::network::DnsLink;
use befund_model::section::reach::{Lease, Tunnel};
use jiff::SignedDuration;
use serde_json::Value;

use crate::collector::{Context, Gap};
use crate::platform::linux::dbus::{Call, call, sign_in};

const RUNS: &str = "/run/NetworkManager";
const BUS: &str = "/run/dbus/system_bus_socket";
const NAME: &str = "org.freedesktop.NetworkManager";
/// How long each part of the answer may take.
const PATIENCE: Duration = Duration::from_millis(700);

/// NetworkManager's objects by path, each with its interfaces and their properties; nothing where it
/// is not there.
fn objects(cx: &Context) -> Result<Option<Value>, Gap> {
    if !cx.root.is_live() || !cx.root.exists(RUNS) || !cx.root.exists(BUS) {
        return Ok(None);
    }
    cx.root.trail().at(NAME);
    match ask(BUS) {
        Ok(objects) => Ok(Some(objects)),
        // Its folder outlives it.
        Err(error) if error.kind() == io::ErrorKind::Other => Ok(None),
        Err(error) => Err(Gap::failed(format!("NetworkManager could not be asked: {error}"))),
    }
}

fn ask(socket: &str) -> io::Result<Value> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    sign_in(&mut stream)?;
    let hello = Call {
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
        to: "org.freedesktop.DBus",
    };
    call(&mut stream, &hello, &[])?;
    let objects = Call {
        path: "/org/freedesktop",
        interface: "org.freedesktop.DBus.ObjectManager",
        member: "GetManagedObjects",
        to: NAME,
    };
    let body = call(&mut stream, &objects, &[])?;
    value::read(&body, "a{oa{sa{sv}}}").ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "the answer could not be understood")
    })
}

/// The properties of this interface, of each object that has it.
fn having<'a>(objects: &'a Value, interface: &str) -> Vec<(&'a str, &'a Value)> {
    let interface = format!("{NAME}.{interface}");
    let all = objects.as_object().into_iter().flatten();
    all.filter_map(|(path, object)| Some((path.as_str(), object.get(&interface)?))).collect()
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The leases of the devices that have one.
pub(crate) fn leases(cx: &Context) -> Result<Vec<Lease>, Gap> {
    Ok(objects(cx)?.map(|objects| leases_in(&objects)).unwrap_or_default())
}

pub(crate) fn leases_in(objects: &Value) -> Vec<Lease> {
    let configurations = having(objects, "DHCP4Config");
    let mut leases = Vec::new();
    for (_, device) in having(objects, "Device") {
        let Some(path) = text(device, "Dhcp4Config") else { continue };
        let found = configurations.iter().find(|(known, _)| *known == path);
        let Some(options) = found.and_then(|(_, known)| known.get("Options")) else { continue };
        let number = |name| text(options, name)?.parse::<i64>().ok();
        let list = |name| -> Vec<String> {
            let words = text(options, name).unwrap_or_default().split(' ');
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let until = number("expiry").and_then(|at| Timestamp::from_second(at).ok());
        let given = number("dhcp_lease_time").map(SignedDuration::from_secs);
        leases.push(Lease {
            interface: text(device, "Interface").unwrap_or_default().to_owned(),
            address: text(options, "ip_address").unwrap_or_default().to_owned(),
            server: text(options, "dhcp_server_identifier").map(str::to_owned),
            since: until.zip(given).and_then(|(until, given)| until.checked_sub(given).ok()),
            until,
            router: list("routers").into_iter().next(),
            dns: list("domain_name_servers"),
            domain: text(options, "domain_name").map(str::to_owned),
        });
    }
    leases
}

/// The name servers that each device or VPN brought.
pub(crate) fn names(cx: &Context) -> Result<Vec<DnsLink>, Gap> {
    Ok(objects(cx)?.map(|objects| names_in(&objects)).unwrap_or_default())
}

pub(crate) fn names_in(objects: &Value) -> Vec<DnsLink> {
    let managers = having(objects, "DnsManager");
    let entries =
        managers.iter().filter_map(|(_, manager)| manager.get("Configuration")?.as_array());
    let strings = |entry: &Value, name: &str| -> Vec<String> {
        let list = entry.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let mut links: Vec<DnsLink> = Vec::new();
    for entry in entries.flatten() {
        // Servers set for all interfaces name none.
        let Some(interface) = text(entry, "interface") else { continue };
        let (servers, domains) = (strings(entry, "nameservers"), strings(entry, "domains"));
        match links.iter_mut().find(|link| link.interface == interface) {
            Some(link) => {
                link.servers.extend(servers);
                link.domains.extend(domains);
            }
            None => links.push(DnsLink { interface: interface.to_owned(), servers, domains }),
        }
    }
    links
}

/// The VPN connections that stand or are coming up.
pub(crate) fn tunnels(cx: &Context) -> Result<Vec<Tunnel>, Gap> {
    Ok(objects(cx)?.map(|objects| tunnels_in(&objects)).unwrap_or_default())
}

pub(crate) fn tunnels_in(objects: &Value) -> Vec<Tunnel> {
    /// `NM_ACTIVE_CONNECTION_STATE_ACTIVATED`.
    const ACTIVATED: u64 = 2;
    let devices = having(objects, "Device");
    let mut tunnels = Vec::new();
    for (_, active) in having(objects, "Connection.Active") {
        let kind = text(active, "Type").unwrap_or_default();
        let vpn = active.get("Vpn").and_then(Value::as_bool) == Some(true);
        if !vpn && kind != "wireguard" {
            continue;
        }
        let device = |list: &Value| -> Option<String> {
            let path = list.as_array()?.first()?.as_str()?;
            let (_, device) = devices.iter().find(|(known, _)| *known == path)?;
            let name = text(device, "IpInterface").or_else(|| text(device, "Interface"))?;
            Some(name.to_owned())
        };
        let interface = active.get("Devices").and_then(device);
        tunnels.push(Tunnel {
            name: text(active, "Id").unwrap_or_default().to_owned(),
            kind: if vpn { "vpn".into() } else { "wireguard".into() },
            // The device of a VPN is the one that it goes through.
            interface: interface.filter(|_| !vpn),
            up: active.get("State").and_then(Value::as_u64).map(|state| state == ACTIVATED),
            ..Tunnel::default()
        });
    }
    tunnels
}
