//! `net.link`: the interfaces, by sysfs (`Documentation/ABI/testing/sysfs-class-net`).

use befund_model::probe::network::{Link, LinkFacts};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured};

/// `ARPHRD_LOOPBACK` in the kernel's if_arp.h.
const LOOPBACK: &str = "772";

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let folder = "/sys/class/net";
    let entries = std::fs::read_dir(context.path(folder))
        .map_err(|error| Unmeasured::io("list", folder, &error))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let interfaces = names.into_iter().filter_map(|name| link(context, folder, name)).collect();
    let facts = LinkFacts { interfaces };
    let (verdict, summary) = judge(&facts);
    Measured::new(verdict, summary, &facts)
}

fn link(context: &Context<'_>, folder: &str, name: String) -> Option<Link> {
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
    let paired =
        read("iflink") != read("ifindex") && !has("master") && !stacked(context, folder, &name);
    let physical = has("device") || (paired && read("type")? == "1");
    // Drivers that do not tell leave operstate at `unknown`; there the carrier decides.
    let up = state == "up" || (state == "unknown" && carrier == Some(true));
    context
        .say(format_args!("{name}: {state}{}", if physical { "" } else { ", made by software" }));
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

/// docs/probes.md: no physical link is a failure.
fn judge(facts: &LinkFacts) -> (Verdict, String) {
    let names = |physical: bool| {
        facts
            .up()
            .filter(|link| link.physical == physical)
            .map(|link| link.name.as_str())
            .collect::<Vec<_>>()
    };
    let (cards, others) = (names(true), names(false));
    if !cards.is_empty() {
        (Verdict::Pass, format!("{} up", cards.join(", ")))
    } else if facts.interfaces.is_empty() {
        (Verdict::Fail, "there is no network interface".to_owned())
    } else if others.is_empty() {
        (Verdict::Fail, "no network interface has a signal".to_owned())
    } else {
        (
            Verdict::Fail,
            format!("no card has a signal; only {} made by software", others.join(", ")),
        )
    }
}
