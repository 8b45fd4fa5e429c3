//! Addresses given by DHCP.

use befund_model::section::reach::Leases;

use super::interfaces::ports;
use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::leases as decode;
use crate::platform::macos::files;

/// Where the client keeps what it was given, a file for each interface; 10.15 and older put the hardware
/// address behind its name (`en0-1,a4:83:…`).
const FOLDER: &str = "/private/var/db/dhcpclient/leases";
/// How many interfaces are asked after.
const MAX_INTERFACES: usize = 8;

/// Section `network.leases`.
pub(super) fn leases(cx: &Context) -> Result<Leases, Gap> {
    let ports = ports(cx);
    if ports.is_empty() {
        return Err(Gap::unsupported("networksetup tells of no port"));
    }
    let kept = cx.note(cx.root.list(FOLDER)).unwrap_or_default();
    let mut leases = Vec::new();
    for interface in ports.keys().take(MAX_INTERFACES) {
        // It fails where there is no lease.
        let arguments = ["getpacket", interface];
        let told = cx.note(ask("/usr/sbin/ipconfig", &arguments).text_at_any_end(cx));
        let told = told.unwrap_or_default();
        let Some(mut lease) = decode::packet(interface, &told) else { continue };
        let of = |name: &&String| {
            name.strip_prefix(interface.as_str())
                .is_some_and(|rest| rest.starts_with(['.', '-']) && !rest.is_empty())
        };
        let files = kept.iter().filter(of).map(|name| format!("{FOLDER}/{name}"));
        for file in files.filter_map(|path| files::plist(cx, &path)) {
            decode::timed(&mut lease, &file, decode::seconds(&told));
        }
        leases.push(lease);
    }
    leases.sort_by(|a, b| (&a.interface, &a.address).cmp(&(&b.interface, &b.address)));
    Ok(Leases { leases })
}
