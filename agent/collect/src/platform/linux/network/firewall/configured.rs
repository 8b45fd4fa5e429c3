//! What ufw, firewalld and nftables' own service are configured to do, as far as files tell.

use befund_model::section::reach::FirewallProfile;

use crate::collector::Context;
use crate::platform::linux::software::os::settings;

const GROUPS: [&str; 3] = [
    "/sys/fs/cgroup/system.slice",
    "/sys/fs/cgroup/unified/system.slice",
    "/sys/fs/cgroup/systemd/system.slice",
];
/// Where a link switches nftables' service on; its rules stay when it has ended.
const NFTABLES: [&str; 2] = [
    "/etc/systemd/system/sysinit.target.wants/nftables.service",
    "/etc/systemd/system/multi-user.target.wants/nftables.service",
];

/// Those that are in use.
pub(crate) fn managers(cx: &Context) -> Vec<String> {
    let mut managers = Vec::new();
    if service_runs(cx, "firewalld.service") {
        managers.push("firewalld".to_owned());
    }
    if setting(cx, "/etc/ufw/ufw.conf", "ENABLED").is_some_and(|on| on.eq_ignore_ascii_case("yes"))
    {
        managers.push("ufw".to_owned());
    }
    if NFTABLES.iter().any(|link| cx.root.link(link).is_ok()) {
        managers.push("nftables".to_owned());
    }
    managers
}

/// Whether a unit has processes, by its control group.
pub(crate) fn service_runs(cx: &Context, unit: &str) -> bool {
    GROUPS.iter().any(|group| {
        let processes = cx.root.text(&format!("{group}/{unit}/cgroup.procs"));
        processes.is_ok_and(|processes| !processes.trim().is_empty())
    })
}

fn setting(cx: &Context, path: &str, wanted: &str) -> Option<String> {
    let text = cx.note(cx.root.text(path))?;
    settings(&text).into_iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// What these do with packets that no rule names.
pub(crate) fn profiles(cx: &Context, managers: &[String]) -> Vec<FirewallProfile> {
    let runs = |name: &str| managers.iter().any(|manager| manager == name);
    let word = |allows: bool| Some(if allows { "allow" } else { "block" }.to_owned());
    let mut profiles = Vec::new();
    if runs("ufw") {
        for (name, key) in [
            ("forward", "DEFAULT_FORWARD_POLICY"),
            ("input", "DEFAULT_INPUT_POLICY"),
            ("output", "DEFAULT_OUTPUT_POLICY"),
        ] {
            let Some(policy) = setting(cx, "/etc/default/ufw", key) else { continue };
            let policy = word(policy.eq_ignore_ascii_case("accept"));
            let (inbound, outbound) =
                if name == "output" { (None, policy) } else { (policy, None) };
            let name = name.to_owned();
            profiles.push(FirewallProfile { name, enabled: true, inbound, outbound, rules: None });
        }
    } else if runs("firewalld") {
        let zone = setting(cx, "/etc/firewalld/firewalld.conf", "DefaultZone");
        let zone = zone.unwrap_or_else(|| "public".to_owned());
        let file = ["/etc/firewalld/zones", "/usr/lib/firewalld/zones"]
            .iter()
            .find_map(|folder| cx.root.text(&format!("{folder}/{zone}.xml")).ok());
        let inbound = file.and_then(|file| word(accepts(&file)));
        profiles.push(FirewallProfile {
            name: "input".to_owned(),
            enabled: true,
            inbound,
            outbound: None,
            rules: None,
        });
    }
    profiles
}

/// Whether a zone takes what no rule names: its target is `ACCEPT`, where others are refused
/// (firewalld.zone(5)).
pub(crate) fn accepts(zone: &str) -> bool {
    let head = zone.split("<zone").nth(1).and_then(|rest| rest.split('>').next());
    head.is_some_and(|head| head.contains("target=\"ACCEPT\""))
}
