//! What the firewall lets through: the kernel's filters ([`nftables`], and iptables' own where a
//! system still has them), and who sets them up. Where the account may not ask the kernel, or of a
//! recorded tree, what ufw's and firewalld's configuration says.

pub(crate) mod configured;
pub(crate) mod nftables;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::time::Duration;

use befund_model::section::reach::{Firewall, FirewallProfile};

use crate::collector::{Context, Gap};
use crate::platform::linux::command;

use nftables::Chain;

/// Section `network.firewall`.
pub(crate) fn firewall(cx: &Context) -> Result<Firewall, Gap> {
    let mut managers = configured::managers(cx);
    let asked = cx.root.is_live().then(|| ask(cx));
    let profiles = match asked {
        Some(Ok(chains)) => {
            managers.extend(made_by(&chains, &managers));
            profiles(&chains)
        }
        Some(Err(gap)) => {
            cx.gap(gap);
            configured::profiles(cx, &managers)
        }
        None => {
            cx.gap(Gap::unsupported("a recorded tree does not tell the kernel's filters"));
            configured::profiles(cx, &managers)
        }
    };
    managers.sort_unstable();
    managers.dedup();
    if profiles.is_empty() && managers.is_empty() && !cx.root.is_live() {
        return Err(Gap::unsupported(
            "neither ufw, firewalld nor nftables' service is configured in this tree",
        ));
    }
    Ok(Firewall { active: active(&profiles, &managers), managers, profiles })
}

/// Something is filtered, nothing is, or it is not known.
fn active(profiles: &[FirewallProfile], managers: &[String]) -> Option<bool> {
    match profiles {
        [] if managers.is_empty() => None,
        [] => Some(true),
        some => Some(some.iter().any(|profile| profile.enabled)),
    }
}

/// The kernel's chains that filter.
fn ask(cx: &Context) -> Result<Vec<Chain>, Gap> {
    cx.root.trail().at("nftables");
    let mut chains = match nftables::chains() {
        Ok(chains) => chains,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(Gap::denied("the kernel's filters may not be read by this account"));
        }
        // This kernel is built without nftables; iptables' own tables may be there.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EPROTONOSUPPORT | libc::EOPNOTSUPP | libc::EINVAL | libc::ENOENT)
            ) =>
        {
            Vec::new()
        }
        Err(error) => {
            return Err(Gap::failed(format!("the kernel could not be asked for filters: {error}")));
        }
    };
    for (names, programs) in [
        (
            "/proc/net/ip_tables_names",
            ["/usr/sbin/iptables-legacy-save", "/usr/sbin/iptables-save"],
        ),
        (
            "/proc/net/ip6_tables_names",
            ["/usr/sbin/ip6tables-legacy-save", "/usr/sbin/ip6tables-save"],
        ),
    ] {
        let tables = cx.root.text(names).unwrap_or_default();
        if !tables.lines().any(|table| table == "filter") {
            continue;
        }
        let Some(program) = programs.into_iter().find(|program| cx.root.exists(program)) else {
            cx.gap(Gap::unsupported("no program is there that shows iptables' own tables"));
            continue;
        };
        cx.root.trail().at(program);
        let told = command::run(program, &["-t", "filter"], Duration::from_secs(1), 8 << 20);
        let told = cx.note(told.map_err(|error| Gap::failed(error.to_string())));
        let six = names.contains("ip6");
        chains.extend(
            told.map(|told| legacy(&String::from_utf8_lossy(&told.bytes), six)).unwrap_or_default(),
        );
    }
    Ok(chains)
}

/// Reads what `iptables-save` prints: `:INPUT DROP [0:0]` for each chain, `-A INPUT …` for each rule.
pub(crate) fn legacy(text: &str, six: bool) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix(':') {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let hook = match name {
                "INPUT" => nftables::INPUT,
                "FORWARD" => nftables::FORWARD,
                "OUTPUT" => nftables::OUTPUT,
                _ => continue,
            };
            chains.push(Chain {
                six,
                four: !six,
                table: "filter".to_owned(),
                name: name.to_owned(),
                hook,
                blocks: words.next() == Some("DROP"),
                rules: 0,
            });
        } else if let Some(rule) = line.strip_prefix("-A ") {
            let (name, rule) = rule.split_once(' ').unwrap_or((rule, ""));
            if let Some(chain) = chains.iter_mut().find(|chain| chain.name == name) {
                chain.rules += 1;
                // One without conditions ends the way.
                let ends = ["-j DROP", "-j REJECT"].iter().any(|end| rule.starts_with(end));
                chain.blocks |= ends;
            }
        }
    }
    chains
}

/// The three ways that packets take. What IPv4 is told decides where both families are told
/// something; what is not filtered at all is open.
pub(crate) fn profiles(chains: &[Chain]) -> Vec<FirewallProfile> {
    let ways =
        [("forward", nftables::FORWARD), ("input", nftables::INPUT), ("output", nftables::OUTPUT)];
    let profile = |(name, hook): (&str, u32)| {
        let here: Vec<&Chain> = chains.iter().filter(|chain| chain.hook == hook).collect();
        let four = here.iter().any(|chain| chain.four);
        let blocks = here.iter().any(|chain| chain.blocks && (chain.four || !four));
        let rules = here.iter().fold(0_u32, |sum, chain| sum.saturating_add(chain.rules));
        let word = Some(if blocks { "block" } else { "allow" }.to_owned());
        let (inbound, outbound) = if name == "output" { (None, word) } else { (word, None) };
        FirewallProfile {
            name: name.to_owned(),
            enabled: rules > 0 || blocks,
            inbound,
            outbound,
            rules: Some(rules),
        }
    };
    ways.map(profile).into()
}

/// Who made chains that none of those who are known to be at work did.
fn made_by(chains: &[Chain], known: &[String]) -> Vec<String> {
    let at_work = |chain: &&Chain| chain.rules > 0 || chain.blocks;
    let mut makers = Vec::new();
    for chain in chains.iter().filter(at_work) {
        let manager = match chain.table.as_str() {
            "firewalld" => "firewalld",
            // The names that iptables gives its chains, in its own tables and in nftables'.
            "filter" if chain.name.bytes().all(|byte| byte.is_ascii_uppercase()) => "iptables",
            _ => "nftables",
        };
        let explained = manager == "iptables" && known.iter().any(|known| known == "ufw");
        if !explained && !makers.iter().any(|maker| maker == manager) {
            makers.push(manager.to_owned());
        }
    }
    makers
}
