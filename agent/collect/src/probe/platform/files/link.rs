//! Interfaces by sysfs (`Documentation/ABI/testing/sysfs-class-net`).

use befund_model::probe::network::Link;

use crate::probe::{Context, Unmeasured};

/// `ARPHRD_LOOPBACK` in the kernel's if_arp.h.
const LOOPBACK: &str = "772";

/// The interfaces but for the loopback.
pub(in crate::probe) fn interfaces(context: &Context<'_>) -> Result<Vec<Link>, Unmeasured> {
    let folder = "/sys/class/net";
    let entries = std::fs::read_dir(context.path(folder))
        .map_err(|error| Unmeasured::io("list", folder, &error))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    // Of a recorded tree the running kernel knows nothing.
    let is_live = context.path("/") == std::path::Path::new("/");
    let crossing = if is_live { super::super::crossing().unwrap_or_default() } else { Vec::new() };
    Ok(names.filter_map(|name| link(context, folder, name, &crossing)).collect())
}

/// The largest packet that an interface sends, in bytes.
pub(in crate::probe) fn interface_mtu(context: &Context<'_>, index: u32) -> Option<u32> {
    let name = super::super::links().ok()?.remove(&index)?;
    context.read(&format!("/sys/class/net/{name}/mtu")).ok()?.trim().parse().ok()
}

fn link(context: &Context<'_>, folder: &str, name: String, crossing: &[u32]) -> Option<Link> {
    let read = |file: &str| {
        context.read(&format!("{folder}/{name}/{file}")).ok().map(|text| text.trim().to_owned())
    };
    if read("type")? == LOOPBACK {
        return None;
    }
    let state = read("operstate").unwrap_or_else(|| "unknown".to_owned());
    let carrier = read("carrier").map(|text| text == "1");
    // Cards have a device behind them. A container's own interface is one end of a pair, which has
    // none: its other end is elsewhere, and it is no port of a bridge here, as the host's end is.
    let has = |file: &str| context.path(&format!("{folder}/{name}/{file}")).exists();
    // Its number there may be the same by chance.
    let index = read("ifindex");
    let crosses = || {
        let index = index.as_deref().and_then(|index| index.parse().ok());
        index.is_some_and(|index| crossing.contains(&index))
    };
    let paired = (read("iflink") != index || crosses())
        && !has("master")
        && !stacked(context, folder, &name);
    let physical = has("device") || (paired && read("type")? == "1");
    // Drivers that do not tell leave operstate at `unknown`; there the carrier decides.
    let up = state == "up" || (state == "unknown" && carrier == Some(true));
    Some(Link {
        physical,
        up,
        state,
        carrier,
        speed_mbit: read("speed").and_then(|text| text.parse().ok()),
        mtu: read("mtu").and_then(|text| text.parse().ok()),
        name,
    })
}

/// Whether it stands on another interface of this machine, as a VLAN does.
fn stacked(context: &Context<'_>, folder: &str, name: &str) -> bool {
    std::fs::read_dir(context.path(&format!("{folder}/{name}"))).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("lower_"))
    })
}
