//! The firewall: `INetFwPolicy2`, and what other firewalls have told the security centre.
#![expect(unsafe_code, reason = "COM has no safe bindings")]

use befund_model::section::reach::{Firewall, FirewallProfile};
use windows::Win32::NetworkManagement::WindowsFirewall::{
    INetFwPolicy2, NET_FW_ACTION, NET_FW_ACTION_ALLOW, NET_FW_ACTION_BLOCK, NET_FW_PROFILE2_DOMAIN,
    NET_FW_PROFILE2_PRIVATE, NET_FW_PROFILE2_PUBLIC, NetFwPolicy2,
};

use super::super::com::Com;
use super::super::win32;
use super::super::wmi::Wmi;
use crate::collector::{Context, Gap};
use crate::platform::decode::security;

/// Section `network.firewall`.
pub(crate) fn firewall(cx: &Context) -> Result<Firewall, Gap> {
    let mut managers = cx.note(others(cx)).unwrap_or_default();
    let profiles = match profiles(cx) {
        Ok(profiles) => profiles,
        Err(gap) if managers.is_empty() => return Err(gap),
        Err(gap) => {
            cx.gap(gap);
            Vec::new()
        }
    };
    if profiles.iter().any(|profile| profile.enabled) {
        managers.push("windows firewall".into());
    }
    managers.sort_unstable();
    managers.dedup();
    Ok(Firewall { active: Some(!managers.is_empty()), managers, profiles })
}

fn profiles(cx: &Context) -> Result<Vec<FirewallProfile>, Gap> {
    cx.root.trail().at("INetFwPolicy2");
    let com = Com::start()?;
    let policy: INetFwPolicy2 = com.create(NetFwPolicy2, "NetFwPolicy2")?;
    // SAFETY: the policy is live, COM is ready on this thread.
    let rules = unsafe { policy.Rules().and_then(|rules| rules.Count()) };
    let rules = rules.ok().and_then(|count| u32::try_from(count).ok());
    let mut profiles = Vec::new();
    for (kind, name) in [
        (NET_FW_PROFILE2_DOMAIN, "domain"),
        (NET_FW_PROFILE2_PRIVATE, "private"),
        (NET_FW_PROFILE2_PUBLIC, "public"),
    ] {
        // SAFETY: as above.
        let enabled = unsafe { policy.get_FirewallEnabled(kind) }
            .map_err(|error| win32::gap("INetFwPolicy2.FirewallEnabled", &error))?;
        // SAFETY: as above.
        let (inbound, outbound) = unsafe {
            (policy.get_DefaultInboundAction(kind), policy.get_DefaultOutboundAction(kind))
        };
        profiles.push(FirewallProfile {
            name: name.to_owned(),
            enabled: enabled.as_bool(),
            inbound: inbound.ok().and_then(action),
            outbound: outbound.ok().and_then(action),
            // They are kept together for all profiles.
            rules,
        });
    }
    Ok(profiles)
}

fn action(action: NET_FW_ACTION) -> Option<String> {
    match action {
        NET_FW_ACTION_ALLOW => Some("allow".into()),
        NET_FW_ACTION_BLOCK => Some("block".into()),
        _ => None,
    }
}

/// Other firewalls that are switched on. Servers have no security centre.
fn others(cx: &Context) -> Result<Vec<String>, Gap> {
    let rows = Wmi::open(cx, r"root\SecurityCenter2")?
        .query(cx, "SELECT displayName, productState FROM FirewallProduct")?;
    let on = rows.iter().filter(|row| {
        row.number("productState").is_some_and(|state| security::product(state).enabled)
    });
    Ok(on.filter_map(|row| row.text("displayName")).collect())
}
