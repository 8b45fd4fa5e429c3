//! Windows: the actions, by its functions where there are some, else by its own tools in `System32`.

mod accounts;
mod adapters;
mod components;
mod devices;
mod dns;
mod printing;
mod processes;
mod proxies;
mod services;
pub(super) mod surroundings;
mod sweep;
mod win32;
mod wireless;

use befund_model::action::Takes;

use crate::context::Context;
use crate::engine::{Check, Row, nothing_to_undo};
use crate::trouble::Outcome;

use super::{clock, hosts as redirects};

pub use super::plain::Root;
pub(super) use surroundings as family;
pub(super) use win32::swap;

/// Where names are redirected.
pub(super) const HOSTS: &str = r"C:\Windows\System32\drivers\etc\hosts";
/// The longest name of a printer or service that Windows takes.
const LONGEST_NAME: usize = 256;
const SESSION: &str = "it belongs to a person's session, which a service cannot enter";

pub(crate) const UNSUPPORTED: &[(&str, &str)] = &[
    ("certificates.refresh", "Windows fetches its list of trusted certificates by itself"),
    ("disk.clean_journal", "Windows' event logs have a size that they do not go over"),
    (
        "net.route_default_restore",
        "Windows sets the default route with the lease; net.dhcp_renew renews both",
    ),
    ("share.reconnect", SESSION),
    ("sound.unmute", SESSION),
];

/// Whether a text may be such a name at all. Names of adapters and printers have spaces and umlauts here; they
/// reach functions of Windows and no command line.
pub(crate) fn name(_: Takes, name: &str) -> Result<(), String> {
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(format!("a name has 1 to {LONGEST_NAME} characters"));
    }
    let wrong = |c: &char| {
        c.is_control()
            || "\\/:*?\"<>|;&$`'%^!".contains(*c)
            // What turns the direction of writing.
            || matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            // Letters of double width look like others.
            || matches!(*c, '\u{ff00}'..='\u{ffef}')
    };
    if let Some(wrong) = name.chars().find(wrong) {
        return Err(format!("{wrong:?} has no place in a name"));
    }
    if name.starts_with(['-', '.', ' ']) {
        return Err("a name does not begin with a hyphen, a dot or a space".to_owned());
    }
    Ok(())
}

/// Whether this machine has what is named.
pub(crate) fn exists(context: &Context<'_>, _: &str, takes: Takes, name: &str) -> Outcome<()> {
    match takes {
        Takes::Interface => adapters::named(name).map(|_| ()),
        Takes::Service => services::look(name).map(|_| ()),
        Takes::Printer => printing::look(name).map(|_| ()),
        Takes::Account => accounts::flags(context, name).map(|_| ()),
        Takes::Named(_) | Takes::Number { .. } | Takes::Word(_) => Ok(()),
    }
}

macro_rules! row {
    ($name:literal, $plan:path, $perform:path, $undo:path, $holds:expr) => {
        Row { name: $name, plan: $plan, perform: $perform, undo: $undo, holds: $holds }
    };
}

const SAYS_NOTHING: Check = Check::Unknown("what was emptied or made anew leaves no trace");

/// How each action is done.
pub(crate) const ROWS: &[Row] = &[
    row!("account.unlock", accounts::plan, accounts::perform, nothing_to_undo, Check::Plan),
    row!("devices.unblock", devices::plan, devices::perform, devices::undo, Check::Plan),
    row!("disk.clean_crashes", sweep::plan_crashes, sweep::crashes, nothing_to_undo, Check::Plan),
    row!(
        "disk.clean_packages",
        components::plan_clean,
        components::clean,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!("disk.clean_temp", sweep::plan_temp, sweep::temp, nothing_to_undo, Check::Plan),
    row!("dns.flush_cache", dns::plan_flush, dns::flush, nothing_to_undo, SAYS_NOTHING),
    row!("dns.use_dhcp_servers", dns::plan_servers, dns::servers, dns::undo_servers, Check::Plan),
    row!("hosts.entry_disable", redirects::plan, redirects::perform, redirects::undo, Check::Plan),
    row!(
        "net.adapter_enable",
        adapters::plan_enable,
        adapters::enable,
        adapters::undo,
        Check::Plan
    ),
    row!(
        "net.adapter_restart",
        adapters::plan_restart,
        adapters::restart,
        adapters::undo,
        Check::Look(adapters::is_on)
    ),
    row!("net.dhcp_renew", adapters::plan_renew, adapters::renew, nothing_to_undo, SAYS_NOTHING),
    row!("net.mtu_set", adapters::plan_mtu, adapters::mtu, adapters::undo_mtu, Check::Plan),
    row!(
        "net.vpn_reconnect",
        services::plan_restart,
        services::restart,
        services::undo_start,
        SAYS_NOTHING
    ),
    row!("net.wifi_radio_on", wireless::plan_on, wireless::on, wireless::undo_on, Check::Plan),
    row!(
        "net.wifi_reconnect",
        wireless::plan_reconnect,
        wireless::reconnect,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "packages.repair",
        components::plan_repair,
        components::repair,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "printer.cancel_jobs",
        printing::plan_cancel,
        printing::cancel,
        nothing_to_undo,
        Check::Plan
    ),
    row!(
        "printer.resume",
        printing::plan_resume,
        printing::resume,
        printing::undo_resume,
        Check::Plan
    ),
    row!("process.end", processes::plan_end, processes::end, nothing_to_undo, Check::Plan),
    row!(
        "process.lower_priority",
        processes::plan_lower,
        processes::lower,
        processes::undo_lower,
        Check::Plan
    ),
    row!(
        "proxy.clear_system",
        proxies::plan_system,
        proxies::clear_system,
        proxies::undo_system,
        Check::Plan
    ),
    row!(
        "proxy.clear_user",
        proxies::plan_user,
        proxies::clear_user,
        proxies::undo_user,
        Check::Plan
    ),
    row!(
        "service.enable",
        services::plan_enable,
        services::enable,
        services::undo_enable,
        Check::Plan
    ),
    row!(
        "service.restart",
        services::plan_restart,
        services::restart,
        services::undo_start,
        SAYS_NOTHING
    ),
    row!("service.start", services::plan_start, services::start, services::undo_start, Check::Plan),
    row!(
        "sound.restart",
        services::plan_sound,
        services::restart_sound,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!("time.resync", clock::plan, clock::perform, nothing_to_undo, Check::Plan),
    row!("updates.refresh", components::plan_look, components::look, nothing_to_undo, SAYS_NOTHING),
];
