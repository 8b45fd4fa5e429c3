//! Interfaces, addresses and counters.

use std::collections::BTreeMap;

use befund_model::section::network::{Addresses, Counters, Interfaces};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, registry};
use crate::platform::macos::decode::ifconfig::{self, Told};
use crate::platform::macos::decode::plist::Value;

/// What each port of the machine is called, by interface.
pub(super) fn ports(cx: &Context) -> BTreeMap<String, String> {
    let told = ask("/usr/sbin/networksetup", &["-listallhardwareports"]).text(cx);
    ifconfig::ports(&cx.note(told).unwrap_or_default())
}

fn told(cx: &Context, ports: &BTreeMap<String, String>) -> Result<Told, Gap> {
    Ok(ifconfig::parse(&ask("/sbin/ifconfig", &["-a"]).text(cx)?, ports))
}

/// Section `network.interfaces`.
pub(super) fn interfaces(cx: &Context) -> Result<Interfaces, Gap> {
    let ports = ports(cx);
    let mut interfaces = told(cx, &ports)?.interfaces;
    let drivers = drivers(cx);
    // Only of a port of the machine: other interfaces have none.
    for interface in interfaces.iter_mut().filter(|one| ports.contains_key(&one.name)) {
        interface.driver = drivers.get(&interface.name).cloned();
    }
    Ok(Interfaces { interfaces })
}

/// The classes of the controllers that have an interface; where a controller is of another kind, that of the
/// interface itself.
fn drivers(cx: &Context) -> BTreeMap<String, String> {
    let mut drivers = BTreeMap::new();
    let class = |entry: &Value| entry.owned("IOObjectClass").or_else(|| entry.owned("IOClass"));
    for interface in cx.note(registry(cx, "IONetworkInterface", "1")).unwrap_or_default() {
        if let (Some(name), Some(class)) = (interface.owned("BSD Name"), class(&interface)) {
            drivers.insert(name, class);
        }
    }
    for controller in cx.note(registry(cx, "IONetworkController", "2")).unwrap_or_default() {
        let below = controller.list("IORegistryEntryChildren");
        let name = below.iter().find_map(|interface| interface.owned("BSD Name"));
        if let (Some(name), Some(class)) = (name, class(&controller)) {
            drivers.insert(name, class);
        }
    }
    drivers
}

/// Section `network.addresses`.
pub(super) fn addresses(cx: &Context) -> Result<Addresses, Gap> {
    Ok(Addresses { addresses: told(cx, &BTreeMap::new())?.addresses })
}

/// Section `network.counters`.
pub(super) fn counters(cx: &Context) -> Result<Counters, Gap> {
    let told = ask("/usr/sbin/netstat", &["-ibdn"]).text(cx)?;
    let interfaces = ifconfig::counters(&told);
    if interfaces.is_empty() {
        return Err(Gap::failed("what netstat told of interfaces could not be understood"));
    }
    Ok(Counters { interfaces })
}
